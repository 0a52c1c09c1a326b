"""Batches between their source and what is stored of them.

Where networks read exchanges, a worker does so beside the loop: a batch waits, in its order, until all of it was read,
and changes nothing before. So the position that is stored stays before the batches that wait.
"""

from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from monitor.batch import Batch
from monitor.interfaces import Matrix
from monitor.pipeline.watch import Watch, lately
from monitor.records import Draw, Exchange, Position
from monitor.state import DeadLetter
from monitor.telemetry import Counts, Outcome, Skip
from monitor.worker import Worker

READ_TOGETHER = 64
"""So many exchanges are read at a time: enough to fill batches of like lengths, and soon done."""

CHECK_SECS = 86_400.0
"""So often readers are put to the anchors again."""

_READ_SECS = 1.0
_LAST_READ_SECS = 3.0


@dataclass(slots=True)
class Taken:
    """A batch of one feed, and all that it changes once it is measured: counts, what is buried, and per model the
    exchanges drawn and what was read of them, None where they could not be. `waiting` of them are not read yet.
    `watches` as they stood when it was taken."""

    feed: str
    position: Position
    counts: Counts = field(default_factory=Counts)
    letters: list[DeadLetter] = field(default_factory=list)
    drawn: defaultdict[str, list[tuple[Exchange, Draw]]] = field(default_factory=lambda: defaultdict(list))
    read: defaultdict[str, list[Matrix | None]] = field(default_factory=lambda: defaultdict(list))
    waiting: int = 0
    watches: Mapping[str, Sequence[float]] = field(default_factory=dict)

    def legible(self, model: str, watch: Watch) -> tuple[list[tuple[Exchange, Draw]], Matrix]:
        """Those of a model that could be read, and (n, r) what was read of them; the others are counted. What went on
        unread comes last of a batch, and is NaN."""
        drawn, rows = self.drawn[model], self.read[model]
        unread = np.full(watch.gauge.width_read, np.nan)
        rows = rows + [unread] * (len(drawn) - len(rows))
        failed = sum(row is None for row in rows)
        watch.failed = lately(watch.failed, failed, len(rows))
        self.counts.skipped[Skip.NOT_READ] += failed
        self.counts.of(self.feed)[Outcome.MEASURED] -= failed
        self.counts.of(self.feed)[Outcome.SKIPPED] += failed
        kept = [(one, row) for one, row in zip(drawn, rows, strict=True) if row is not None]
        return [one for one, _ in kept], np.array([row for _, row in kept])


@dataclass(frozen=True, slots=True)
class Unread:
    """An exchange that readers shall read: of which batch, and of which model."""

    taken: Taken
    model: str
    exchange: Exchange


class Waiting:
    """Batches that were taken, in their order, until they are measured.

    `measure` is called with each of which all has been read, at once where no model has readers. `queue` is the most
    exchanges that wait for readers. While these are waited for, `goes_on` is asked at least every second or two whether
    to wait further. `clock` gives monotonic seconds.
    """

    def __init__(
        self,
        watches: Mapping[str, Watch],
        *,
        queue: int,
        measure: Callable[[Taken], None],
        goes_on: Callable[[], bool],
        clock: Callable[[], float],
    ) -> None:
        self._watches, self._queue = watches, queue
        self._measure, self._goes_on, self._clock = measure, goes_on, clock
        self._pending = deque[Taken]()
        self._worker: Worker[Unread, Matrix] | None = None
        self._checked_at = clock()

    def start(self) -> None:
        """Starts the worker where a model has readers. Without it nothing is read."""
        if any(watch.gauge.reads for watch in self._watches.values()):
            self._worker = Worker(self._read, capacity=self._queue, most_batch=min(READ_TOGETHER, self._queue))

    def add(self, taken: Taken, *, live: bool) -> None:
        """Has a batch read and, once that is done, measured. What there is no room for waits; where its source is
        `live` it is left out, or goes on unread where that can be."""
        self._pending.append(taken)
        if self._worker is not None:
            self._have_read(taken, self._worker, live=live)
        self.settle()

    def settle(self, wait_secs: float = 0.0) -> None:
        """Measures, in their order, the batches of which all has been read; waits for what is being read, `wait_secs`
        at most."""
        for item, row in self._worker.collect(wait_secs) if self._worker is not None else ():
            item.taken.read[item.model].append(row)
            item.taken.waiting -= 1
        while self._pending and not self._pending[0].waiting:
            self._measure(self._pending.popleft())

    def settle_all(self) -> None:
        """Waits for all that is being read; once told not to go on, not for long: it is read again at the next
        start."""
        until = self._clock() + _LAST_READ_SECS
        while self._pending and (self._goes_on() or self._clock() <= until):
            self.settle(_READ_SECS)

    def close(self) -> None:
        """Ends the worker. What waits is forgotten."""
        if self._worker is not None:
            self._worker.close()

    def _have_read(self, taken: Taken, worker: Worker[Unread, Matrix], *, live: bool) -> None:
        readable = {model: drawn for model, drawn in taken.drawn.items() if self._watches[model].gauge.reads}
        # All of them before the first is read: else the batch would be measured when one model's had been.
        taken.waiting = sum(map(len, readable.values()))
        for model, drawn in readable.items():
            watch, items = self._watches[model], [Unread(taken, model, exchange) for exchange, _ in drawn]
            done = worker.offer(items, drop=live)
            while done < len(items) and not live:
                if not self._goes_on():  # what is not measured whole is taken again at the next start
                    return
                self.settle(_READ_SECS)
                done += worker.offer(items[done:], drop=False)
            left = len(items) - done
            taken.waiting -= left
            watch.left = lately(watch.left, left, len(items))
            if watch.gauge.must_read:
                taken.counts.of(taken.feed)[Outcome.MEASURED] -= left
                taken.counts.of(taken.feed)[Outcome.SAMPLED_OUT] += left
                del drawn[done:]

    def _read(self, items: Sequence[Unread]) -> list[Matrix]:
        """In the worker's thread: what the readers of each exchange's model make of it, in order."""
        if self._clock() - self._checked_at > CHECK_SECS:
            self._checked_at = self._clock()
            readers = (reader for watch in self._watches.values() for reader in watch.gauge.readers)
            for reader in dict.fromkeys(readers):
                reader.check()
        out: dict[int, Matrix] = {}
        for model in dict.fromkeys(item.model for item in items):
            rows = [i for i, item in enumerate(items) if item.model == model]
            gauge = self._watches[model].gauge
            out.update(zip(rows, gauge.read(Batch([items[i].exchange for i in rows])), strict=True))
        return [out[i] for i in range(len(items))]
