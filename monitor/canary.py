"""Canary probes of one model: runs on a schedule, each compared with the evaluated model's answers.

Everything happens in a thread of its own, so that neither a slow endpoint nor a comparison holds up the traffic. What
is known is one frozen report, replaced when there is something new.
"""

import asyncio
import logging
import math
import os
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from msgspec.structs import replace

from monitor import suites
from monitor.calibration import Calibration
from monitor.errors import ConfigError, TemporaryError
from monitor.interfaces import Level, Scorer, Target
from monitor.journal import Header, Journal, Run, read
from monitor.otel import Events
from monitor.outcomes import BESIDE, Comparison, told
from monitor.probe_runs import Asks, compare_alike, header_of, put, put_anchors
from monitor.prober import Budget, Ledger, Prober, Schedule, Scheduler, Skip, check_scorers
from monitor.probing import Observation, State
from monitor.report import Compared, ProbesReport
from monitor.verdict import Channel, Finding

log = logging.getLogger(__name__)

KEPT_SECS = 35 * 86_400.0
"""Journals of older runs are removed: no comparison looks so far back."""

_REFERENCE = ".reference"


class Canary:
    """Probes `target` with `packs` as `schedule` says.

    `folder` holds the journals and the day's budget; several processes may share it. `baseline` is the evaluated
    model's run, None: outcomes are only counted. `reference` is a model that is asked the same beside it, and
    `reference_baseline` how it answered beside the evaluated one (None: it should answer alike); `calibration` corrects
    the rates that are shown. `key` draws wordings and items. `budget` makes the bounds of a run.
    `false_alarms_per_year` bounds comparisons that find something in an unchanged model, however often runs come.
    `events` are given each judged answer of the target. `now` gives Unix seconds, `pause` waits. Raises ConfigError
    when a scorer is not there, or the folder unusable.
    """

    def __init__(
        self,
        *,
        packs: Sequence[suites.Suite],
        target: Target,
        scorers: Mapping[str, Scorer],
        schedule: Schedule,
        folder: Path,
        budget: Callable[[], Budget],
        ledger: Ledger,
        baseline: Run | None = None,
        reference: Target | None = None,
        reference_baseline: Run | None = None,
        calibration: Calibration | None = None,
        key: bytes = b"",
        false_alarms_per_year: float,
        events: Events | None = None,
        concurrency: int = 4,
        spread_secs: float = 0.0,
        now: Callable[[], float],
        pause: Callable[[float], Awaitable[object]],
    ) -> None:
        self._asks = suites.all_asks(packs)
        self._repeats = {pack.id: pack.repeats.scheduled for pack in packs}
        self._target, self._scorers, self._budget, self._ledger = target, scorers, budget, ledger
        self._events = events
        self._folder, self._baseline, self._key, self._reference = folder, baseline, key, reference
        self._reference_baseline, self._calibration = reference_baseline, calibration
        self._false_alarms_per_year = false_alarms_per_year / schedule.per_day(now())
        self._concurrency, self._spread_secs, self._now, self._pause = concurrency, spread_secs, now, pause
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"{folder}: cannot hold the journals of probes: {error.strerror}") from None
        for some in self._asks.values():
            check_scorers(some, scorers)
        self._scheduler = Scheduler(
            name="probes", schedule=schedule, start=self._run, folder=folder, now=now, pause=pause
        )
        self._outcomes: Counter[tuple[str, str, str]] = Counter()
        self._failures: Counter[str] = Counter()
        self._requests = self._tokens = 0
        self._last_secs: float | None = None
        self._accuracy: Mapping[str, float] = {}
        self._trouble = ""
        self._latest: Sequence[Observation] = ()
        self._compared: Compared | None = None
        self._said = self._report()
        self._known: tuple[object, ...] = ()

    def report(self) -> ProbesReport:
        """What is known now, the same object while that is the same. May be called from any thread."""
        scheduler, skips = self._scheduler, self._skips()
        known = (
            id(self._compared),
            self._trouble,
            self._requests,
            *self._event_counts().values(),
            scheduler.next_due,
            scheduler.last_success,
            *skips.values(),
        )
        if known != self._known:
            self._said, self._known = self._report(), known
        return self._said

    async def run(self) -> None:
        """Keeps the schedule until it is cancelled; a run under way then goes on from its journal at the next
        start."""
        try:
            self._compared = await asyncio.to_thread(self._compare)
            await self._scheduler.run()
        finally:
            await self._target.close()
            if self._reference is not None:
                await self._reference.close()

    async def _run(self, slot: float) -> Sequence[Observation]:
        """The observations of one run, from its journal when one was cut off."""
        began, path = self._now(), self._folder / f"{slot:.0f}.jsonl"
        epoch = suites.epoch_of(slot)
        chosen = {name: suites.chosen(some, self._key, epoch) for name, some in self._asks.items()}
        anchored = await asyncio.to_thread(put_anchors, self._scorers)
        self._accuracy = {name: one.accuracy for name, one in anchored.items()}
        header = header_of(
            self._asks,
            self._scorers,
            model=self._target.name,
            repeats=self._repeats,
            started=slot,
            epoch=epoch,
            anchored=anchored,
        )
        prober = self._prober(self._target, slot)
        with self._journal(path, header) as journal:
            look = None if self._baseline is None else partial(self._wanted, path)
            await put(prober, journal, self._asks, chosen, self._repeats, again=True, path=path, look=look)
        if self._reference is not None:
            await self._put_reference(self._reference, path, header, chosen)
        done = await asyncio.to_thread(self._close, path)
        self._last_secs = self._now() - began
        return done

    def _prober(self, target: Target, slot: float) -> Prober:
        own = target is self._target
        return Prober(
            target=target,
            scorers=self._scorers,
            now=self._now,
            pause=self._pause,
            concurrency=self._concurrency,
            spread_secs=self._spread_secs,
            seed=int(slot),
            budget=self._budget(),
            ledger=self._ledger,
            earlier=self._latest if own else (),
            on_judged=self._events.put if own and self._events is not None else None,
        )

    def _journal(self, path: Path, header: Header) -> Journal:
        """One that was begun with other suites or scorers is put aside: this run is another one."""
        try:
            return Journal(path, header)
        except ConfigError as error:
            log.warning("%s; it is put aside, and the run begins anew", error)
            try:
                os.replace(path, path.with_suffix(".aside"))
            except OSError as failed:
                raise TemporaryError(f"{path}: cannot be put aside: {failed.strerror}") from None
            return Journal(path, header)

    def _close(self, path: Path) -> Sequence[Observation]:
        """Counts what a run saw, compares, and removes what is too old."""
        self._latest = read(path).latest
        # Counters are replaced, never changed: another thread may be reading them.
        self._outcomes = self._outcomes + Counter(
            (o.item.partition("/")[0], str(o.category), str(o.outcome)) for o in self._latest
        )
        failures = [o.answer.failure for o in self._latest if o.answer.failure is not None]
        self._failures = self._failures + Counter(map(str, failures))
        self._tokens += sum(o.answer.prompt_tokens + o.answer.completion_tokens for o in self._latest)
        for old in (*self._journals(), *self._folder.glob(f"*{_REFERENCE}")):
            if _slot(old) < self._now() - KEPT_SECS:
                old.unlink(missing_ok=True)
        self._compared = self._compare()
        self._requests += sum(o.answer.tries for o in self._latest)  # the last, since it tells that there is news
        return self._latest

    async def _put_reference(self, target: Target, path: Path, header: Header, chosen: Asks) -> None:
        """The same asks, put to the reference; none whose answers are compared otherwise."""
        prober = self._prober(target, header.started)
        with self._journal(path.with_suffix(_REFERENCE), replace(header, model=target.name)) as journal:
            for name, some in chosen.items():
                beside = [ask for ask in some if ask.kind in BESIDE]
                await prober.run(beside, journal, repeats=range(self._repeats[name]))

    def _compare(self) -> Compared | None:
        """The runs that are kept with the baseline; None when there is nothing to compare."""
        paths = self._journals()
        if self._baseline is None or not paths:
            return None
        try:
            done = self._look(paths[-1], read(paths[-1]))
        except ConfigError as error:
            log.warning("probes cannot be compared: %s", error)
            self._trouble = str(error)
            return None
        self._trouble = ""
        caveats = self._baseline.header.caveats
        return told(done, at=self._now(), caveats=caveats, calibration=self._calibration)

    def _wanted(self, path: Path, latest: Run) -> Mapping[str, int]:
        try:
            return self._look(path, latest).wanted
        except ConfigError:  # `_compare` tells it, when the run has ended
            return {}

    def _look(self, path: Path, latest: Run) -> Comparison:
        """The run at `path`, as far as it has come, with those before it."""
        assert self._baseline is not None
        return compare_alike(
            self._baseline,
            [latest, *(read(other) for other in self._journals() if other != path)],
            self._asks,
            self._scorers,
            references=[read(one) for one in self._folder.glob(f"*{_REFERENCE}")],
            reference_baseline=self._reference_baseline,
            false_alarms_per_year=self._false_alarms_per_year,
        )

    def _journals(self) -> list[Path]:
        return sorted(self._folder.glob("*.jsonl"), key=_slot)

    def _skips(self) -> dict[str, int]:
        return {str(skip): self._scheduler.skips[skip] for skip in Skip}

    def _event_counts(self) -> Mapping[str, int]:
        return {} if self._events is None else self._events.counts

    def _report(self) -> ProbesReport:
        return ProbesReport(
            compared=self._compared,
            next_due=self._scheduler.next_due,
            last_success=self._scheduler.last_success,
            last_secs=self._last_secs,
            outcomes=dict(self._outcomes),
            failures=dict(self._failures),
            skips=self._skips(),
            requests=self._requests,
            tokens=self._tokens,
            accuracy=self._accuracy,
            trouble=self._trouble,
            events=self._event_counts(),
        )


class Blinded:
    """Stands for a canary whose answers nobody can judge, `why`: it puts nothing, and its probes are blind. `at` is now
    (Unix seconds)."""

    def __init__(self, why: str, *, at: float) -> None:
        compared = Compared(
            time=at,
            state=str(State.BLIND),
            meaning=f"Probes are not put, since their answers could not be judged: {why}",
            categories=(),
            found=(),
            findings={Channel.PROBES: Finding(Level.INSUFFICIENT, at)},
        )
        self._said = ProbesReport(
            compared=compared,
            next_due=None,
            last_success=None,
            last_secs=None,
            outcomes={},
            failures={},
            skips=dict.fromkeys(map(str, Skip), 0),
            requests=0,
            tokens=0,
            trouble=why,
        )

    def report(self) -> ProbesReport:
        """The same object every time."""
        return self._said


def _slot(path: Path) -> float:
    """The slot of a journal; of any other file one that is never too old."""
    return float(path.stem) if path.stem.isdecimal() else math.inf
