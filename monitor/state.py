"""What survives a restart: detectors, positions and counters, written in one transaction."""

import io
import sqlite3
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from monitor.errors import ConfigError, TemporaryError
from monitor.interfaces import Snapshot
from monitor.records import Position

SCHEMA = 3
_TABLES = """
CREATE TABLE model (name TEXT PRIMARY KEY, baseline TEXT NOT NULL, snapshot BLOB NOT NULL);
CREATE TABLE position (source TEXT, partition TEXT, offset INTEGER NOT NULL, PRIMARY KEY (source, partition));
CREATE TABLE counts (name TEXT PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE dead_letter (
    id INTEGER PRIMARY KEY, source TEXT, partition TEXT, offset INTEGER, time REAL,
    reason TEXT, detail TEXT, size INTEGER, sha256 TEXT, body BLOB);
"""
_MIGRATIONS = {
    2: "UPDATE model SET baseline = baseline || ' (state 2)'",  # its evidence counts no more: a new epoch begins
}
"""By the schema that is found, what makes it the next. Positions, counts and dead letters are never lost; evidence that
this version would compute otherwise is, by another name for its baseline."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that could not be read: where it stood and why, its size and digest; its bytes only if asked for."""

    source: str
    partition: str
    offset: int
    time: float | None
    reason: str
    detail: str
    size: int
    sha256: str | None
    body: bytes | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """One consistent moment: per model (baseline id, snapshot), per source its position, and named counters."""

    models: Mapping[str, tuple[str, Snapshot]]
    positions: Mapping[str, Position]
    counts: Mapping[str, bytes]


class State:
    """A SQLite file in the state folder (write-ahead log, synced at every save), held by one monitor at a time.

    `folder` None keeps the state in memory only. `dead_letters` bounds the letters kept, oldest dropped first.
    Raises ConfigError when the folder cannot be used, TemporaryError when a save fails (a full disk): nothing of that
    save is then stored, and the same save may be tried again.
    """

    def __init__(self, folder: Path | None, *, dead_letters: int = 10_000) -> None:
        self._kept, self._where = dead_letters, folder or Path("memory")
        try:
            if folder is not None:
                folder.mkdir(parents=True, exist_ok=True)
            # Used by one thread at a time, which need not be the one that opened it.
            self._db = sqlite3.connect(
                folder / "tidegauge.db" if folder else ":memory:",
                isolation_level=None,
                timeout=1.0,
                check_same_thread=False,
            )
        except (OSError, sqlite3.Error) as error:
            raise ConfigError(f"state.path: cannot use {folder}: {error}") from None
        try:
            self._prepare()
        except sqlite3.OperationalError as error:
            self._db.close()
            why = "another monitor holds it" if "locked" in str(error) else str(error)
            raise ConfigError(f"state.path: cannot use {folder}: {why}") from None
        except sqlite3.DatabaseError as error:
            self._db.close()
            raise ConfigError(
                f"state.path: {folder}/tidegauge.db is damaged ({error}): move it away to start anew"
            ) from None

    def _prepare(self) -> None:
        self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("PRAGMA cache_size = -256")  # of snapshots no page is read again: 2 MB less than by default
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        steps = [_MIGRATIONS.get(old) for old in range(version, SCHEMA)] if version else []
        if version > SCHEMA or None in steps:
            raise ConfigError(
                f"state.path: {self._where} has state schema {version}, this version reads {SCHEMA}: "
                "use the version that wrote it, or move it away"
            )
        self._db.execute("BEGIN EXCLUSIVE")
        if version == 0:
            steps = [*_TABLES.split(";")]
        for statement in steps:
            self._db.execute(str(statement))
        self._db.execute(f"PRAGMA user_version = {SCHEMA}")
        self._db.execute("COMMIT")

    def load(self) -> Stored:
        """What was saved last. ConfigError when it cannot be read back."""
        try:
            return self._load()
        except (sqlite3.DatabaseError, zipfile.BadZipFile, ValueError, EOFError) as error:
            self._db.close()
            raise ConfigError(
                f"state.path: {self._where}/tidegauge.db is damaged ({error}): move it away to start anew"
            ) from None

    def _load(self) -> Stored:
        models = {
            name: (baseline, _unpack(snapshot))
            for name, baseline, snapshot in self._db.execute("SELECT name, baseline, snapshot FROM model")
        }
        positions: dict[str, dict[str, int]] = {}
        for source, partition, offset in self._db.execute("SELECT source, partition, offset FROM position"):
            positions.setdefault(source, {})[partition] = offset
        counts = dict(self._db.execute("SELECT name, value FROM counts").fetchall())
        return Stored(models, positions, counts)

    def save(self, stored: Stored, letters: Sequence[DeadLetter]) -> None:
        """Writes all of it or nothing. Milliseconds and one sync of the disk."""
        models = [(name, baseline, _pack(snapshot)) for name, (baseline, snapshot) in stored.models.items()]
        positions = [(s, p, offset) for s, position in stored.positions.items() for p, offset in position.items()]
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany("INSERT OR REPLACE INTO model VALUES (?, ?, ?)", models)
            self._db.executemany("INSERT OR REPLACE INTO position VALUES (?, ?, ?)", positions)
            self._db.executemany("INSERT OR REPLACE INTO counts VALUES (?, ?)", list(stored.counts.items()))
            self._db.executemany(
                "INSERT INTO dead_letter VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (x.source, x.partition, x.offset, x.time, x.reason, x.detail, x.size, x.sha256, x.body)
                    for x in letters
                ],
            )
            self._db.execute("DELETE FROM dead_letter WHERE id <= (SELECT max(id) FROM dead_letter) - ?", (self._kept,))
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise TemporaryError(f"cannot save the state in {self._where}: {error}") from None

    def dead_letters(self) -> list[DeadLetter]:
        """The letters kept, oldest first."""
        rows = self._db.execute("SELECT * FROM dead_letter ORDER BY id")
        return [DeadLetter(*row[1:]) for row in rows]

    def close(self) -> None:
        self._db.close()


def _pack(snapshot: Snapshot) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **snapshot)
    return buffer.getvalue()


def _unpack(raw: bytes) -> Snapshot:
    with np.load(io.BytesIO(raw), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}
