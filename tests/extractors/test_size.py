"""Size of the answer against plain Python."""

import math
import re

import pytest

from monitor.batch import MEASURED_CHARACTERS

LETTERS = "0-9A-Za-z\u00c0-\u1fff\ue000-\uefff"
WORD = re.compile(f"[\u3040-\udfff]|[{LETTERS}]+(?:'[{LETTERS}]+)*")
END = re.compile("[.!?](?=[ \n\r\t]|$)|[\u3002\uff01\uff1f]")


def test_against_plain_python(measure, text: str) -> None:
    row = measure("size", text)
    words = WORD.findall(text.replace("\u2019", "'"))
    assert row["answer_length"] == pytest.approx(math.log1p(len(text)))
    assert row["answer_words"] == pytest.approx(math.log1p(len(words)))
    assert row["answer_lines"] == pytest.approx(math.log1p(text.count("\n")))
    sentences = max(len(END.findall(text)), 1)
    letters = sum(len(word.encode("utf-8", "surrogatepass")) for word in words)
    expected = (math.log(len(words) / sentences), letters / len(words)) if words else (math.nan, math.nan)
    assert (row["sentence_length"], row["word_length"]) == pytest.approx(expected, nan_ok=True)


def test_a_decimal_point_ends_no_sentence(measure) -> None:
    assert measure("size", "It rose 3.5 m here.")["sentence_length"] == pytest.approx(math.log(6))


def test_counts_of_long_answers_are_scaled_up(measure) -> None:
    times = 4 * MEASURED_CHARACTERS // 5
    row = measure("size", "word\n" * times)
    assert row["answer_length"] == pytest.approx(math.log1p(5 * times))
    assert row["answer_words"] == pytest.approx(math.log(times), abs=1e-3)
    assert row["answer_lines"] == pytest.approx(math.log(times), abs=1e-3)


def test_refusal_is_the_answer_where_the_response_is_empty(measure) -> None:
    assert measure("size", "", refusal="I can't.")["answer_length"] == pytest.approx(math.log1p(8))
