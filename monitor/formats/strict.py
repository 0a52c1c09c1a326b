"""The one place where a record that cannot be read becomes a MalformedRecord, whatever its format."""

import json
from collections.abc import Callable
from typing import Any, NoReturn

import msgspec

from monitor.errors import Malformed, MalformedRecord
from monitor.records import Exchange, Record, Tool

MAX_DEPTH = 64
"""How deep a tool's JSON schema may nest. Real ones stay below 20; the code that walks them may recurse."""


class StrictFormat:
    """A format made of a reading function. `read` gets a record whose value is neither None nor empty, and may raise
    msgspec's errors as they come; `decode` raises MalformedRecord and nothing else. No detail holds text of the record:
    msgspec names the place and the types, never the value."""

    def __init__(self, read: Callable[[Record], Exchange]) -> None:
        self._read = read

    def decode(self, record: Record) -> Exchange:
        value = record.value
        if value is None:
            raise MalformedRecord(Malformed.TOO_LARGE, f"{record.size} bytes")
        if not value or value.isspace():
            raise MalformedRecord(Malformed.EMPTY)
        try:
            exchange = self._read(record)
            if exchange.tools:
                _check_depth(exchange.tools)
        except msgspec.ValidationError as error:
            raise MalformedRecord(Malformed.WRONG_SHAPE, str(error)) from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise _diagnosis(value, error) from None
        except RecursionError:
            raise MalformedRecord(Malformed.WRONG_SHAPE, "nested too deep") from None
        return exchange


def _diagnosis(value: bytes, error: Exception) -> MalformedRecord:
    """Why `value` is no JSON. Reads it a second time, with the standard library, which tells the cases apart."""
    try:
        json.loads(value.decode(), parse_constant=_refuse_constant)
    except MalformedRecord as malformed:
        return malformed
    except UnicodeDecodeError as undecodable:
        return MalformedRecord(Malformed.NOT_UTF8, f"at byte {undecodable.start}")
    except json.JSONDecodeError as broken:
        ended = broken.pos >= len(broken.doc.rstrip()) or broken.msg.startswith("Unterminated")
        place = f"ends too early, after {len(value)} bytes" if ended else f"at character {broken.pos}"
        return MalformedRecord(Malformed.NOT_JSON, place)
    except (RecursionError, ValueError):  # ValueError: Python's limit on the digits of an integer
        return MalformedRecord(Malformed.WRONG_SHAPE, "nested too deep, or a number too long")
    return _beyond_the_grammar(value, error)


def _beyond_the_grammar(value: bytes, error: Exception) -> MalformedRecord:
    """JSON by its grammar that still cannot be read: an escape that stands for half a character."""
    if isinstance(error, UnicodeDecodeError) or b"\\u" in value:
        return MalformedRecord(Malformed.NOT_UTF8, "half of a surrogate pair")
    return MalformedRecord(Malformed.NOT_JSON)


def _refuse_constant(name: str) -> NoReturn:
    raise MalformedRecord(Malformed.NOT_FINITE, name)


def _check_depth(tools: tuple[Tool, ...]) -> None:
    """Level by level, not by recursion: the input decides how deep it goes."""
    level: list[Any] = [tool.parameters for tool in tools]
    for _ in range(MAX_DEPTH):
        level = [child for node in level if isinstance(node, dict | list) for child in _children(node)]
        if not level:
            return
    raise MalformedRecord(Malformed.WRONG_SHAPE, f"a tool's parameters nest deeper than {MAX_DEPTH}")


def _children(node: dict[str, Any] | list[Any]) -> list[Any]:
    return list(node.values()) if isinstance(node, dict) else node
