"""Texts, words, lines and lexicons against plain Python."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.batch import MEASURED_CHARACTERS, Batch, Lexicon, Texts, ratio
from monitor.records import Exchange, Message

LETTERS = "0-9A-Za-z\u00c0-\u1fff\ue000-\uefff"
WORD = re.compile(f"[\u3040-\udfff]|[{LETTERS}]+(?:'[{LETTERS}]+)*")
MARKS = "Bc\u2019'ab1é日本か。、“—½£ж🎉\ud800\x00.ﬁ한\ue000\u1fff-"
PIECES = st.sampled_from((*MARKS, " ", "\n", "\r\n", "don't", "supercalifragilisticexpialidocious"))
SOME_TEXTS = st.lists(st.lists(PIECES, max_size=30).map("".join), max_size=6)


def spelled(texts: Texts, row: int) -> list[str]:
    words = texts.words
    places = zip(words.start, words.end, words.row, strict=True)
    return [texts.buffer[s:e].tobytes().decode("utf-8", "surrogatepass") for s, e, r in places if r == row]


@given(SOME_TEXTS)
def test_words_are_those_of_a_regular_expression(texts: list[str]) -> None:
    measured = Texts(texts)
    for row, text in enumerate(texts):
        assert spelled(measured, row) == WORD.findall(text.replace("\u2019", "'"))
    assert measured.words.counts.tolist() == [len(WORD.findall(t.replace("\u2019", "'"))) for t in texts]


@given(SOME_TEXTS)
def test_lines_are_those_of_split(texts: list[str]) -> None:
    measured = Texts(texts)
    lines = measured.lines
    found = [measured.buffer[s:e].tobytes() for s, e in zip(lines.start, lines.end, strict=True)]
    expected = [line.encode("utf-8", "surrogatepass") for text in measured.strings for line in text.split("\n")]
    assert found == expected
    bodies = [e - b for b, e in zip(lines.body, lines.end, strict=True)]
    assert [max(b, 0) for b in bodies] == [len(line.lstrip(b" \t\r")) for line in expected]


@given(SOME_TEXTS)
def test_histogram_counts_bytes(texts: list[str]) -> None:
    measured = Texts(texts)
    for row, text in enumerate(measured.strings):
        encoded = text.encode("utf-8", "surrogatepass")
        assert measured.histogram[row].tolist() == [encoded.count(bytes([b])) for b in range(256)]


@given(SOME_TEXTS)
def test_equal_words_have_equal_hashes_wherever_they_stand(texts: list[str]) -> None:
    measured = Texts(texts)
    words = [word.translate({c: c + 32 for c in range(65, 91)}) for t in measured.strings for word in WORD.findall(t)]
    alone = [int(Texts([word]).words.hash[0]) for word in words]
    assert measured.words.hash.tolist() == alone
    assert len(set(alone)) == len(set(words))


def test_hash_tells_words_apart_that_differ_in_one_letter() -> None:
    words = ["a" * n + last for n in range(24) for last in "bcd"] + ["x" * 20 + "a" * 8, "x" * 21 + "a" * 8]
    assert len(set(Texts(words).words.hash.tolist())) == len(words)


@given(SOME_TEXTS, st.integers(1, 5))
def test_grams_are_runs_within_one_text(texts: list[str], size: int) -> None:
    words = Texts(texts).words
    grams, rows = words.grams(size)
    runs = [
        (row, tuple(words.hash[i : i + size].tolist()))
        for row in range(len(texts))
        for i in range(words.bounds[row], words.bounds[row + 1] - size + 1)
    ]
    assert rows.tolist() == [row for row, _ in runs]
    assert len(set(grams.tolist())) == len({run for _, run in runs})


def test_order_of_words_matters_to_a_gram() -> None:
    grams, _ = Texts(["tide gauge", "gauge tide"]).words.grams(2)
    assert grams[0] != grams[1]


@given(SOME_TEXTS, st.integers(0, 4))
def test_head_keeps_the_first_words(texts: list[str], limit: int) -> None:
    words = Texts(texts).words
    head = words.head(limit)
    expected = [words.hash[a : min(a + limit, b)] for a, b in zip(words.bounds[:-1], words.bounds[1:], strict=True)]
    assert head.hash.tolist() == np.concatenate([np.zeros(0, np.uint64), *expected]).tolist()
    assert head.counts.tolist() == [len(e) for e in expected]


def test_long_text_is_measured_at_head_and_tail_but_its_length_is_exact() -> None:
    half = MEASURED_CHARACTERS // 2
    text = "head " + "x" * 3 * MEASURED_CHARACTERS + " tail"
    texts = Texts(["short", text])
    assert texts.strings[1] == text[:half] + "\n" + text[-half:]
    assert texts.characters.tolist() == [5, len(text)]
    assert texts.scale.tolist() == [1.0, len(text) / MEASURED_CHARACTERS]


def test_count_and_rows_of_positions() -> None:
    texts = Texts(["a.b.", "", "...", "c"])
    dots = texts.where(".")
    assert texts.count(dots).tolist() == [2, 0, 3, 0]
    assert texts.rows(dots).tolist() == [0, 0, 2, 2, 2]


def test_lexicon_counts_each_class_of_each_text() -> None:
    lexicon = Lexicon({"sea": "tide wave", "land": "rock", "both": "shore tide"})
    texts = Texts(["The tide, the WAVE: rock", "", "shore tide tide tidewave"])
    assert lexicon.counts(texts.words).tolist() == [[2, 1, 1], [0, 0, 0], [2, 0, 3]]


def test_lexicon_counts_as_many_words_as_a_text_can_have() -> None:
    lexicon = Lexicon({"a": "x", "b": "y", "c": "z", "d": "w"})
    texts = Texts(["海" * MEASURED_CHARACTERS, "x " * (MEASURED_CHARACTERS // 2), "y"])
    assert lexicon.counts(texts.words).tolist() == [[0] * 4, [MEASURED_CHARACTERS // 2, 0, 0, 0], [0, 1, 0, 0]]


def test_lexicon_wants_single_words() -> None:
    with pytest.raises(ValueError, match="exactly one word"):
        Lexicon({"sea": "half-tide"})


def test_ratio_of_nothing_is_nan() -> None:
    assert np.array_equal(ratio(np.array([1, 0, 3]), np.array([2, 0, 4])), [0.5, np.nan, 0.75], equal_nan=True)


def test_batch_takes_the_parts_of_an_exchange() -> None:
    messages = (
        Message("system", "s1"),
        Message("user", "first"),
        Message("assistant", "said"),
        Message("developer", "s2"),
        Message("tool", "result"),
        Message("user", "last"),
        Message("assistant", "prefill"),
    )
    full = Exchange(id="1", model="m", messages=messages, response="answer", refusal="no")
    bare = Exchange(id="2", model="m", messages=(), response="", refusal="I can't")
    batch = Batch([full, bare])
    assert len(batch) == 2
    assert batch.answer.strings == ("answer", "I can't")
    assert batch.prompt.strings == ("last", "")
    assert batch.earlier.strings == ("first", "")
    assert batch.system.strings == ("s1\ns2", "")
    assert batch.given(0) == "s1\nfirst\nsaid\ns2\nresult\nlast\nprefill"


def test_column_is_nan_where_there_is_no_finite_number() -> None:
    logprobs = (None, -0.5, float("inf"), float("nan"))
    batch = Batch([Exchange(id="1", model="m", messages=(), response="", logprob=p) for p in logprobs])
    assert np.array_equal(batch.column(lambda x: x.logprob), [np.nan, -0.5, np.nan, np.nan], equal_nan=True)


def test_templates_are_the_same_whatever_numbers_fill_them():
    def asked(text):
        return Exchange(id=text, model="m", messages=(Message("user", text),), response="-")

    texts = ["Where is order 4711?", "where is ORDER 12, 13", "where was order 4711?", "order 4711", "4711", "4712", ""]
    found = Batch([asked(t) for t in texts]).templates.tolist()
    assert found[0] == found[1]
    assert len(set(found)) == len(texts) - 1
