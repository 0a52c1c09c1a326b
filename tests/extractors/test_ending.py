"""Finish reasons, broken streams, empty answers."""

import math

import pytest

from monitor.records import ToolCall

REASONS = ("stop", "length", "content_filter", "tool_calls")


@pytest.mark.parametrize("reason", [*REASONS, "odd"])
def test_one_reason_at_most(measure, reason: str) -> None:
    row = measure("ending", "x", finish_reason=reason)
    assert [row[f"finish_{name}"] for name in REASONS] == [float(name == reason) for name in REASONS]


def test_old_name_of_a_tool_call(measure) -> None:
    assert measure("ending", "x", finish_reason="function_call")["finish_tool_calls"] == 1


def test_no_reason_recorded(measure) -> None:
    row = measure("ending", "x")
    assert all(math.isnan(row[f"finish_{name}"]) for name in REASONS)


@pytest.mark.parametrize("truncated", [True, False])
def test_truncated(measure, truncated: bool) -> None:
    assert measure("ending", "x", truncated=truncated)["truncated"] == truncated


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"answer": ""}, 1),
        ({"answer": " \n"}, 1),
        ({"answer": "x"}, 0),
        ({"refusal": "no"}, 0),
        ({"tool_calls": (ToolCall("f", "{}"),)}, 0),
    ],
)
def test_empty(measure, fields, expected: int) -> None:
    assert measure("ending", **fields)["empty"] == expected
