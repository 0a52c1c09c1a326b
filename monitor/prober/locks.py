"""Locks between processes, and within one: advisory, on a file of their own, gone with the process that holds them. And
what is written under them."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from monitor.errors import TemporaryError


class StillRunningError(TemporaryError):
    """Another run of the same suite is under way."""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Holds `path`.lock, for as long as a write to `path` takes; waits for it. May raise OSError."""
    with path.with_name(path.name + ".lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def put_in_place(path: Path, data: bytes, *, mode: int = 0o666) -> None:
    """Writes `data` beside `path` and moves it there, so that whoever reads finds what was there or all of it. Called
    under a lock, since all write to the same place beside. `mode` as of `open`. May raise OSError."""
    beside = path.with_name(path.name + ".new")
    beside.touch(mode=mode)
    beside.write_bytes(data)
    os.replace(beside, path)


@contextmanager
def only_run(folder: Path, name: str) -> Iterator[None]:
    """Held for a whole run of the suite `name`: never two at once, in whatever process that shares the folder. Raises
    StillRunningError, with the process that holds it, instead of waiting; TemporaryError when the folder is unusable.
    """
    path = folder / f"{name}.lock"
    try:
        lock = path.open("a+b")
    except OSError as error:
        raise TemporaryError(f"{path}: cannot be written: {error.strerror}") from None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            holder = lock.read(20).decode("ascii", "replace")
            raise StillRunningError(f"{name}: a run is under way (process {holder}); this one is skipped") from None
        lock.truncate(0)
        lock.write(str(os.getpid()).encode())
        lock.flush()
        yield
