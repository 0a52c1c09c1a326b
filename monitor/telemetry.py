"""The monitor about itself: counters that survive a restart with the state, and timings that do not."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from itertools import accumulate

import msgspec

from monitor.report import Histogram

BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


class Outcome(StrEnum):
    """What became of a record."""

    MEASURED = "measured"
    SAMPLED_OUT = "sampled_out"
    SKIPPED = "skipped"
    DEAD_LETTER = "dead_letter"


class Skip(StrEnum):
    """Why a readable record was not measured."""

    NO_CONTENT = "no_content"
    UNKNOWN_MODEL = "unknown_model"
    PROBE = "probe"
    NOT_READ = "not_read"


class Counts(msgspec.Struct):
    """Counters that belong to the records read so far: stored in one transaction with the positions."""

    records: dict[str, Counter[Outcome]] = {}
    gaps: Counter[str] = msgspec.field(default_factory=Counter)
    skipped: Counter[Skip] = msgspec.field(default_factory=Counter)
    dead_letters: Counter[str] = msgspec.field(default_factory=Counter)

    def of(self, source: str) -> Counter[Outcome]:
        """What became of the records of one source."""
        return self.records.setdefault(source, Counter())

    def add(self, other: "Counts") -> None:
        """Counts what `other` counted, too."""
        for source, outcomes in other.records.items():
            self.of(source).update(outcomes)
        self.gaps.update(other.gaps)
        self.skipped.update(other.skipped)
        self.dead_letters.update(other.dead_letters)

    def dump(self) -> bytes:
        return msgspec.json.encode(
            {
                "records": self.records,
                "gaps": self.gaps,
                "skipped": self.skipped,
                "dead_letters": self.dead_letters,
            }
        )

    @staticmethod
    def load(raw: bytes) -> "Counts":
        stored = msgspec.json.decode(raw)
        return Counts(
            records={s: Counter({Outcome(k): n for k, n in c.items()}) for s, c in stored["records"].items()},
            gaps=Counter(stored["gaps"]),
            skipped=Counter({Skip(k): n for k, n in stored["skipped"].items()}),
            dead_letters=Counter(stored["dead_letters"]),
        )


class Timings:
    """How long each stage takes per batch. `clock` gives monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._counts: dict[str, list[int]] = {}
        self._sums: Counter[str] = Counter()

    @contextmanager
    def of(self, stage: str) -> Iterator[None]:
        start = self._clock()
        yield
        took = self._clock() - start
        self._counts.setdefault(stage, [0] * (len(BOUNDS) + 1))[bisect_left(BOUNDS, took)] += 1
        self._sums[stage] += took  # type: ignore[assignment]

    def histograms(self) -> dict[str, Histogram]:
        out = {}
        for stage, counts in self._counts.items():
            running = list(accumulate(counts))
            out[stage] = Histogram(BOUNDS, tuple(running[:-1]), running[-1], float(self._sums[stage]))
        return out
