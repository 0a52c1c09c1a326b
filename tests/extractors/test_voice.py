"""Rates of four classes of words."""

import math

import pytest

SAMPLES = {
    "hedges": ("perhaps", "might", "typically", "seems"),
    "first_person": ("i", "i'm", "we", "our"),
    "second_person": ("you", "you're", "yourself"),
    "connectives": ("however", "therefore", "finally"),
}


def test_rates_of_a_passage(measure) -> None:
    row = measure("voice", "However, I\u2019m sure WE might help you; perhaps you're our guest. Or maybe not!")
    counts = {"connectives": 1, "first_person": 3, "hedges": 3, "second_person": 2}
    assert row == pytest.approx({name: math.log1p(100 * count / 14) for name, count in counts.items()})


@pytest.mark.parametrize(("name", "word"), [(name, word) for name, words in SAMPLES.items() for word in words])
def test_each_word_counts_in_its_class_only(measure, name: str, word: str) -> None:
    row = measure("voice", f"{word.capitalize()} tide rock")
    assert {column for column, value in row.items() if value} == {name}
    assert row[name] == pytest.approx(math.log1p(100 / 3))


def test_no_words(measure) -> None:
    assert all(math.isnan(value) for value in measure("voice", "...").values())
