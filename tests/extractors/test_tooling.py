"""JSON and tool calls."""

import math

import pytest

from monitor.records import Tool, ToolCall

LOOKUP = Tool(
    "lookup",
    {
        "type": "object",
        "properties": {
            "order": {"type": "integer"},
            "kind": {"type": "string", "enum": ["new", "old"]},
            "note": {"type": ["string", "null"]},
            "share": {"type": "number"},
            "odd": {"type": "tensor"},
            "free": {},
        },
        "required": ["order"],
        "additionalProperties": False,
    },
)
OPEN = Tool("open")


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ('{"a": 1}', 1),
        (" [1, 2]\n", 1),
        ("3", 1),
        ("", 0),
        ('{"a": 1', 0),
        ("{'a': 1}", 0),
        ("NaN", 0),
        ('```json\n{"a": 1}\n```', 0),
        ('{"a": 1} and so on', 0),
        ("[" * 100_000, 0),
        ('"\ud800"', 0),
    ],
)
def test_json(measure, answer: str, expected: int) -> None:
    assert measure("tooling", answer, wants_json=True)["json_valid"] == expected


@pytest.mark.parametrize("fields", [{}, {"truncated": True}, {"refusal": "no"}, {"tool_calls": (ToolCall("f", "{}"),)}])
def test_json_is_not_judged(measure, fields) -> None:
    assert math.isnan(measure("tooling", "{", wants_json=bool(fields), **fields)["json_valid"])


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ('{"order": 12}', 1),
        ('{"order": 12.0, "kind": "new", "note": null, "share": 0.5, "odd": 1, "free": []}', 1),
        ('{"order": "12"}', 0),
        ('{"order": 12.5}', 0),
        ('{"order": true}', 0),
        ('{"order": 1e999}', 0),
        ('{"kind": "new"}', 0),
        ('{"order": 12, "kind": "other"}', 0),
        ('{"order": 12, "note": 3}', 0),
        ('{"order": 12, "share": "half"}', 0),
        ('{"order": 12, "unknown": 1}', 0),
        ("[12]", 0),
        ("not json", 0),
        ("", 0),
    ],
)
def test_arguments_against_the_schema(measure, arguments: str, expected: int) -> None:
    row = measure("tooling", tools=(LOOKUP, OPEN), tool_calls=(ToolCall("lookup", arguments),))
    assert row["tool_calls_valid"] == expected
    assert row["tools_used"] == 1


@pytest.mark.parametrize(
    ("tools", "calls", "expected"),
    [
        ((LOOKUP, OPEN), (ToolCall("open", ""), ToolCall("close", "{}")), 0.5),
        ((OPEN,), (ToolCall("open", '{"any": 1}'),), 1),
        ((), (ToolCall("unrecorded", "{}"), ToolCall("unrecorded", "{")), 0.5),
        ((OPEN,), (), math.nan),
    ],
)
def test_share_of_calls(measure, tools, calls, expected: float) -> None:
    row = measure("tooling", tools=tools, tool_calls=calls)
    assert row["tool_calls_valid"] == pytest.approx(expected, nan_ok=True)


def test_tools_used(measure) -> None:
    assert measure("tooling", tools=(OPEN,))["tools_used"] == 0
    assert math.isnan(measure("tooling")["tools_used"])


def test_a_cut_call_is_not_judged(measure) -> None:
    row = measure("tooling", tools=(OPEN,), tool_calls=(ToolCall("open", "{"),), truncated=True)
    assert math.isnan(row["tool_calls_valid"])
