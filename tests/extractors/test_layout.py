"""Layout of the answer against a plain reading of its lines."""

import math
import re

import pytest


def oracle(text: str) -> dict[str, int]:
    counts = dict.fromkeys(("list_lines", "headings", "code_blocks", "code_lines", "bold", "paragraphs"), 0)
    code, fences = False, 0
    for number, line in enumerate(text.split("\n")):
        body = line.lstrip(" \t\r")
        if body.startswith("```"):
            code, fences = not code, fences + 1
        elif code:
            counts["code_lines"] += 1
        elif not body:
            counts["paragraphs"] += number > 0
        else:
            counts["list_lines"] += re.match(r"[-*+] |\u2022|\d{1,3}[.)] ", body) is not None
            counts["headings"] += re.match(r"#{1,6} ", body) is not None
    counts["code_blocks"] = (fences + 1) // 2
    counts["bold"] = text.count("**") // 2
    return counts


def test_against_plain_python(measure, text: str) -> None:
    expected = {name: math.log1p(count) for name, count in oracle(text).items()}
    assert measure("layout", text) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "column", "count"),
    [
        ("- a\n  - b\n\t* c\n+ d\n\u2022 e\n-f\n--\n*g*", "list_lines", 5),
        ("1. a\n12) b\n123. c\n1234. d\n1.e\n1 f", "list_lines", 3),
        ("# a\n###### b\n####### c\n#d\n", "headings", 2),
        ("```\n- a\n# b\n```\n- c", "list_lines", 1),
        ("```\n- a\n# b\n```\n- c", "code_lines", 2),
        ("``\na\n``", "code_blocks", 0),
        ("```a```\n", "code_blocks", 1),
        ("a\n\nb\n\n\nc", "paragraphs", 3),
        ("**a** ** b", "bold", 1),
    ],
)
def test_one_thing_at_a_time(measure, text: str, column: str, count: int) -> None:
    assert measure("layout", text)[column] == pytest.approx(math.log1p(count))
    assert oracle(text)[column] == count
