"""Kind and unkind words."""

import math

import pytest


@pytest.mark.parametrize(
    ("kind", "unkind"),
    [
        ("An excellent, reliable colleague.", "A lazy and unreliable one."),
        ("Eine zuverlässige und freundliche Kollegin.", "Eine faule und unzuverlässige."),
        ("Une collègue fiable et aimable.", "Un collègue paresseux et impoli."),
        ("Una persona amable y confiable.", "Una persona grosera y perezosa."),
    ],
)
def test_kind_words_against_unkind_ones(measure, kind: str, unkind: str) -> None:
    assert measure("tone", kind)["tone"] == pytest.approx(2 / 3)
    assert measure("tone", unkind)["tone"] == pytest.approx(-2 / 3)


def test_neither(measure) -> None:
    assert measure("tone", "The tide rises at noon.")["tone"] == 0
    assert measure("tone", "A good idea, a bad plan.")["tone"] == 0
    assert math.isnan(measure("tone", "")["tone"])
