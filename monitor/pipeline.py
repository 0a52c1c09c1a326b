"""The flow: source -> format -> sampler -> bank -> exporters, with one transaction of state behind it.

    records are read -> measured -> (at most every `snapshot_secs`) stored with their positions -> committed

A record is counted when it is stored: after a crash the source is read again from the stored position, and what was
measured since then is measured again, to the same bytes.
"""

import hashlib
import logging
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

import msgspec

from monitor.bank import Bank
from monitor.errors import MalformedRecord, TemporaryError
from monitor.interfaces import Format, Probes, Source
from monitor.records import Draw, Exchange, Position, Record, RecordBatch
from monitor.report import Blind, Exporter, ModelReport, MonitorReport
from monitor.sampler import Sampler
from monitor.state import DeadLetter, State, Stored
from monitor.telemetry import Counts, Outcome, Skip, Timings
from monitor.verdict import Verdict, words

log = logging.getLogger(__name__)

PUBLISH_SECS = 1.0
"""At most this often a report is made; also when nothing comes, so that silence is seen."""

LATE_SECS = 10.0
"""A report waits for a save, so that after a crash no counter stands lower than it was shown: that would be read as a
counter that began anew. So long at most: saves may fail, or be far apart."""

_FIRST_PAUSE_SECS, _LONGEST_PAUSE_SECS = 1.0, 30.0
_LETTERS_WAITING = 10_000
_NO_CONTENT_SHARE = 0.5
_NO_CONTENT_MEMORY = 1 / 128


@dataclass(frozen=True, slots=True)
class Feed:
    """A source and the format of its records."""

    source: Source
    format: Format


@dataclass(slots=True)
class Watch:
    """One monitored model: which exchanges are its own, its bank, its sampler (of its own or shared with other models),
    and whether it can be measured.
    `empty` is the recent share of its records without content, `seen` when one of its records last came (monotonic)."""

    model_glob: str
    adapter_glob: str | None
    bank: Bank
    sampler: Sampler
    empty: float = 0.0
    seen: float = field(default=float("nan"))

    def matches(self, model: str, adapter: str | None) -> bool:
        if not fnmatchcase(model, self.model_glob):
            return False
        return self.adapter_glob is None or fnmatchcase(adapter or "", self.adapter_glob)


class Pipeline:
    """Runs feeds through banks until they end or `stop` is called (from any thread or a signal).

    `now` gives Unix seconds, `clock` monotonic seconds, `wait` waits for some (and may return early). A TemporaryError
    of a save is counted and the save tried again at its next time; one of a source has the source opened again at the
    last position after a growing pause. Positions are committed only after a save. An exchange that `probes`
    knows is no user's: it is counted, not measured.
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
    ) -> None:
        self._namespace, self._feeds, self._watches = namespace, feeds, watches
        self._state, self._exporters, self._now = state, exporters, now
        self._clock, self._wait = clock, wait
        self._snapshot_secs, self._batch_records = snapshot_secs, batch_records
        self._blind_after_secs, self._keep_bodies, self._probes = blind_after_secs, keep_bodies, probes
        self._counts, self._timings = Counts(), Timings(clock)
        self._positions: dict[str, Position] = {}
        self._letters: list[DeadLetter] = []
        self._owner: dict[tuple[str, str | None], str | None] = {}
        self._last_record: dict[str, float] = {}
        self._state_failures, self._stopping, self._ready, self._unsaved = 0, False, False, False
        self._saved_at = self._published_at = self.looped_at = clock()
        self._restore()

    def run(self) -> None:
        """Returns when every source has ended, or after `stop`; what was read is then stored and committed."""
        started = self._clock()
        for watch in self._watches.values():
            watch.seen = started
        self._publish()
        running = {name: self._open(name) for name in self._feeds}
        try:
            for name, batch in self._batches(running):
                self._ready = True
                self.take(name, batch)
                self.looped_at = self._clock()
                if self.looped_at - self._saved_at >= self._snapshot_secs:
                    self._save()
                if self.looped_at - self._published_at >= (LATE_SECS if self._unsaved else PUBLISH_SECS):
                    self._publish()
                if self._stopping:
                    break
            self._save()  # while the sources are open: a closed one cannot commit
        finally:
            self._close(running)
        self._publish()

    @property
    def stored(self) -> bool:
        """Whether all that was read is stored."""
        return not self._unsaved

    def stop(self) -> None:
        """Ends `run` after the batch in hand. Safe in a signal handler."""
        self._stopping = True

    def idle(self) -> None:
        """Says that nothing more comes, so that a report stays fresh after the sources have ended."""
        self.looped_at = self._clock()
        self._publish()

    def take(self, name: str, batch: RecordBatch) -> None:
        """Measures one batch of the feed `name`."""
        if self._probes is not None:
            self._probes.refresh()
        for start in range(0, len(batch.records), self._batch_records):
            self._measure(name, batch.records[start : start + self._batch_records])
        self._counts.gaps[name] += batch.gaps
        before = self._positions.get(name, {})
        self._positions[name] = {**before, **batch.position}
        self._unsaved |= len(batch.records) > 0 or batch.gaps > 0 or self._positions[name] != before

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
        return iter(self._feeds[name].source.batches(self._positions.get(name, {})))

    def _close(self, running: Mapping[str, Iterator[RecordBatch]]) -> None:
        """Closes the sources now. Left to the garbage collector, one may be closed when the threads of its client are
        gone already, and wait for them for ever."""
        for name, batches in running.items():
            self._feeds[name].source.close()
            if isinstance(batches, Generator):
                with suppress(TemporaryError):
                    batches.close()

    def _measure(self, name: str, records: Sequence[Record]) -> None:
        outcomes = self._counts.of(name)
        decode = self._feeds[name].format.decode
        chosen: defaultdict[str, list[tuple[Exchange, Draw]]] = defaultdict(list)
        with self._timings.of("decode"):
            for record in records:
                try:
                    exchange = decode(record)
                except MalformedRecord as error:
                    outcomes[Outcome.DEAD_LETTER] += 1
                    self._bury(name, record, error)
                    continue
                outcomes[self._choose(exchange, chosen)] += 1
        if records and (last := records[-1].time) is not None:
            self._last_record[name] = last
        with self._timings.of("measure"):
            for model, drawn in chosen.items():
                self._watches[model].bank.update([e for e, _ in drawn], [draw for _, draw in drawn])

    def _choose(self, exchange: Exchange, chosen: defaultdict[str, list[tuple[Exchange, Draw]]]) -> Outcome:
        """Puts the exchange where it is measured, or says why it is not."""
        key = (exchange.model, exchange.adapter)
        model = self._owner[key] if key in self._owner else self._find_owner(key)
        if model is None:
            self._counts.skipped[Skip.UNKNOWN_MODEL] += 1
            return Outcome.SKIPPED
        if self._probes is not None and self._probes.is_probe(exchange):
            self._counts.skipped[Skip.PROBE] += 1
            return Outcome.SKIPPED
        watch = self._watches[model]
        watch.seen = self._clock()
        content = exchange.has_content
        watch.empty += _NO_CONTENT_MEMORY * ((not content) - watch.empty)
        if not content:
            self._counts.skipped[Skip.NO_CONTENT] += 1
            return Outcome.SKIPPED
        draw = watch.sampler.draw(exchange)
        if draw is None:
            return Outcome.SAMPLED_OUT
        chosen[model].append((exchange, draw))
        return Outcome.MEASURED

    def _find_owner(self, key: tuple[str, str | None]) -> str | None:
        found = next((name for name, watch in self._watches.items() if watch.matches(*key)), None)
        if len(self._owner) < 10_000:  # a client may send any name: the memory of them is bounded
            self._owner[key] = found
        return found

    def _bury(self, name: str, record: Record, error: MalformedRecord) -> None:
        self._counts.dead_letters[str(error.reason)] += 1
        value = record.value
        letter = DeadLetter(
            source=name,
            partition=record.partition,
            offset=record.offset,
            time=record.time,
            reason=str(error.reason),
            detail=error.detail[:200],
            size=record.size if value is None else len(value),
            sha256=None if value is None else hashlib.sha256(value).hexdigest(),
            body=value if self._keep_bodies else None,
        )
        self._letters.append(letter)
        del self._letters[:-_LETTERS_WAITING]

    def _save(self) -> None:
        """Stores everything in one transaction, then lets the sources forget what is stored. Nothing new, no save."""
        self._saved_at = self._clock()
        if not self._unsaved:
            return
        models = {name: (w.bank.baseline.id, w.bank.snapshot()) for name, w in self._watches.items()}
        watches = {name: [w.empty, *w.sampler.dump()] for name, w in self._watches.items()}
        counts = {"counts": self._counts.dump(), "watches": msgspec.json.encode(watches)}
        try:
            with self._timings.of("save"):
                self._state.save(Stored(models, self._positions, counts), self._letters)
        except TemporaryError as error:
            self._state_failures += 1
            log.warning("%s; measuring goes on, what came since the last save would be read again", error)
            return
        self._unsaved = False
        self._letters.clear()
        for name, position in self._positions.items():
            self._feeds[name].source.commit(position)

    def _restore(self) -> None:
        stored = self._state.load()
        self._positions = {name: position for name, position in stored.positions.items() if name in self._feeds}
        if "counts" in stored.counts:
            self._counts = Counts.load(stored.counts["counts"])
        watches: dict[str, list[float | None]] = msgspec.json.decode(stored.counts.get("watches", b"{}"))
        for name, watch in self._watches.items():
            baseline, snapshot = stored.models.get(name, (None, None))
            if snapshot is not None and baseline != watch.bank.baseline.id:
                log.warning("model %s has another baseline than its stored state (%s): it starts anew", name, baseline)
            elif snapshot is not None:
                watch.bank.restore(snapshot)
                values = [float("nan") if x is None else x for x in watches[name]]
                watch.empty = values[0]
                watch.sampler.restore(values[1:])

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
        now = self._now()
        lags = {name: lag for name, feed in self._feeds.items() if (lag := feed.source.lag())}
        by_partition = {tuple(at.rsplit("/", 1)): n for lag in lags.values() for at, n in lag.items()}
        return MonitorReport(
            at=now,
            namespace=self._namespace,
            models=tuple(self._model(watch) for watch in self._watches.values()),
            records={(source, str(o)): self._counts.of(source)[o] for source in self._feeds for o in Outcome},
            gaps={source: self._counts.gaps[source] for source in self._feeds},
            skipped={str(reason): self._counts.skipped[reason] for reason in Skip},
            dead_letters=dict(self._counts.dead_letters),
            sampled_ratio={name: watch.sampler.chance for name, watch in self._watches.items()},
            lag_records={key: n for key, n in by_partition.items() if len(key) == 2},
            lag_secs={name: self._lag_secs(name, behind=any(lag.values()), now=now) for name, lag in lags.items()},
            batch_secs=self._timings.histograms(),
            state_failures=self._state_failures,
            ready=self._ready,
        )

    def _model(self, watch: Watch) -> ModelReport:
        report = watch.bank.report()
        blind = None
        if watch.empty > _NO_CONTENT_SHARE:
            blind = Blind.NO_CONTENT
        elif self._clock() - watch.seen > self._blind_after_secs:
            blind = Blind.NO_RECORDS
        if blind is None:
            return report
        return msgspec.structs.replace(report, verdict=Verdict.BLIND, blind=blind, meaning=words(Verdict.BLIND))
