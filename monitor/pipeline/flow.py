"""The loop: batches are taken from the feeds in turn, measured, stored and reported.

    records are taken -> measured -> (at most every `snapshot_secs`) stored with their positions -> committed

A record is counted when it is stored: after a crash the source is read again from the stored position, and what was
measured since then is measured again, to the same bytes.
"""

import logging
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import suppress

from monitor.errors import TemporaryError
from monitor.interfaces import Probes
from monitor.pipeline.intake import Feed, Intake
from monitor.pipeline.progress import Progress
from monitor.pipeline.waiting import Taken, Waiting
from monitor.pipeline.watch import Watch
from monitor.records import RecordBatch
from monitor.report import Exporter, MonitorReport
from monitor.state import State
from monitor.telemetry import Outcome, Skip, Timings

log = logging.getLogger(__name__)

PUBLISH_SECS = 1.0
"""At most this often a report is made; also when nothing comes, so that silence is seen."""

LATE_SECS = 10.0
"""A report waits for a save, so that after a crash no counter stands lower than it was shown: that would be read as a
counter that began anew. So long at most: saves may fail, or be far apart."""

_FIRST_PAUSE_SECS, _LONGEST_PAUSE_SECS = 1.0, 30.0


class Pipeline:
    """Runs feeds through banks until they end or `stop` is called (from any thread or a signal).

    `now` gives Unix seconds, `clock` monotonic seconds, `wait` waits for some (and may return early). A TemporaryError
    of a save is counted and the save tried again at its next time; one of a source has the source opened again at the
    last position after a growing pause. Positions are committed only after a save. An exchange that `probes`
    knows is no user's: it is counted, not measured. `queue` is the most exchanges that wait for the banks' readers.
    """

    def __init__(
        self,
        *,
        namespace: str,
        feeds: Mapping[str, Feed],
        watches: Mapping[str, Watch],
        state: State,
        exporters: Sequence[Exporter],
        now: Callable[[], float],
        clock: Callable[[], float],
        wait: Callable[[float], object],
        snapshot_secs: float = 2.0,
        batch_records: int = 256,
        blind_after_secs: float = 900.0,
        keep_bodies: bool = False,
        probes: Probes | None = None,
        queue: int = 1_024,
    ) -> None:
        self._namespace, self._feeds, self._watches = namespace, feeds, watches
        self._state, self._exporters, self._now = state, exporters, now
        self._clock, self._wait = clock, wait
        self._snapshot_secs, self._batch_records = snapshot_secs, batch_records
        self._blind_after_secs, self._probes = blind_after_secs, probes
        self._timings = Timings(clock)
        self._last_record: dict[str, float] = {}
        self._state_failures, self._stopping, self._ready = 0, False, False
        self._saved_at = self._published_at = self.looped_at = clock()
        self._intake = Intake(feeds, watches, probes=probes, keep_bodies=keep_bodies, clock=clock)
        self._waiting = Waiting(watches, queue=queue, measure=self._measure, goes_on=self._goes_on, clock=clock)
        self._progress = Progress(watches, state.load(), feeds=feeds, now=now())

    def run(self) -> None:
        """Returns when every source has ended, or after `stop`; what was read is then stored and committed."""
        started = self._clock()
        for watch in self._watches.values():
            watch.seen = started
        self._publish()
        self._waiting.start()
        running = {name: self._open(name) for name in self._feeds}
        try:
            for name, batch in self._batches(running):
                self._ready = True
                self.take(name, batch)
                self.hear()
                self.looped_at = self._clock()
                if self.looped_at - self._saved_at >= self._snapshot_secs:
                    self._save()
                if self.looped_at - self._published_at >= (LATE_SECS if self._progress.unsaved else PUBLISH_SECS):
                    self._publish()
                if self._stopping:
                    break
            self._waiting.settle_all()
            self._save()  # while the sources are open: a closed one cannot commit
        finally:
            self._close(running)
            self._waiting.close()
        self._publish()

    @property
    def stored(self) -> bool:
        """Whether all that was read is stored."""
        return not self._progress.unsaved

    def stop(self) -> None:
        """Ends `run` after the batch in hand. Safe in a signal handler."""
        self._stopping = True

    def idle(self) -> None:
        """Says that nothing more comes, so that a report stays fresh after the sources have ended."""
        self.looped_at = self._clock()
        self._publish()

    def take(self, name: str, batch: RecordBatch) -> None:
        """Measures one batch of the feed `name`, and those before it that were read since."""
        if self._probes is not None:
            self._probes.refresh()
        self._waiting.settle()
        with self._timings.of("decode"):
            taken = self._intake.take(name, batch)
        if batch.records and (last := batch.records[-1].time) is not None:
            self._last_record[name] = last
        self._waiting.add(taken, live=self._feeds[name].live)

    def hear(self) -> None:
        """Takes what canaries found since into the verdicts."""
        for watch in self._watches.values():
            if watch.canary is None or (said := watch.canary.report()) is watch.heard:
                continue
            watch.heard = said
            for channel, finding in said.compared.findings.items() if said.compared else ():
                self._progress.unsaved |= watch.bank.hear(channel, finding)

    def _batches(self, running: dict[str, Iterator[RecordBatch]]) -> Iterator[tuple[str, RecordBatch]]:
        """Round robin over the sources that have not ended; takes out those that have."""
        pauses = dict.fromkeys(self._feeds, _FIRST_PAUSE_SECS)
        while running and not self._stopping:
            for name in list(running):
                try:
                    batch = next(running[name])
                except StopIteration:
                    del running[name]
                    continue
                except TemporaryError as error:
                    log.warning("source %s: %s; trying again in %.0f s", name, error, pauses[name])
                    self._wait(pauses[name])
                    pauses[name] = min(2 * pauses[name], _LONGEST_PAUSE_SECS)
                    running[name] = self._open(name)
                    batch = RecordBatch((), {})
                else:
                    pauses[name] = _FIRST_PAUSE_SECS
                yield name, batch

    def _open(self, name: str) -> Iterator[RecordBatch]:
        return iter(self._feeds[name].source.batches(self._progress.positions.get(name, {})))

    def _close(self, running: Mapping[str, Iterator[RecordBatch]]) -> None:
        """Closes the sources now. Left to the garbage collector, one may be closed when the threads of its client are
        gone already, and wait for them for ever."""
        for name, batches in running.items():
            self._feeds[name].source.close()
            if isinstance(batches, Generator):
                with suppress(TemporaryError):
                    batches.close()

    def _goes_on(self) -> bool:
        """Asked while readers are waited for: the loop lives, and goes on until it is told to stop."""
        self.looped_at = self._clock()
        return not self._stopping

    def _measure(self, taken: Taken) -> None:
        """Makes all that a batch changes so: what is stored next has it whole."""
        with self._timings.of("measure"):
            for model, drawn in taken.drawn.items():
                watch, kept, rows = self._watches[model], drawn, None
                if watch.gauge.reads:
                    kept, rows = taken.legible(model, watch)
                for start in range(0, len(kept), self._batch_records):
                    part = slice(start, start + self._batch_records)
                    exchanges, draws = [e for e, _ in kept[part]], [draw for _, draw in kept[part]]
                    watch.bank.update(exchanges, draws, None if rows is None else rows[part])
        self._progress.add(taken)

    def _save(self) -> None:
        """Stores everything in one transaction, then lets the sources forget what is stored. Nothing new, no save."""
        self._saved_at = self._clock()
        if not self._progress.unsaved:
            return
        stored = self._progress.dump()
        try:
            with self._timings.of("save"):
                self._state.save(stored, self._progress.letters)
        except TemporaryError as error:
            self._state_failures += 1
            log.warning("%s; measuring goes on, what came since the last save would be read again", error)
            return
        self._progress.saved()
        for name, position in stored.positions.items():
            self._feeds[name].source.commit(position)

    def _lag_secs(self, name: str, *, behind: bool, now: float) -> float:
        """Age of the last record read of a source that has more to read, 0 of one that has read all."""
        return max(0.0, now - self._last_record.get(name, now)) if behind else 0.0

    def _publish(self) -> None:
        self._published_at = self._clock()
        report = self.report()
        for exporter in self._exporters:
            exporter.export(report)

    def report(self) -> MonitorReport:
        """What is known now."""
        now, clock, counts = self._now(), self._clock(), self._progress.counts
        lags = {name: lag for name, feed in self._feeds.items() if (lag := feed.source.lag())}
        by_partition = {tuple(at.rsplit("/", 1)): n for lag in lags.values() for at, n in lag.items()}
        return MonitorReport(
            at=now,
            namespace=self._namespace,
            models=tuple(w.report(at=clock, blind_after_secs=self._blind_after_secs) for w in self._watches.values()),
            records={(source, str(o)): counts.of(source)[o] for source in self._feeds for o in Outcome},
            gaps={source: counts.gaps[source] for source in self._feeds},
            skipped={str(reason): counts.skipped[reason] for reason in Skip},
            dead_letters=dict(counts.dead_letters),
            sampled_ratio={
                name: w.sampler.chance * (1 - w.left * w.gauge.must_read) for name, w in self._watches.items()
            },
            read_ratio={name: 1 - w.left for name, w in self._watches.items() if w.gauge.reads},
            lag_records={key: n for key, n in by_partition.items() if len(key) == 2},
            lag_secs={name: self._lag_secs(name, behind=any(lag.values()), now=now) for name, lag in lags.items()},
            batch_secs=self._timings.histograms(),
            state_failures=self._state_failures,
            ready=self._ready,
        )
