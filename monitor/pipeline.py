"""The flow: source -> format -> sampler -> bank -> exporters, with one transaction of state behind it.

    records are taken -> measured -> (at most every `snapshot_secs`) stored with their positions -> committed

A record is counted when it is stored: after a crash the source is read again from the stored position, and what was
measured since then is measured again, to the same bytes. Where neural networks read exchanges, a worker does so beside
this loop: batches wait in their order until they were read, and the position stays before those that wait.
"""

import hashlib
import logging
from collections import defaultdict, deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

import msgspec
import numpy as np

from monitor.bank import Bank
from monitor.batch import Batch
from monitor.errors import MalformedRecord, TemporaryError
from monitor.interfaces import Format, Matrix, Probes, Source
from monitor.records import Draw, Exchange, Position, Record, RecordBatch
from monitor.report import Blind, Canary, Exporter, ModelReport, MonitorReport, ProbesReport
from monitor.sampler import Sampler
from monitor.state import DeadLetter, State, Stored
from monitor.telemetry import Counts, Outcome, Skip, Timings
from monitor.verdict import BESIDE, Verdict, words
from monitor.worker import Worker

log = logging.getLogger(__name__)

PUBLISH_SECS = 1.0
"""At most this often a report is made; also when nothing comes, so that silence is seen."""

READ_TOGETHER = 64
"""So many exchanges are read at a time: enough to fill batches of like lengths, and soon done."""

CHECK_SECS = 86_400.0
"""So often readers are put to the anchors again."""

LATE_SECS = 10.0
"""A report waits for a save, so that after a crash no counter stands lower than it was shown: that would be read as a
counter that began anew. So long at most: saves may fail, or be far apart."""

_FIRST_PAUSE_SECS, _LONGEST_PAUSE_SECS = 1.0, 30.0
_LETTERS_WAITING = 10_000
_MOST_BLIND = 0.5
_MEMORY = 1 / 128
_READ_SECS = 1.0
_LAST_READ_SECS = 3.0


@dataclass(frozen=True, slots=True)
class Feed:
    """A source and the format of its records. Of a `live` one, which goes on whether we keep up or not, exchanges that
    there is no time to read are left out; another one waits."""

    source: Source
    format: Format
    live: bool = True


@dataclass(slots=True)
class Watch:
    """One monitored model: which exchanges are its own, its bank, its sampler (of its own or shared with other models),
    and whether it can be measured.
    `empty` is the recent share of its records without content, `left` that of its drawn exchanges that there was no
    time to read, `failed` that of those that could not be read, `seen` when one of its records last came (monotonic),
    `heard` what its canary said last."""

    model_glob: str
    adapter_glob: str | None
    bank: Bank
    sampler: Sampler
    canary: Canary | None = None
    empty: float = 0.0
    left: float = 0.0
    failed: float = 0.0
    seen: float = field(default=float("nan"))
    heard: ProbesReport | None = None

    def matches(self, model: str, adapter: str | None) -> bool:
        if not fnmatchcase(model, self.model_glob):
            return False
        return self.adapter_glob is None or fnmatchcase(adapter or "", self.adapter_glob)


@dataclass(slots=True)
class Taken:
    """A batch of one feed, and all that it changes once it is measured: counts, what is buried, and per model the
    exchanges drawn and what was read of them, None where they could not be. `watches` as they stood when it was
    taken."""

    feed: str
    position: Position
    counts: Counts = field(default_factory=Counts)
    letters: list[DeadLetter] = field(default_factory=list)
    drawn: defaultdict[str, list[tuple[Exchange, Draw]]] = field(default_factory=lambda: defaultdict(list))
    read: defaultdict[str, list[Matrix | None]] = field(default_factory=lambda: defaultdict(list))
    waiting: int = 0
    watches: Mapping[str, Sequence[float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unread:
    """An exchange that readers shall read: of which batch, and of which model."""

    taken: Taken
    model: str
    exchange: Exchange


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
        self._blind_after_secs, self._keep_bodies, self._probes = blind_after_secs, keep_bodies, probes
        self._counts, self._timings = Counts(), Timings(clock)
        self._queue, self._pending = queue, deque[Taken]()
        self._worker: Worker[Unread, Matrix] | None = None
        self._positions: dict[str, Position] = {}
        self._letters: list[DeadLetter] = []
        self._owner: dict[tuple[str, str | None], str | None] = {}
        self._last_record: dict[str, float] = {}
        self._state_failures, self._stopping, self._ready, self._unsaved = 0, False, False, False
        self._saved_at = self._published_at = self.looped_at = self._checked_at = clock()
        self._restore()
        self._stored_watches: Mapping[str, Sequence[float]] = self._dumped_watches()

    def run(self) -> None:
        """Returns when every source has ended, or after `stop`; what was read is then stored and committed."""
        started = self._clock()
        for watch in self._watches.values():
            watch.seen = started
        self._publish()
        if any(watch.bank.baseline.gauge.reads for watch in self._watches.values()):
            self._worker = Worker(self._read, capacity=self._queue, most_batch=min(READ_TOGETHER, self._queue))
        running = {name: self._open(name) for name in self._feeds}
        try:
            for name, batch in self._batches(running):
                self._ready = True
                self.take(name, batch)
                self.hear()
                self.looped_at = self._clock()
                if self.looped_at - self._saved_at >= self._snapshot_secs:
                    self._save()
                if self.looped_at - self._published_at >= (LATE_SECS if self._unsaved else PUBLISH_SECS):
                    self._publish()
                if self._stopping:
                    break
            self._settle_all()
            self._save()  # while the sources are open: a closed one cannot commit
        finally:
            self._close(running)
            if self._worker is not None:
                self._worker.close()
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
        """Measures one batch of the feed `name`, and those before it that were read since."""
        if self._probes is not None:
            self._probes.refresh()
        self._settle()
        taken = Taken(name, batch.position)
        taken.counts.gaps[name] += batch.gaps
        with self._timings.of("decode"):
            for record in batch.records:
                self._decode(record, taken)
        if batch.records and (last := batch.records[-1].time) is not None:
            self._last_record[name] = last
        taken.watches = self._dumped_watches()
        self._pending.append(taken)
        if self._worker is not None:
            self._have_read(taken, self._worker)
        self._settle()

    def _have_read(self, taken: Taken, worker: Worker[Unread, Matrix]) -> None:
        """Offers what readers shall read. What there is no room for waits. Where its source is live it is left out, or
        goes on unread where that can be."""
        readable = {m: drawn for m, drawn in taken.drawn.items() if self._watches[m].bank.baseline.gauge.reads}
        # All of them before the first is read: else the batch would be measured when one model's had been.
        taken.waiting = sum(map(len, readable.values()))
        for model, drawn in readable.items():
            watch = self._watches[model]
            items, done = [Unread(taken, model, exchange) for exchange, _ in drawn], 0
            while done < len(items):
                done += worker.offer(items[done:], drop=self._feeds[taken.feed].live)
                if self._feeds[taken.feed].live:
                    break
                if self._stopping:  # what is not measured whole is taken again at the next start
                    return
                self._settle(_READ_SECS)
                self.looped_at = self._clock()
            left = len(items) - done
            taken.waiting -= left
            watch.left = _lately(watch.left, left, len(items))
            if watch.bank.baseline.gauge.must_read:
                taken.counts.of(taken.feed)[Outcome.MEASURED] -= left
                taken.counts.of(taken.feed)[Outcome.SAMPLED_OUT] += left
                del drawn[done:]

    def _read(self, items: Sequence[Unread]) -> list[Matrix]:
        """In the worker's thread: what the readers of each exchange's model make of it, in order."""
        if self._clock() - self._checked_at > CHECK_SECS:
            self._checked_at = self._clock()
            readers = (r for watch in self._watches.values() for r in watch.bank.baseline.gauge.readers)
            for reader in dict.fromkeys(readers):
                reader.check()
        out: dict[int, Matrix] = {}
        for model in dict.fromkeys(item.model for item in items):
            rows = [i for i, item in enumerate(items) if item.model == model]
            gauge = self._watches[model].bank.baseline.gauge
            out.update(zip(rows, gauge.read(Batch([items[i].exchange for i in rows])), strict=True))
        return [out[i] for i in range(len(items))]

    def _settle(self, wait_secs: float = 0.0) -> None:
        """Measures, in their order, the batches of which all has been read."""
        for item, row in self._worker.collect(wait_secs) if self._worker is not None else ():
            item.taken.read[item.model].append(row)
            item.taken.waiting -= 1
        while self._pending and not self._pending[0].waiting:
            self._measure(self._pending.popleft())

    def _settle_all(self) -> None:
        """Waits for what is being read; once told to stop, not for long: it is read again at the next start."""
        until = self._clock() + _LAST_READ_SECS
        while self._pending and not (self._stopping and self._clock() > until):
            self._settle(_READ_SECS)
            self.looped_at = self._clock()

    def hear(self) -> None:
        """Takes what canaries found since into the verdicts."""
        for watch in self._watches.values():
            if watch.canary is None or (said := watch.canary.report()) is watch.heard:
                continue
            watch.heard = said
            for channel, finding in said.compared.findings.items() if said.compared else ():
                self._unsaved |= watch.bank.hear(channel, finding)

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

    def _decode(self, record: Record, taken: Taken) -> None:
        outcomes = taken.counts.of(taken.feed)
        try:
            exchange = self._feeds[taken.feed].format.decode(record)
        except MalformedRecord as error:
            outcomes[Outcome.DEAD_LETTER] += 1
            taken.counts.dead_letters[str(error.reason)] += 1
            taken.letters.append(self._letter(taken.feed, record, error))
        else:
            outcomes[self._choose(exchange, taken)] += 1

    def _measure(self, taken: Taken) -> None:
        """Makes all that a batch changes so: what is stored next has it whole."""
        with self._timings.of("measure"):
            for model, drawn in taken.drawn.items():
                watch, kept, rows = self._watches[model], drawn, None
                if watch.bank.baseline.gauge.reads:
                    kept, rows = _legible(taken, watch, drawn, taken.read[model])
                for start in range(0, len(kept), self._batch_records):
                    part = slice(start, start + self._batch_records)
                    exchanges, draws = [e for e, _ in kept[part]], [draw for _, draw in kept[part]]
                    watch.bank.update(exchanges, draws, None if rows is None else rows[part])
        self._counts.add(taken.counts)
        self._letters += taken.letters
        del self._letters[:-_LETTERS_WAITING]
        before = self._positions.get(taken.feed, {})
        self._positions[taken.feed] = {**before, **taken.position}
        self._stored_watches = taken.watches
        outcomes = taken.counts.of(taken.feed)
        self._unsaved |= outcomes.total() > 0 or taken.counts.gaps.total() > 0 or self._positions[taken.feed] != before

    def _choose(self, exchange: Exchange, taken: Taken) -> Outcome:
        """Puts the exchange where it is measured, or says why it is not."""
        key = (exchange.model, exchange.adapter)
        model = self._owner[key] if key in self._owner else self._find_owner(key)
        if model is None:
            taken.counts.skipped[Skip.UNKNOWN_MODEL] += 1
            return Outcome.SKIPPED
        if self._probes is not None and self._probes.is_probe(exchange):
            taken.counts.skipped[Skip.PROBE] += 1
            return Outcome.SKIPPED
        watch = self._watches[model]
        watch.seen = self._clock()
        content = exchange.has_content
        watch.empty = _lately(watch.empty, int(not content), 1)
        if not content:
            taken.counts.skipped[Skip.NO_CONTENT] += 1
            return Outcome.SKIPPED
        draw = watch.sampler.draw(exchange)
        if draw is None:
            return Outcome.SAMPLED_OUT
        taken.drawn[model].append((exchange, draw))
        return Outcome.MEASURED

    def _find_owner(self, key: tuple[str, str | None]) -> str | None:
        found = next((name for name, watch in self._watches.items() if watch.matches(*key)), None)
        if len(self._owner) < 10_000:  # a client may send any name: the memory of them is bounded
            self._owner[key] = found
        return found

    def _letter(self, name: str, record: Record, error: MalformedRecord) -> DeadLetter:
        value = record.value
        return DeadLetter(
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

    def _save(self) -> None:
        """Stores everything in one transaction, then lets the sources forget what is stored. Nothing new, no save."""
        self._saved_at = self._clock()
        if not self._unsaved:
            return
        models = {name: (w.bank.baseline.id, w.bank.snapshot()) for name, w in self._watches.items()}
        watches = self._dumped_watches() if self._worker is None else self._stored_watches
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

    def _dumped_watches(self) -> dict[str, list[float]]:
        return {name: [w.empty, *w.sampler.dump()] for name, w in self._watches.items()}

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
                try:
                    watch.bank.inherit(str(baseline), snapshot)
                except (KeyError, ValueError) as error:
                    log.warning("model %s: what was seen against %s cannot be read: %s", name, baseline, error)
            elif snapshot is not None:
                watch.bank.restore(snapshot)
                values = [float("nan") if x is None else x for x in watches[name]]
                watch.empty = values[0]
                watch.sampler.restore(values[1:])
            if watch.canary is None:  # what it found once is nobody's to take back
                for channel in BESIDE:
                    watch.bank.forget(channel, self._now())

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
            sampled_ratio={
                name: w.sampler.chance * (1 - w.left * w.bank.baseline.gauge.must_read)
                for name, w in self._watches.items()
            },
            read_ratio={name: 1 - w.left for name, w in self._watches.items() if w.bank.baseline.gauge.reads},
            lag_records={key: n for key, n in by_partition.items() if len(key) == 2},
            lag_secs={name: self._lag_secs(name, behind=any(lag.values()), now=now) for name, lag in lags.items()},
            batch_secs=self._timings.histograms(),
            state_failures=self._state_failures,
            ready=self._ready,
        )

    def _model(self, watch: Watch) -> ModelReport:
        report = msgspec.structs.replace(watch.bank.report(), probes=watch.heard)
        blind = None
        if watch.empty > _MOST_BLIND:
            blind = Blind.NO_CONTENT
        elif watch.failed > _MOST_BLIND:
            blind = Blind.READERS
        elif self._clock() - watch.seen > self._blind_after_secs:
            blind = Blind.NO_RECORDS
        elif _scorers_moved(watch) and report.verdict is not Verdict.UNEXPLAINED:
            blind = Blind.SCORERS
        if blind is None:
            return report
        return msgspec.structs.replace(report, verdict=Verdict.BLIND, blind=blind, meaning=words(Verdict.BLIND))


def _legible(
    taken: Taken, watch: Watch, drawn: list[tuple[Exchange, Draw]], rows: list[Matrix | None]
) -> tuple[list[tuple[Exchange, Draw]], Matrix]:
    """Those that could be read, and (n, r) what was read of them; the others are counted. What went on unread comes
    last of a batch, and is NaN."""
    unread = np.full(watch.bank.baseline.gauge.width_read, np.nan)
    rows = rows + [unread] * (len(drawn) - len(rows))
    failed = sum(row is None for row in rows)
    watch.failed = _lately(watch.failed, failed, len(rows))
    taken.counts.skipped[Skip.NOT_READ] += failed
    taken.counts.of(taken.feed)[Outcome.MEASURED] -= failed
    taken.counts.of(taken.feed)[Outcome.SKIPPED] += failed
    kept = [(one, row) for one, row in zip(drawn, rows, strict=True) if row is not None]
    return [one for one, _ in kept], np.array([row for _, row in kept])


def _lately(share: float, new: int, of: int) -> float:
    """The recent share after `of` more, of which `new` count; those before fade by _MEMORY with each."""
    return share + (1 - (1 - _MEMORY) ** of) * (new / max(of, 1) - share)


def _scorers_moved(watch: Watch) -> bool:
    return watch.heard is not None and watch.heard.compared is not None and watch.heard.compared.blind
