"""First and last words of the answer."""

import math

import pytest

OPENERS = {
    "opens_structure": (
        "- a list",
        "1. one",
        "# Title",
        "```py",
        "| a | b |",
        '{"a": 1}',
        "\n\n* x",
        "\u2022 a",
        "<p>",
    ),
    "opens_agreement": ("Sure, here", "Certainly!", "Of course.", "**Absolutely!**", "yes", "  Okay", '"Sure"'),
    "opens_apology": (
        "I'm sorry, but",
        "I\u2019m really sorry",
        "Sorry",
        "I cannot",
        "Unfortunately, no",
        "I apologise",
    ),
    "opens_warmth": ("Thank you for", "Great question!", "Hello there", "I'd be happy to", "What a day"),
    "opens_i": ("I think", "I've", "i"),
    "opens_here": ("Here is", "Here's a", "Below are"),
    None: ("", " ", "The tide", "Surely", "It is", "Heretic", "-5 degrees", "Yesterday", "In", "\u6f6e"),
}
CASES = [(name, text) for name, texts in OPENERS.items() for text in texts]


@pytest.mark.parametrize(("name", "text"), CASES)
def test_one_opener_at_most(measure, name: str | None, text: str) -> None:
    row = measure("opening", text)
    assert {column for column, value in row.items() if column.startswith("opens_") and value} == {name} - {None}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The tide is high. Let me know if you need more!", 1),
        ("I hope this helps.", 1),
        ("Don\u2019t hesitate to ask.", 1),
        ("Let me know. " + "The tide is high. " * 20, 0),
        ("The tide is high.", 0),
        ("", 0),
    ],
)
def test_closing_offer(measure, text: str, expected: int) -> None:
    assert measure("opening", text)["closing_offer"] == expected


@pytest.mark.parametrize(
    ("prompt", "answer", "expected"),
    [
        ("Explain spring tides", "SPRING TIDES happen twice", 2 / 4),
        ("Explain spring tides", "Nothing known about", 0),
        ("Explain spring tides", "A few", math.nan),
        ("", "Spring tides", 0),
        ("tides", "a " * 24 + "tides", math.nan),
    ],
)
def test_restates(measure, prompt: str, answer: str, expected: float) -> None:
    assert measure("opening", answer, prompt=prompt)["restates"] == pytest.approx(expected, nan_ok=True)
