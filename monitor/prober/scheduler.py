"""Starts a run for each slot of a schedule: once, whatever the clock does, and says why when there was none."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from enum import StrEnum
from pathlib import Path

import msgspec

from monitor.errors import ConfigError, TemporaryError
from monitor.prober.locks import StillRunningError, only_run, put_in_place
from monitor.prober.schedule import Schedule
from monitor.probing import Failure, Observation, Outcome

log = logging.getLogger(__name__)

LOOK_SECS = 30.0
"""The clock is looked at this often: it may be set, or the machine may sleep."""

_SLOTS_KEPT = 1_000


class Skip(StrEnum):
    """Why a slot passed without a whole run. A closed set, since it becomes the label `reason`; no skip is a pass.

    STILL_RUNNING: a run before it, or another process, has not ended. TARGET_DOWN: nothing was answered. CIRCUIT: the
    endpoint failed under way. BUDGET: it was spent. STORAGE: the journal could not be written.
    """

    STILL_RUNNING = "still_running"
    TARGET_DOWN = "target_down"
    CIRCUIT = "circuit_open"
    BUDGET = "budget_spent"
    STORAGE = "storage"


def skip_of(observations: Sequence[Observation]) -> Skip | None:
    """Why a run is not whole; None when all that was to be asked was."""
    failures = {o.answer.failure for o in observations if o.outcome is Outcome.MISSING}
    if Failure.CIRCUIT in failures:
        reached = any(o.outcome is not Outcome.MISSING for o in observations)
        return Skip.CIRCUIT if reached else Skip.TARGET_DOWN
    return Skip.BUDGET if Failure.BUDGET in failures else None


class Scheduler:
    """Keeps one suite, `name`, on its schedule.

    `start` is given a slot and puts a run, from its journal when one was cut off; it gives the run's observations.
    A slot that passed while nothing ran (the process was down, the clock was set forward) is made up for once, the
    latest alone. The slots that ended are remembered in `folder`, which several processes may share: a clock that is
    set back, a restart and a second process run none of them again. `now` gives Unix seconds, `pause` waits.

    `skips` counts, `next_due` is when the next run begins, `last_success` when the last whole one ended (None: none yet
    in this process).
    """

    def __init__(
        self,
        *,
        name: str,
        schedule: Schedule,
        start: Callable[[float], Awaitable[Sequence[Observation]]],
        folder: Path,
        now: Callable[[], float],
        pause: Callable[[float], Awaitable[object]],
    ) -> None:
        self._name, self._schedule, self._start, self._folder = name, schedule, start, folder
        self._now, self._pause = now, pause
        self._ended = _Slots(folder / f"{name}.slots")
        self._begun: dict[float, None] = {}
        self._running: asyncio.Task[None] | None = None
        self.skips: Counter[Skip] = Counter()
        self.next_due = schedule.next_due(now())
        self.last_success: float | None = None

    async def run(self) -> None:
        """Until it is cancelled; then the run under way is too, and goes on from its journal at the next start."""
        try:
            while True:
                self.look()
                now = self._now()
                self.next_due = self._schedule.next_due(now)
                await self._pause(min(LOOK_SECS, self.next_due - now))
        finally:
            if self._running is not None:
                self._running.cancel()
                await asyncio.wait([self._running])

    def look(self) -> None:
        """Starts the run of the latest slot, unless it was begun. Within a running loop."""
        if self._running is not None and self._running.done():
            self._running.result()  # a bug in it is one here
            self._running = None
        slot = self._schedule.latest(self._now())
        if slot in self._begun:
            return
        self._begun[slot] = None
        if len(self._begun) > _SLOTS_KEPT:
            del self._begun[next(iter(self._begun))]
        if self._running is not None:
            self._skip(Skip.STILL_RUNNING, "the run before it has not ended")
            return
        self._running = asyncio.create_task(self._attempt(slot))

    async def _attempt(self, slot: float) -> None:
        try:
            with only_run(self._folder, self._name):
                if slot in self._ended.read():  # by another process, or before a restart
                    return
                observations = await self._start(slot)
                self._ended.add(slot)
        except StillRunningError as error:
            self._skip(Skip.STILL_RUNNING, str(error))
        except TemporaryError as error:
            self._skip(Skip.STORAGE, str(error))
        else:
            skip = skip_of(observations)
            if skip is None:
                self.last_success = self._now()
            else:
                self._skip(skip, "the rest of the run is missing")

    def _skip(self, skip: Skip, why: str) -> None:
        self.skips[skip] += 1
        log.warning("probes %s: no whole run (%s): %s", self._name, skip, why)


class _Slots:
    """The latest slots whose runs ended, in a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> list[float]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=list[float])
        except FileNotFoundError:
            return []
        except OSError as error:
            raise ConfigError(f"{self._path}: cannot be read: {error.strerror}") from None
        except msgspec.DecodeError:
            raise ConfigError(f"{self._path} is damaged: remove it, and the latest run is made again") from None

    def add(self, slot: float) -> None:
        """Called under the suite's lock."""
        slots = [*self.read(), slot][-_SLOTS_KEPT:]
        try:
            put_in_place(self._path, msgspec.json.encode(slots))
        except OSError as error:
            raise TemporaryError(f"{self._path}: cannot be written: {error.strerror}") from None
