"""Inputs of the request."""

import math

import pytest

from monitor.records import Message, Tool


def test_length_turns_json_and_tools(measure) -> None:
    messages = (
        Message("system", "be brief"),
        Message("user", "hi"),
        Message("assistant", "yes"),
        Message("user", "so?"),
    )
    row = measure("prompt", messages=messages, wants_json=True, tools=(Tool("a"), Tool("b")))
    assert row["prompt_length"] == pytest.approx(math.log1p(3))
    assert row["prompt_turns"] == pytest.approx(math.log1p(3))
    assert row["prompt_json"] == 1
    assert row["prompt_tools"] == pytest.approx(math.log1p(2))


def test_an_exchange_without_messages_is_all_zero(measure) -> None:
    assert set(measure("prompt").values()) == {0.0}


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("What is a tide", 1),
        ("could you help", 1),
        ("Tides. Why?", 1),
        ("\u6f6e\u6c50\u662f\u4ec0\u4e48\uff1f", 1),
        ("Tell me what a tide is.", 0),
        ("whatever", 0),
    ],
)
def test_question(measure, prompt: str, expected: int) -> None:
    assert measure("prompt", prompt=prompt)["prompt_question"] == expected


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("Fix this:\n```\nx\n```", 1),
        ("def f(x): return x", 1),
        ("<b>bold</b>", 1),
        ("SELECT name FROM users", 1),
        ("Please select a name (any).", 0),
        ("define tide", 0),
    ],
)
def test_code(measure, prompt: str, expected: int) -> None:
    assert measure("prompt", prompt=prompt)["prompt_code"] == expected
