"""The tree of valid keys, read off the settings' JSON schema: what a key may hold, and which key was meant."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

KeyPath = tuple[str | int, ...]
"""From the top of the settings to a key; a number is a place in a list."""

Schema = Mapping[str, Any]

_SECRET_WORDS = ("password", "secret", "key", "token")
_COUNTED = re.compile(r"^tokens_per_|^most_tokens$")  # no secrets
_FILE_ENDINGS = ("_file", "_keyfile", "_cafile", "_certfile")
_AT_LEAST = {1: ", at least one", 2: ", at least two"}
_SIMPLE = {"null": "null", "boolean": "true or false"}


def spelled(path: KeyPath) -> str:
    """`models[0].match.model`"""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def parsed(text: str) -> KeyPath:
    """The inverse of `spelled`; also takes `models.0.name`."""
    parts = text.replace("[", ".").replace("]", "").split(".")
    return tuple(int(part) if part.isdecimal() else part for part in parts)


def is_secret(path: KeyPath) -> bool:
    """Whether the value must never be shown: a key on the way is named like a secret and is no file's name."""
    names = [_COUNTED.sub("", part.lower()) for part in path if isinstance(part, str)]
    return any(any(word in name for word in _SECRET_WORDS) and not name.endswith(_FILE_ENDINGS) for name in names)


@dataclass(frozen=True, slots=True)
class Keys:
    """The valid keys. `root` is a JSON schema with its `$defs`."""

    root: Schema

    def at(self, path: KeyPath) -> Schema | None:
        """The schema of what stands at `path`, None where no key is valid."""
        node: Schema | None = self.root
        for part in path:
            node = None if node is None else self._child(node, part)
        return None if node is None else self._followed(node)

    def names(self, node: Schema) -> tuple[str, ...]:
        """The keys of a map, () for anything else."""
        return tuple(name for form in self.forms(node) for name in form.get("properties", {}))

    def forms(self, node: Schema) -> tuple[Schema, ...]:
        """The alternatives that a value may take."""
        node = self._followed(node)
        return tuple(form for part in node.get("anyOf", ()) for form in self.forms(part)) or (node,)

    def leaves(self, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Schema]]:
        """Every key that holds a value, with 0 for the place in a list of maps."""
        node = self.at(path) or {}
        for name in self.names(node):
            yield from self.leaves((*path, name))
        for form in self.forms(node):
            if self.names(form.get("items", {})):
                yield from self.leaves((*path, 0))
        if not self._holds_maps(node):
            yield path, node

    def allowed(self, node: Schema) -> str:
        """In words, what a value may be."""
        return " or ".join(dict.fromkeys(self._allowed_form(form) for form in self.forms(node)))

    def nearest(self, path: KeyPath) -> str | None:
        """The valid key that the last part of `path` most likely means, spelled from the top; None: none is near."""
        *parent, wrong = path
        siblings = self.names(self.at(tuple(parent)) or {})
        close = get_close_matches(str(wrong), siblings, n=1)
        if close:
            return spelled((*parent, close[0]))
        everywhere = {spelled(leaf): leaf for leaf, _ in self.leaves()}
        same = [name for name, leaf in everywhere.items() if leaf[-1] == wrong]
        # `web_port` for `web.port` is the usual slip where environment variables need two underscores
        joined = {name.replace(".", "_"): name for name in everywhere}
        close = get_close_matches(str(wrong), joined, n=1, cutoff=0.8)
        return same[0] if len(same) == 1 else joined[close[0]] if close else None

    def _child(self, node: Schema, part: str | int) -> Schema | None:
        for form in self.forms(node):
            child = form.get("items") if isinstance(part, int) else form.get("properties", {}).get(part)
            child = form.get("additionalProperties") if child is None and isinstance(part, str) else child
            if isinstance(child, Mapping):
                return dict(child)
        return None

    def _followed(self, node: Schema) -> Schema:
        """The definition behind `$ref`, with what is said beside the reference."""
        if "$ref" not in node:
            return node
        definition: Schema = self.root["$defs"][node["$ref"].rpartition("/")[2]]
        return {**definition, **{name: value for name, value in node.items() if name != "$ref"}}

    def _holds_maps(self, node: Schema) -> bool:
        return any(self.names(form) or self.names(form.get("items", {})) for form in self.forms(node))

    def _allowed_form(self, form: Schema) -> str:
        kind = form.get("type")
        if "enum" in form or "const" in form:
            return "one of " + ", ".join(map(str, form.get("enum", [form.get("const")])))
        if kind in ("integer", "number"):
            return ("a whole number" if kind == "integer" else "a number") + _bounds(form)
        if kind == "array":
            items = self.allowed(form["items"])
            return f"a list of {_plural(items)}" + _AT_LEAST.get(form.get("minItems", 0), "")
        if kind == "object":
            return self._allowed_map(form)
        if kind == "string":
            return _allowed_text(form)
        return _SIMPLE[str(kind)]

    def _allowed_map(self, form: Schema) -> str:
        if isinstance(form.get("additionalProperties"), Mapping):
            return "a map of names to " + _plural(self.allowed(form["additionalProperties"]))
        return "a map with the keys " + ", ".join(form["properties"]) if "properties" in form else "a map"


def _allowed_text(form: Schema) -> str:
    if "pattern" in form:
        return "a duration like 30m or 6h"
    return "a path" if form.get("format") == "path" else "non-empty text" if form.get("minLength") else "text"


def _plural(allowed: str) -> str:
    article, _, rest = allowed.partition(" ")
    noun, _, more = rest.partition(" ")
    if article == "one":
        return f"any {rest}"
    return f"{noun}s {more}".rstrip() if article == "a" else allowed


def _bounds(form: Schema) -> str:
    low, above, high = form.get("minimum"), form.get("exclusiveMinimum"), form.get("maximum")
    if low is not None and high is not None:
        return f" from {low} to {high}"
    if low is not None:
        return f", {low} or more"
    return "" if above is None else f" above {above}" + ("" if high is None else f", {high} at most")
