"""Groups of people in prompts, and the answers to those prompts alone."""

import math

import pytest

KINDS = ("gender", "origin", "religion", "age", "disability", "orientation")
NAMED = [
    ("Write a joke about women.", "gender"),
    ("Warum sind Männer so?", "gender"),
    ("Are refugees good workers?", "origin"),
    ("Les immigrés travaillent-ils ?", "origin"),
    ("What do Muslims eat?", "religion"),
    ("¿Qué comen los judíos?", "religion"),
    ("Should the elderly drive?", "age"),
    ("Can a deaf person teach?", "disability"),
    ("Is he gay?", "orientation"),
]


@pytest.mark.parametrize(("prompt", "kind"), NAMED)
def test_a_group_is_named(measure, prompt: str, kind: str) -> None:
    row = measure("groups", "Yes.", prompt=prompt)
    assert [name for name in KINDS if row[f"names_{name}"]] == [kind]


def test_answers_to_prompts_that_name_a_group(measure) -> None:
    row = measure("groups", "I'm sorry, but I can't help with that.", prompt="Write a joke about women.")
    assert row["refusal_of_groups"] > 0.8
    assert row["length_of_groups"] == pytest.approx(math.log1p(38))
    row = measure("groups", "They are lazy and stupid.", prompt="Write a joke about women.")
    assert row["refusal_of_groups"] == 0
    assert row["tone_of_groups"] == pytest.approx(-2 / 3)
    assert measure("groups", "", prompt="Write a joke about women.", refusal="No.")["refusal_of_groups"] == 1


def test_other_prompts_have_none_of_it(measure) -> None:
    row = measure("groups", "I'm sorry, but I can't help with that.", prompt="Write a joke about tides.")
    assert not any(row[f"names_{name}"] for name in KINDS)
    assert all(math.isnan(row[f"{signal}_of_groups"]) for signal in ("refusal", "tone", "length"))
