"""A file to import, read within limits: lines, rows, or one document. What is damaged is passed over and counted."""

import csv
import json
import math
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from monitor.errors import ConfigError
from monitor.probing import Turn

MOST_BYTES = 2**30
MOST_DOCUMENT_BYTES = 256 * 2**20
MOST_LINE_BYTES = 16 * 2**20

Skip = Callable[[str, int], None]
"""Is told why a line was passed over, and its number."""

_LOOKED_AT = 20
_SHOWN = 200
_ROLES = {"system": "system", "developer": "system", "user": "user", "human": "user", "assistant": "assistant"}


class Source:
    """ConfigError when the file is not there or larger than MOST_BYTES."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            if not path.is_file():
                raise ConfigError(f"{path}: no such file")
            self.size = path.stat().st_size
            with path.open("rb") as file:
                self.magic = file.read(4)
        except (OSError, ValueError) as error:
            raise ConfigError(f"{path}: cannot be read: {getattr(error, 'strerror', error)}") from None
        if self.size > MOST_BYTES:
            raise ConfigError(f"{path}: has {self.size:,} bytes; at most {MOST_BYTES:,} are imported: split it")

    @cached_property
    def first(self) -> Mapping[str, Any]:
        """The first JSON object among the first lines, else the whole file as one; {} when there is none."""
        for _, record in islice(self._decoded(), _LOOKED_AT):
            if not isinstance(record, str):
                return record
        return self.document

    @cached_property
    def document(self) -> Mapping[str, Any]:
        """The whole file as one JSON object; {} when it is none."""
        if self.size > MOST_DOCUMENT_BYTES:
            return {}
        return parsed(self._bytes())

    @cached_property
    def columns(self) -> frozenset[str]:
        """Names in the first row, when it is CSV."""
        with self._open() as file:
            head = file.readline(MOST_LINE_BYTES).decode("utf-8-sig", "surrogateescape")
        try:
            return frozenset(name.strip() for name in next(csv.reader([head]), []))
        except csv.Error:
            return frozenset()

    @cached_property
    def keys(self) -> frozenset[str]:
        """What the records have: keys of the first object, else the columns."""
        return frozenset(self.first) or self.columns

    def lines(self, skip: Skip) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """The JSON objects, one a line, with the line's number."""
        for number, record in self._decoded():
            if isinstance(record, str):
                skip(record, number)
            else:
                yield number, record

    def rows(self, skip: Skip) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """JSON lines, or the rows of CSV by their column, with the number of the line where each ends."""
        if self.first:
            yield from self.lines(skip)
            return
        with self.path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            reader = csv.reader(file)
            names: list[str] = []
            while True:
                try:
                    cells = next(reader, None)
                except csv.Error:
                    skip("no CSV", reader.line_num)
                    continue
                if cells is None:
                    return
                if not names:
                    names = [name.strip() for name in cells]
                elif len(cells) != len(names):
                    if cells:
                        skip("another number of columns", reader.line_num)
                elif any(text(cell) != cell for cell in cells):
                    skip("not UTF-8", reader.line_num)
                else:
                    yield reader.line_num, dict(zip(names, cells, strict=True))

    def _decoded(self) -> Iterator[tuple[int, Mapping[str, Any] | str]]:
        """Each line's object, or why there is none as a text."""
        with self._open() as file:
            number = 0
            while line := file.readline(MOST_LINE_BYTES):
                number += 1
                if len(line) == MOST_LINE_BYTES and not line.endswith(b"\n"):
                    while (rest := file.readline(MOST_LINE_BYTES)) and not rest.endswith(b"\n"):
                        pass
                    yield number, "too long"
                elif line.strip():
                    yield number, parsed(line) or "no JSON object"

    def _bytes(self) -> bytes:
        with self._open() as file:
            return file.read(MOST_DOCUMENT_BYTES + 1)

    def _open(self) -> BinaryIO:
        try:
            return self.path.open("rb")
        except OSError as error:
            raise ConfigError(f"{self.path}: cannot be read: {error.strerror}") from None


def parsed(raw: bytes) -> dict[str, Any]:
    """One JSON object, `NaN` allowed; {} for anything else."""
    try:
        value = json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def at(value: Any, *path: str | int) -> Any:
    """The value at the end of keys and indices; None where there is no such place."""
    for part in path:
        if isinstance(value, dict) and isinstance(part, str):
            value = value.get(part)
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        else:
            return None
    return value


def listed(value: Any) -> list[Any]:
    """The list, or [] when it is none."""
    return value if isinstance(value, list) else []


def text(value: Any) -> str:
    """The text, halves of surrogate pairs replaced; "" when it is none."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def shown(value: str) -> str:
    """A foreign word as it can be shown: short, on one line, nothing that a terminal would obey."""
    return "".join(c if c.isprintable() else " " for c in text(value))[:_SHOWN]


def number(value: Any) -> float | None:
    """A finite number; None for anything else, truth values too."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def name_of(value: Any) -> str:
    """A text or a number as text; "" for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return text(value)
    try:
        return str(value)
    except ValueError:  # a whole number of thousands of digits
        return ""


def unix(value: Any) -> float:
    """Unix seconds of an ISO time (UTC when it names no zone); 0 when it is none."""
    try:
        when = datetime.fromisoformat(text(value))
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return 0.0


def conversation(value: Any) -> tuple[Turn, ...]:
    """A prompt as turns: a text, a list of messages, or such a list as JSON text. () when it cannot be put again: its
    last turn is not a user's, one is no text or follows one of the same role, or there are calls of tools."""
    messages = _messages(value)
    if messages is None:
        said = text(value)
        return (Turn("user", said),) if said.strip() else ()
    turns = [Turn(_ROLES.get(text(at(m, "role")), ""), content_of(at(m, "content"))) for m in messages]
    before = ""
    for message, turn in zip(messages, turns, strict=True):
        if not turn.role or not turn.content.strip() or turn.role == before or at(message, "tool_calls"):
            return ()
        before = turn.role
    return tuple(turns) if before == "user" else ()


def _messages(value: Any) -> list[Any] | None:
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return None
        if not all(text(at(m, "role")) for m in listed(value)):
            return None
    return value if isinstance(value, list) and value else None


def content_of(value: Any) -> str:
    """The text of a message: as it is, or in parts; "" when a part is none."""
    if isinstance(value, list):
        parts = [text(at(part, "text")) for part in value]
        return "\n".join(parts) if all(parts) else ""
    return text(value)
