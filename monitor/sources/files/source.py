"""The source `files`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from threading import Event
from typing import BinaryIO

from monitor.errors import ConfigError
from monitor.records import Position, RecordBatch
from monitor.sources.files.pipe import Pipe
from monitor.sources.files.tail import Tail

STDIN = "-"


class FileSource:
    """Lines of files, of gzip files and of standard input (`-`), one path after the other; with `follow` all of them,
    for ever, also through rotation and truncation.

    A place in a file is kept by the state, not by this source: `commit` does nothing. A record's time is that of the
    file's last change. `wait` is called with seconds when there was nothing to read; `stdin` is needed for `-` alone.
    """

    def __init__(
        self,
        *,
        paths: Sequence[str],
        wait: Callable[[float], object],
        follow: bool = False,
        max_record_bytes: int = 10 * 2**20,
        batch_records: int = 256,
        poll_secs: float = 0.5,
        stdin: BinaryIO | None = None,
    ) -> None:
        if not paths:
            raise ConfigError("paths: name at least one file, or - for standard input")
        if len(set(paths)) < len(paths):
            raise ConfigError("paths: a path is named twice")
        if STDIN in paths and stdin is None:
            raise ConfigError("paths: - needs standard input, which is not there")
        if not 0 < poll_secs <= 1:
            raise ConfigError(f"poll_secs: must be above 0 and at most 1, not {poll_secs}")
        self._paths = tuple(paths)
        self._wait = wait
        self._follow = follow
        self._max_record_bytes = max_record_bytes
        self._batch_records = batch_records
        self._poll_secs = poll_secs
        self._stdin = stdin
        self._closed = Event()

    @property
    def name(self) -> str:
        return "files"

    def batches(self, start: Position) -> Iterator[RecordBatch]:
        tails = [self._tail(path, start) for path in self._paths]
        try:
            yield from self._following(tails) if self._follow else self._once(tails)
        finally:
            for tail in tails:
                tail.close()

    def commit(self, position: Position) -> None:
        """Nobody else keeps a place in these files."""

    def lag(self) -> Mapping[str, int]:
        """Empty: how many records a file still holds is known only by reading it."""
        return {}

    def close(self) -> None:
        """May be called from any thread; `batches` ends within `poll_secs`."""
        self._closed.set()

    def _tail(self, path: str, start: Position) -> Tail | Pipe:
        if path == STDIN:
            assert self._stdin is not None
            return Pipe(self._stdin, wait_secs=self._poll_secs, max_record_bytes=self._max_record_bytes)
        return Tail(path, start, follow=self._follow, max_record_bytes=self._max_record_bytes)

    def _once(self, tails: Sequence[Tail | Pipe]) -> Iterator[RecordBatch]:
        for tail in tails:
            while not (tail.ended or self._closed.is_set()):
                yield self._batch(tail, tails)

    def _following(self, tails: Sequence[Tail | Pipe]) -> Iterator[RecordBatch]:
        while not (self._closed.is_set() or all(tail.ended for tail in tails)):
            idle = True
            for tail in tails:
                batch = self._batch(tail, tails)
                if batch.records or batch.gaps:
                    idle = False
                    yield batch
            if idle:
                yield RecordBatch((), _position(tails))
                self._wait(self._poll_secs)

    def _batch(self, tail: Tail | Pipe, tails: Sequence[Tail | Pipe]) -> RecordBatch:
        records = () if tail.ended else tail.read(self._batch_records)
        gaps, tail.gaps = tail.gaps, 0
        return RecordBatch(records, _position(tails), gaps)


def _position(tails: Sequence[Tail | Pipe]) -> Position:
    return {partition: offset for tail in tails for partition, offset in tail.position.items()}
