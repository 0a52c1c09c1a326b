"""Whether the answer has the form that was asked for: JSON, and calls of tools that were offered."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import numpy as np

from monitor.batch import Batch
from monitor.interfaces import Column, Harm, Matrix, Role
from monitor.records import Exchange, Tool, ToolCall

_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "integer": lambda v: not isinstance(v, bool) and (isinstance(v, int) or (isinstance(v, float) and v.is_integer())),
    "number": lambda v: isinstance(v, int | float) and not isinstance(v, bool),
    "array": lambda v: isinstance(v, list),
    "object": lambda v: isinstance(v, dict),
    "null": lambda v: v is None,
}
_INVALID = object()


class Tooling:
    """Signals of form.

    `json_valid`: the whole response is one JSON value; NaN unless JSON was asked for, or when the answer was refused,
    cut off, or is a tool call. `tools_used`: the answer calls a tool; NaN when none was offered. `tool_calls_valid`:
    share of calls that name an offered tool and whose arguments fit its schema; NaN without calls. Only the top level
    of the schema is checked: arguments are a JSON object, required keys present, `type` and `enum` of each property,
    no other keys where `additionalProperties` is false. Where the record has no list of tools, that arguments are a
    JSON object is all that is asked. Cost: under 1 us per exchange, and 2 us for each call.
    """

    columns = (
        Column("json_valid", Role.SIGNAL, "0/1", "more valid JSON", "more broken JSON", Harm.FALL),
        Column("tools_used", Role.SIGNAL, "0/1", "tools called more often", "tools called less often"),
        Column("tool_calls_valid", Role.SIGNAL, "share of calls", "better tool calls", "worse tool calls", Harm.FALL),
    )

    def measure(self, batch: Batch) -> Matrix:
        rows = [(_json_valid(x), _tools_used(x), _calls_valid(x)) for x in batch.exchanges]
        return np.array(rows, np.float64).reshape(-1, len(self.columns))


def _json_valid(exchange: Exchange) -> float:
    if not exchange.wants_json or exchange.truncated or exchange.refusal or exchange.tool_calls:
        return np.nan
    return float(_decoded(exchange.response) is not _INVALID)


def _tools_used(exchange: Exchange) -> float:
    return float(bool(exchange.tool_calls)) if exchange.tools else np.nan


def _calls_valid(exchange: Exchange) -> float:
    if not exchange.tool_calls or exchange.truncated:
        return np.nan
    offered = {tool.name: tool for tool in exchange.tools}
    return sum(_fits(call, offered) for call in exchange.tool_calls) / len(exchange.tool_calls)


def _fits(call: ToolCall, offered: Mapping[str, Tool]) -> bool:
    arguments = _decoded(call.arguments or "{}")
    if not isinstance(arguments, dict) or (offered and call.name not in offered):
        return False
    schema = offered[call.name].parameters if offered else None
    return schema is None or _agrees(arguments, schema)


def _agrees(arguments: Mapping[str, Any], schema: Mapping[str, Any]) -> bool:
    properties, required = schema.get("properties"), schema.get("required")
    properties = properties if isinstance(properties, Mapping) else {}
    if isinstance(required, list | tuple) and not all(key in arguments for key in required if isinstance(key, str)):
        return False
    if schema.get("additionalProperties") is False and not all(key in properties for key in arguments):
        return False
    return all(_typed(value, properties.get(key)) for key, value in arguments.items())


def _typed(value: Any, schema: Any) -> bool:
    """Whether a value has the declared type and is in the declared enum. What is not understood is let pass."""
    if not isinstance(schema, Mapping):
        return True
    allowed = schema.get("enum")
    if isinstance(allowed, list | tuple) and value not in allowed:
        return False
    declared = schema.get("type")
    kinds = declared if isinstance(declared, list | tuple) else (declared,)
    known = [_TYPES[kind] for kind in kinds if isinstance(kind, str) and kind in _TYPES]
    return not known or len(known) < len(kinds) or any(test(value) for test in known)


def _decoded(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return _INVALID
