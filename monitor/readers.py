"""Neural extractors as a baseline knows them: each fails alone, and none that has changed is compared.

A reader is known by its identity, a hash of all that decides its numbers, and by its values on frozen transcripts, the
anchors: a library or a processor that computes otherwise moves them. They have moved when other ones than before have a
value, or when a signal differs from what it was by more than STEADY, on average over those that have one.
"""

import logging
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from monitor import anchors
from monitor.batch import Batch
from monitor.errors import TemporaryError
from monitor.interfaces import Column, Harm, Matrix, Role, SlowExtractor
from monitor.records import Exchange, Message

STEADY = 0.05
"""By so much, on average over the anchors and in its unit, a signal may differ from what it was: rounding of another
processor differs by less."""

log = logging.getLogger(__name__)


class KnownColumn(msgspec.Struct, frozen=True):
    name: str
    unit: str
    rise: str
    fall: str
    harm: int

    def column(self) -> Column:
        return Column(self.name, Role.SIGNAL, self.unit, self.rise, self.fall, Harm(self.harm))


class Known(msgspec.Struct, frozen=True):
    """A reader as it was when a baseline was built: its signals, and their values on the anchors (None: NaN)."""

    identity: str
    signals: tuple[KnownColumn, ...]
    anchors: tuple[tuple[float | None, ...], ...]


class Reader:
    """An extractor of a neural network under a name. What a prompt means decides what it is compared with, so one
    that reads meaning raises what its network raises; of others a batch that fails is NaN, and `trouble` names the kind
    of error until a batch succeeds. An error's text is not kept: it may hold text of an exchange."""

    def __init__(self, name: str, extractor: SlowExtractor) -> None:
        self.name, self._extractor = name, extractor
        self.columns, self.identity = extractor.columns, extractor.identity
        self.essential = any(column.role is Role.MEANING for column in self.columns)
        self._signals = [i for i, column in enumerate(self.columns) if column.role is Role.SIGNAL]
        self._failed, self._moved = "", ""
        self._anchored: Matrix | None = None

    @property
    def trouble(self) -> str:
        """Why its signals are blind; empty when they are not."""
        return self._moved or self._failed

    def measure(self, batch: Batch) -> Matrix:
        try:
            measured = self._read(batch)
        except Exception as error:  # whatever a network raises
            if self.essential:
                raise
            if not self.trouble:
                log.warning("%s: a batch failed: %s", self.name, type(error).__name__)
            self._failed = f"a batch failed: {type(error).__name__}"
            return np.full((len(batch), len(self.columns)), np.nan)
        self._failed = ""
        return measured

    def known(self) -> Known:
        """What a baseline keeps of it."""
        kept = [self.columns[i] for i in self._signals]
        return Known(
            identity=self.identity,
            signals=tuple(KnownColumn(c.name, c.unit, c.rise, c.fall, int(c.harm)) for c in kept),
            anchors=tuple(tuple(None if np.isnan(x) else float(x) for x in row) for row in self._on_anchors()),
        )

    def differs(self, known: Known) -> str:
        """Why it cannot stand for the one that is known, another identity or anchors that moved; empty when it can."""
        if self.identity != known.identity:
            return f"the baseline was built with another model or version ({known.identity}, now {self.identity})"
        before = np.array(known.anchors, np.float64).reshape(len(known.anchors), -1)
        return _moved(before, self._on_anchors(), since="the baseline was built")

    def check(self) -> None:
        """Reads the anchors again; when they moved since they were first read, it is blind from now on. Raises what its
        network raises."""
        if self._anchored is None or self._moved:
            return
        self._moved = _moved(self._anchored, self._read_anchors(), since="the start")
        if self._moved:
            log.error("%s: %s; its signals are blind", self.name, self._moved)

    def _read(self, batch: Batch) -> Matrix:
        if self._moved:
            raise TemporaryError(self._moved)
        return self._extractor.measure(batch)

    def _on_anchors(self) -> Matrix:
        """(a, s) its signals of the anchors, as they were first read."""
        if self._anchored is None:
            self._anchored = self._read_anchors()
        return self._anchored

    def _read_anchors(self) -> Matrix:
        return self._extractor.measure(Batch(transcripts()))[:, self._signals]


class Absent:
    """Stands where a reader is not to be had: the signals that a baseline knows of it are NaN, and `trouble` says
    why."""

    def __init__(self, name: str, trouble: str, known: Known | None = None) -> None:
        self.name, self.trouble = name, trouble
        self._known = known or Known("", (), ())
        self.columns = tuple(signal.column() for signal in self._known.signals)

    def measure(self, batch: Batch) -> Matrix:
        return np.full((len(batch), len(self.columns)), np.nan)

    def known(self) -> Known:
        return self._known

    def check(self) -> None:
        """Nothing to check."""


def matched(readers: Sequence[Reader | Absent], known: Mapping[str, Known]) -> tuple[Reader | Absent, ...]:
    """For each reader that a baseline knows the one that is there, or one that is absent."""
    there = {reader.name: reader for reader in readers}
    return tuple(_one(there.get(name), name, was) for name, was in known.items())


def transcripts() -> tuple[Exchange, ...]:
    """The anchors as exchanges."""
    return tuple(Exchange(f"anchor-{a.id}", "anchor", (Message("user", a.ask),), a.answer) for a in anchors.shipped())


def _moved(before: Matrix, now: Matrix, *, since: str) -> str:
    """How signals (a, s) of the anchors moved; empty when they did not."""
    valued = ~np.isnan(before)
    if before.shape != now.shape or not np.array_equal(valued, ~np.isnan(now)):
        return f"it reads the anchors otherwise since {since}"
    apart = np.abs(now - before).sum(axis=0, where=valued) / np.maximum(valued.sum(axis=0), 1)
    most = apart.max(initial=0.0)
    return f"the anchors moved by {most:.2f} since {since}" if most > STEADY else ""


def _one(reader: Reader | Absent | None, name: str, known: Known) -> Reader | Absent:
    if isinstance(reader, Absent):
        return Absent(name, reader.trouble, known)
    why = "it is not in the settings" if reader is None else reader.differs(known)
    if reader is None or why:
        return Absent(name, why, known)
    return reader
