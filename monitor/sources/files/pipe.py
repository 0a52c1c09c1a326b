"""Standard input as lines of records."""

import io
import os
import select
from collections.abc import Mapping, Sequence
from typing import BinaryIO

from monitor.records import Record
from monitor.sources.files.lines import LineReader

PARTITION = "-"


class Pipe:
    """Reads a stream that cannot be sought: its offsets count from where it stood when it was opened, and a start
    position means nothing to it. A read waits for its first bytes only, and at most `wait_secs`: a slow writer must
    not hold back what it has written."""

    def __init__(self, stream: BinaryIO, *, wait_secs: float, max_record_bytes: int) -> None:
        self._source = _Polled(stream)
        self._wait_secs = wait_secs
        self._lines = LineReader(self._source, offset=0, max_line_bytes=max_record_bytes)
        self.position: Mapping[str, int] = {}
        self.ended = False
        self.gaps = 0

    def read(self, count: int) -> Sequence[Record]:
        """The next records, at most `count`; none for now when empty, for good when `ended`."""
        self._source.patience_secs = self._wait_secs
        lines = self._lines.take(count)
        if not lines and self._source.ended:
            lines = self._lines.rest()
            self.ended = True
        if lines:
            self.position = {PARTITION: lines[-1].end}
        return [Record(line.value, PARTITION, line.offset, None, line.size) for line in lines]

    def close(self) -> None:
        """Leaves the stream to whoever opened it."""


class _Polled:
    """`read1` with a limit on the wait, where the stream has a file descriptor. That goes round the stream's own
    buffer: nobody else may have read from it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.patience_secs = 0.0
        self.ended = False
        self.gaps = 0

    def read1(self, size: int, /) -> bytes:
        try:
            descriptor = self._stream.fileno()
        except io.UnsupportedOperation:
            data = self._stream.read(size)
        else:
            if not select.select([descriptor], [], [], self.patience_secs)[0]:
                return b""
            self.patience_secs = 0.0
            data = os.read(descriptor, size)
        self.ended = not data
        return data
