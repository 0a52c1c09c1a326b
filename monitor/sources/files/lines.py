"""Cuts a stream of bytes into lines and knows where each began."""

from collections import deque
from dataclasses import dataclass
from typing import Protocol

CHUNK_BYTES = 256 * 1024


class Readable(Protocol):
    """`read1` returns what is there, at most `size` bytes; b"" means that nothing is there for now, or ever."""

    def read1(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Line:
    """A line without its newline. `value` is None when it was too long to keep. `end` is where the next one begins."""

    value: bytes | None
    offset: int
    size: int
    end: int


class LineReader:
    """Holds at most one chunk and one line of `max_line_bytes`, however long the lines are. A line whose newline has
    not come yet is kept back, and goes on when the stream does. Blank lines are passed over."""

    def __init__(self, stream: Readable, *, offset: int, max_line_bytes: int) -> None:
        self._stream = stream
        self._max_line_bytes = max_line_bytes
        self._ready: deque[Line] = deque()
        self._parts: list[bytes] = []
        self._size = 0
        self._offset = offset

    def take(self, count: int) -> list[Line]:
        """Up to `count` whole lines; fewer, or none, when the stream has no more for now."""
        while len(self._ready) < count and self._fill():
            pass
        return [self._ready.popleft() for _ in range(min(count, len(self._ready)))]

    def rest(self) -> list[Line]:
        """The last line, where nothing will come after it and it has no newline; empty when there is none."""
        if self._size:
            self._end_line(newline_bytes=0)
        rest = list(self._ready)
        self._ready.clear()
        return rest

    @property
    def read_offset(self) -> int:
        """How far the stream itself was read: past the line that is kept back."""
        return self._offset + self._size

    def _fill(self) -> bool:
        chunk = self._stream.read1(CHUNK_BYTES)
        *whole, rest = chunk.split(b"\n")
        for piece in whole:
            self._grow(piece)
            self._end_line(newline_bytes=1)
        self._grow(rest)
        return bool(chunk)

    def _grow(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > self._max_line_bytes:
            self._parts.clear()
        elif piece:
            self._parts.append(piece)

    def _end_line(self, *, newline_bytes: int) -> None:
        value = None if self._size > self._max_line_bytes else b"".join(self._parts)
        end = self._offset + self._size + newline_bytes
        if value is None or value.strip():
            self._ready.append(Line(value, self._offset, self._size, end))
        self._parts.clear()
        self._offset, self._size = end, 0
