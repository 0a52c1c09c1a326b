"""Signs of the answer against plain Python."""

import math
import re

import pytest

LETTERS = "0-9A-Za-z\u00c0-\u1fff\ue000-\uefff"
WORD = re.compile(f"[\u3040-\udfff]|[{LETTERS}]+(?:'[{LETTERS}]+)*")


def share(part: int, whole: int) -> float:
    return part / whole if whole else math.nan


def test_against_plain_python(measure, text: str) -> None:
    read = text.replace("\u2019", "'")
    words = len(WORD.findall(read)) + 1
    small, capitals = (sum(c.isascii() and test(c) for c in read) for test in (str.islower, str.isupper))
    beyond = sum(ord(c) > 0xBF or (0x80 <= ord(c) <= 0xBF) for c in read)
    expected = {
        "digits": share(sum(c in "0123456789" for c in read), len(read)),
        "capitals": share(capitals, small + capitals),
        "beyond_ascii": share(beyond, len(read)),
        "emoji": math.log1p(100 * sum(ord(c) > 0xFFFF for c in read) / words),
    }
    for name, signs in (
        ("questions", "?"),
        ("exclamations", "!"),
        ("commas", ","),
        ("colons", ":"),
        ("brackets", "(["),
    ):
        expected[name] = math.log1p(100 * sum(read.count(sign) for sign in signs) / words)
    assert measure("marks", text) == pytest.approx(expected, nan_ok=True)
