"""Slow work beside a fast loop: whoever offers never waits, and what there is no time for is counted."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

In = TypeVar("In")
Out = TypeVar("Out")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Counts:
    """Items since the start: `offered` = `dropped` + `failed` + `done` + those that still wait or are worked on."""

    offered: int = 0
    dropped: int = 0
    failed: int = 0
    done: int = 0

    @property
    def sampled_ratio(self) -> float:
        """Share of the offered items that were not dropped, 0 to 1; 1 before the first."""
        return 1 - self.dropped / self.offered if self.offered else 1.0


class Worker(Generic[In, Out]):
    """One thread that puts what is offered through `work`, up to `most_batch` items at a time, in order.

    At most `capacity` items are held: waiting, worked on, or done and not yet collected. When `work` raises, the items
    of that batch are counted as failed and collected with None, `trouble` names the kind of error, and the next batch
    is tried; a batch that succeeds ends the trouble. An error's text is not kept, since it may hold text of an item.
    """

    def __init__(
        self, work: Callable[[Sequence[In]], Sequence[Out]], *, capacity: int, most_batch: int, name: str = "worker"
    ) -> None:
        if not 1 <= most_batch <= capacity:
            raise ValueError("1 <= most_batch <= capacity must hold")
        self._work, self._capacity, self._most_batch = work, capacity, most_batch
        self._waiting: deque[In] = deque()
        self._results: deque[tuple[In, Out | None]] = deque()
        self._working = 0
        self._offered = self._dropped = self._failed = self._done = 0
        self._trouble = ""
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def counts(self) -> Counts:
        """All counts, as they stood at one moment."""
        with self._changed:
            return Counts(self._offered, self._dropped, self._failed, self._done)

    @property
    def trouble(self) -> str:
        """The kind of error that the last batch met; empty when it met none."""
        with self._changed:
            return self._trouble

    def offer(self, items: Sequence[In], *, drop: bool = True) -> int:
        """How many were taken: the first ones that there was room for. The others are dropped and counted; without
        `drop` they stay the caller's. Never waits for work."""
        with self._changed:
            held = len(self._waiting) + self._working + len(self._results)
            taken = 0 if self._closed else min(len(items), self._capacity - held)
            self._waiting.extend(items[:taken])
            self._offered += len(items) if drop else taken
            self._dropped += len(items) - taken if drop else 0
            self._changed.notify_all()
            return taken

    def collect(self, wait_secs: float = 0.0) -> list[tuple[In, Out | None]]:
        """What was done since the last call, in the order in which it was offered. Waits for something to be done, or
        for nothing to be left to do, for `wait_secs` at most."""
        with self._changed:
            if wait_secs:
                self._changed.wait_for(lambda: self._results or not (self._waiting or self._working), timeout=wait_secs)
            results = list(self._results)
            self._results.clear()
            return results

    def drain(self, timeout_secs: float | None = None) -> bool:
        """Waits until nothing waits or is worked on; False when that took longer."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._working, timeout_secs)

    def close(self, timeout_secs: float | None = None) -> None:
        """Ends the thread after the batch it is working on, and waits for that, `timeout_secs` at most (None: as long
        as it takes); what waited is counted as dropped. Results stay to be collected."""
        with self._changed:
            self._closed = True
            self._dropped += len(self._waiting)
            self._waiting.clear()
            self._changed.notify_all()
        self._thread.join(timeout_secs)

    def _run(self) -> None:
        while batch := self._next():
            results, trouble = self._tried(batch)
            with self._changed:
                self._working = 0
                if trouble:
                    self._failed += len(batch)
                    self._results.extend((item, None) for item in batch)
                else:
                    self._done += len(batch)
                    self._results.extend(zip(batch, results, strict=True))
                if trouble and trouble != self._trouble:
                    log.warning("%s: a batch failed: %s", self._thread.name, trouble)
                self._trouble = trouble
                self._changed.notify_all()

    def _next(self) -> list[In]:
        """Waits for items; none when closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closed)
            batch = [self._waiting.popleft() for _ in range(min(self._most_batch, len(self._waiting)))]
            self._working = len(batch)
            return batch

    def _tried(self, batch: Sequence[In]) -> tuple[Sequence[Out], str]:
        try:
            results = self._work(batch)
        except Exception as error:  # whatever a model raises makes its signals blind; the monitor goes on
            return (), type(error).__name__
        return (results, "") if len(results) == len(batch) else ((), "another number of results")
