"""What pydantic found, as one line per problem: where it stands, which key, what was given and what is allowed."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from monitor.settings.keys import KeyPath, Keys, is_secret, spelled
from monitor.settings.layers import Layers, Origin, Problem

_MOST_SHOWN = 60
_UNKNOWN = ("extra_forbidden", "invalid_key")


def found_by_types(error: ValidationError, layers: Layers, *, keys: Keys, default: Origin) -> Iterator[Problem]:
    """`default` is where a key stands that is missing at the top."""
    for detail in error.errors(include_url=False):
        if detail["type"] == "too_short" and len(detail["input"]) >= detail["ctx"]["min_length"]:
            continue  # pydantic counts only the items without a problem; theirs are told already
        path = tuple(detail["loc"]) + tuple(detail.get("ctx", {}).get("at", ()))
        text = f"{spelled(path)}: {_said(detail, path, keys)}"
        yield Problem(layers.nearest_origin(path, default), text)


def shown(value: Any, path: KeyPath) -> str:
    """A value as an error may show it: short, and never a secret."""
    if isinstance(value, Mapping):
        return "a map" if value else "an empty map"
    if isinstance(value, list | tuple):
        return "a list" if value else "an empty list"
    if is_secret(path):
        return "this value"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _MOST_SHOWN else text[:_MOST_SHOWN] + "..."


def _said(detail: ErrorDetails, path: KeyPath, keys: Keys) -> str:
    if detail["type"] in _UNKNOWN:
        return _unknown(path, keys)
    if detail["type"] == "refused":
        return detail["msg"]
    node = keys.at(path)
    allowed = detail["msg"] if node is None else keys.allowed(node)
    if detail["type"] == "missing":
        return f"missing; must be {allowed}"
    return f"{shown(detail['input'], path)} is not allowed; must be {allowed}"


def _unknown(path: KeyPath, keys: Keys) -> str:
    nearest = keys.nearest(path)
    if nearest is not None:
        return f"unknown key; did you mean {nearest}?"
    return "unknown key; valid here: " + ", ".join(keys.names(keys.at(path[:-1]) or {}))
