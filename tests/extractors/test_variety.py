"""Variety of the answer against plain Python."""

import math
import random
import re
import zlib

import pytest

LETTERS = "0-9A-Za-z\u00c0-\u1fff\ue000-\uefff"
WORD = re.compile(f"[\u3040-\udfff]|[{LETTERS}]+(?:'[{LETTERS}]+)*")
PROSE = " ".join(f"word{i * i % 97} and tide{i % 11}." for i in range(150))


def words_of(text: str) -> list[str]:
    return [w.translate({c: c + 32 for c in range(65, 91)}) for w in WORD.findall(text.replace("\u2019", "'"))]


@pytest.mark.parametrize("long", [PROSE, ""])
def test_vocabulary_and_repetition_against_plain_python(measure, text: str, long: str) -> None:
    row = measure("variety", text + long)
    words = words_of(text + long)
    head = words[:200]
    herdan = math.log(len(set(head))) / math.log(len(head)) if len(head) >= 10 else math.nan
    runs = [tuple(words[i : i + 3]) for i in range(len(words) - 2)]
    repeated = 1 - len(set(runs)) / len(runs) if runs else math.nan
    assert row["vocabulary"] == pytest.approx(herdan, nan_ok=True)
    assert row["repetition"] == pytest.approx(repeated, nan_ok=True, abs=1e-12)


def test_novelty_against_plain_python(measure, text: str) -> None:
    head = text.replace("\u2019", "'").encode("utf-8", "surrogatepass")[:1024]
    sequences = [head[i : i + 4] for i in range(len(head) - 3)]
    expected = len(set(sequences)) / len(sequences) if sequences else math.nan
    assert measure("variety", text)["novelty"] == pytest.approx(expected, abs=0.02, nan_ok=True)  # hash buckets collide


def test_novelty_orders_texts_as_a_compressor_does(measure) -> None:
    rng = random.Random(3)
    letters = [chr(97 + i) for i in range(26)]
    made = ["".join(rng.choices(letters[:size], k=1024)) for size in (1, 4, 8, 26)]
    made += [(text[:128] * 8)[:1024] for text in made[-1:]]
    by_novelty = sorted(made, key=lambda t: measure("variety", t)["novelty"])
    by_zlib = sorted(made, key=lambda t: len(zlib.compress(t.encode())))
    assert by_novelty[:2] == by_zlib[:2]
    assert by_novelty[-1] == by_zlib[-1]


def test_length_does_not_carry_the_vocabulary(measure) -> None:
    rng = random.Random(4)
    text = " ".join(f"w{int(rng.paretovariate(0.8))}" for _ in range(800))
    short, long = " ".join(text.split(" ")[:200]), text
    assert measure("variety", short)["vocabulary"] == measure("variety", long)["vocabulary"]
