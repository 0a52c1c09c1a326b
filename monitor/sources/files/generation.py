"""One file as it was opened. Under one path several follow each other when logs are rotated or cut.

A place in a file is worth nothing without knowing in which file. So a partition is named `<path>#<checksum>`, the
checksum (CRC-32) being that of the file's first line: it stays the same when the file grows, is renamed, compressed or
copied, and changes when another file takes its path, or the file is emptied and filled again. An inode does neither: it
is given to the next file at once, and differs in each container.
"""

import gzip
import io
import os
import zlib
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from monitor.errors import ConfigError
from monitor.records import Record
from monitor.sources.files.lines import LineReader

HEAD_BYTES = 64 * 1024
"""Of a longer first line this much is enough to know it by."""

GZIP_MAGIC = b"\x1f\x8b"
DAMAGED = (EOFError, gzip.BadGzipFile, zlib.error)


class Generation:
    """An open file whose first line is known. Its offsets count bytes of the text, unpacked if it is a gzip file."""

    def __init__(
        self, path: str, stream: io.BufferedReader | gzip.GzipFile, checksum: int, *, compressed: bool
    ) -> None:
        self._path = path
        self._stream = stream
        self._checksum = checksum
        self._inode = _inode(os.fstat(stream.fileno()))
        self._lines = LineReader(stream, offset=0, max_line_bytes=0)
        self.compressed = compressed
        self.partition = f"{path}#{checksum:08x}"
        self.offset = 0

    def seek(self, offset: int, max_record_bytes: int) -> bool:
        """Goes to `offset`, or to the beginning and returns False when the file ends before it."""
        reached = self._stream.seek(offset) == offset and self._size_is_at_least(offset)
        self.offset = offset if reached else self._stream.seek(0)
        self._lines = LineReader(self._stream, offset=self.offset, max_line_bytes=max_record_bytes)
        return reached

    def take(self, count: int) -> list[Record]:
        return self._records(count, ended=False)

    def rest(self) -> list[Record]:
        """The last line although it has no newline: nobody will write one any more."""
        return self._records(0, ended=True)

    def was_replaced(self) -> bool:
        """Whether another file, not empty, stands at the path by now. A writer that still holds this one may go on with
        it for a while after it was renamed; when the new file has text, it has moved on."""
        try:
            status = os.stat(self._path)
        except FileNotFoundError:
            return False
        return _inode(status) != self._inode and status.st_size > 0

    def was_cut(self) -> bool:
        """Whether the file was emptied (and perhaps filled again) since it was opened."""
        size = os.fstat(self._stream.fileno()).st_size
        head = os.pread(self._stream.fileno(), HEAD_BYTES, 0)
        checksum = checksum_of(head, whole=False)
        return size < self._lines.read_offset or checksum not in (None, self._checksum)

    def close(self) -> None:
        self._stream.close()

    def _records(self, count: int, *, ended: bool) -> list[Record]:
        try:
            lines = self._lines.rest() if ended else self._lines.take(count)
        except DAMAGED as error:
            raise ConfigError(f"{self._path}: damaged gzip file ({error}); unpack it with gzip -d to see") from None
        if lines:
            self.offset = lines[-1].end
        time = os.fstat(self._stream.fileno()).st_mtime
        return [Record(line.value, self.partition, line.offset, time, line.size) for line in lines]

    def _size_is_at_least(self, offset: int) -> bool:
        return self.compressed or os.fstat(self._stream.fileno()).st_size >= offset


def open_generation(path: str, *, name: str | None = None, whole: bool) -> Generation | None:
    """Opens the file at `path`, known as `name`, or gives None when it has no first line yet (without a newline it has
    one only if it is `whole`). Raises OSError, and ConfigError when it is a damaged gzip file."""
    with ExitStack() as closing:
        raw = closing.enter_context(open(path, "rb"))
        compressed = raw.read(2) == GZIP_MAGIC
        raw.seek(0)
        stream = _Gzip(raw) if compressed else raw
        try:
            checksum = checksum_of(stream.readline(HEAD_BYTES), whole=whole or compressed)
        except DAMAGED as error:
            raise ConfigError(f"{path}: damaged gzip file ({error})") from None
        if checksum is None:
            return None
        closing.pop_all()  # from here on the generation closes it
        return Generation(name or path, stream, checksum, compressed=compressed)


def checksum_of(head: bytes, *, whole: bool) -> int | None:
    """Of the first line of `head`, None while that is not complete."""
    line, newline, _ = head.partition(b"\n")
    complete = newline or len(head) >= HEAD_BYTES or (whole and line)
    return zlib.crc32(line) if complete else None


def find_renamed(path: str, saved: Mapping[str, int]) -> Generation | None:
    """The file that was read last as `path`, up to a `saved` place, and has another name by now (app.jsonl.1,
    app.jsonl-20260301.gz, app-1.jsonl), open; None if it is gone. Of several the one that was written to last: the
    others were finished before."""
    for other in _siblings(path):
        try:
            generation = open_generation(other, name=path, whole=True)
        except (OSError, ConfigError):
            continue
        if generation is not None and generation.partition in saved:
            return generation
        if generation is not None:
            generation.close()
    return None


def _siblings(path: str) -> list[str]:
    """The paths of files whose names begin like that of `path`, the one written to last first."""
    own, found = Path(path), []
    try:
        for other in own.parent.iterdir():
            if other.name.startswith(own.stem) and other != own and other.is_file():
                found.append((other.stat().st_mtime_ns, str(other)))
    except OSError:  # one was removed this moment
        pass
    return [name for _, name in sorted(found, reverse=True)]


def _inode(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


class _Gzip(gzip.GzipFile):
    """Closes the file below it as well, which GzipFile leaves to whoever opened it."""

    def __init__(self, raw: BinaryIO) -> None:
        super().__init__(fileobj=raw, mode="rb")
        self._raw_file = raw

    def close(self) -> None:
        super().close()
        self._raw_file.close()
