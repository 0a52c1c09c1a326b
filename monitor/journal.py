"""The journal of a run of probes: one file of JSON lines that is only ever added to.

The first line is the header, each other line one observation. A run that was cut off goes on from its journal; a line
that was cut off with it is dropped, and its ask put again. The answers stand in it: they answer our own prompts.
"""

import fcntl
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from monitor.errors import ConfigError, TemporaryError
from monitor.probing import Observation

FORMAT = 1


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """What a run is: `suites` by name with their hashes, the identities of the scorers by name, the model that was
    asked for, the epoch that chose carriers and rotating items (None: every ask was put), how often each ask of a suite
    was put, and Unix seconds of its beginning."""

    tidegauge_probes: int = FORMAT
    suites: Mapping[str, str]
    scorers: Mapping[str, str]
    model: str
    repeats: Mapping[str, int]
    started: float
    epoch: int | None = None


class Run(msgspec.Struct, frozen=True):
    """A journal as read. `torn` says that its last line was cut off."""

    header: Header
    observations: tuple[Observation, ...]
    torn: bool = False


def read(path: Path) -> Run:
    """Raises ConfigError when the file is no journal, or is damaged elsewhere than in its last line."""
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        header = msgspec.json.decode(lines[0], type=Header)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise ConfigError(f"{path}: no journal of probes, as `tidegauge probe run` writes") from None
    if header.tidegauge_probes != FORMAT:
        raise ConfigError(f"{path}: journal format {header.tidegauge_probes}, this version reads {FORMAT}")
    decoder = msgspec.json.Decoder(Observation)
    observations = []
    *whole, last = lines[1:] or [b""]
    for number, line in enumerate(whole, start=2):
        try:
            observations.append(decoder.decode(line))
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise ConfigError(f"{path}:{number}: damaged; take the file from a copy, or run again") from None
    return Run(header, tuple(observations), torn=bool(last))


class Journal:
    """A journal that is being written, locked against a second writer while it is open.

    Opening one that exists goes on with it: `done` holds its observations. Raises ConfigError when another run has it
    open, or when it is of another suite, model or scorer than `header`.
    """

    def __init__(self, path: Path, header: Header) -> None:
        self.done: tuple[Observation, ...] = ()
        try:
            self._file = path.open("ab", buffering=0)  # what a full disk does not take is not tried again at the end
        except OSError as error:
            raise ConfigError(f"{path}: cannot be written: {error.strerror}") from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise ConfigError(f"{path}: another run is writing it; wait for its end, or name another file") from None
        try:
            self._begin(path, header)
        except BaseException:
            self._file.close()
            raise

    def _begin(self, path: Path, header: Header) -> None:
        if path.stat().st_size == 0:
            self.header = header
            self._write(msgspec.json.encode(header) + b"\n")
            return
        run = read(path)
        before, now = (msgspec.structs.replace(h, started=0.0) for h in (run.header, header))
        if before != now:
            other = [f for f in now.__struct_fields__ if getattr(before, f) != getattr(now, f)]
            raise ConfigError(f"{path}: a run with another {', '.join(other)}; name another file")
        self.header, self.done = run.header, run.observations
        if run.torn:
            raw = path.read_bytes()
            self._file.truncate(raw.rindex(b"\n") + 1)

    def add(self, observations: Sequence[Observation]) -> None:
        """Stores them. Raises TemporaryError when the disk does not take them."""
        self._write(b"".join(msgspec.json.encode(o) + b"\n" for o in observations))

    def _write(self, raw: bytes) -> None:
        try:
            while raw:
                raw = raw[self._file.write(raw) :]
            os.fsync(self._file.fileno())
        except OSError as error:
            raise TemporaryError(f"{self._file.name}: cannot be written: {error.strerror}") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
