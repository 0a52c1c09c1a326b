"""The detectors of one model: measured batches in, a course of verdicts and readings out."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.baseline import Baseline
from monitor.conditional import Conditioned
from monitor.detectors import DETECTORS
from monitor.interfaces import Column, Detector, Harm, Level, Matrix, Reading, Role, Snapshot, Strata
from monitor.records import EVERY, Draw, Exchange
from monitor.report import TELLING, ChannelReport, ColumnReport, Detectable, Epoch, ModelReport, TopicReport, finite
from monitor.sensitivity import Sensitivity
from monitor.stats.bets import shift_and_spread, upper_tail
from monitor.stats.confidence import radius
from monitor.stats.means import column_means
from monitor.stats.opinions import OPINIONS
from monitor.stats.ranks import Bags
from monitor.stats.rate import MonthlyRate
from monitor.stats.repeats import BURST, Repeats
from monitor.stats.weighted import SUMS, added, mean_of
from monitor.verdict import (
    BESIDE,
    Channel,
    Course,
    Finding,
    Incident,
    Mover,
    Opinion,
    Verdict,
    decide,
    meaning,
    verdict_of,
)

STEP = 256
"""Exchanges between two looks at the traffic rate; the run length follows it at the same exchanges however cut."""

RECENT = 1_024
"""Exchanges over which recent means and shares are shown."""

MIN_RUN_LENGTH = 10_000.0
"""What is assumed before the traffic is known, and of little traffic: a young monitor must not page for want of it."""

GRAIN, STEEPEST = 2.0**-10, 1_000.0
"""Departures are summed in steps of this part of a spread, each up to so many spreads."""

ASK_AGAIN = STEP
"""Exchanges after an incident opened at which second opinions are asked again: most see nothing as soon as it opens."""

EXAMPLES, ID_CHARACTERS = 3, 128
"""So many topics and exchanges are named with an incident, exchanges by so much of their ids."""

WORDS = 24
"""So many words of the baseline, the strongest, are inputs of their own beside the topics."""

EPOCHS = 5
"""So many earlier baselines, the latest, are remembered with what was seen against them."""

MIN_EXCHANGES = 30
"""Exchanges compared before silence counts as `steady`."""

BUDGET: Mapping[Channel, float] = {
    Channel.BEHAVIOUR: 0.35,
    Channel.STYLE: 0.55,
    Channel.SUPPORT: 0.02,
    Channel.INPUTS: 1.0,
    Channel.PROBES: 0.06,
    Channel.IDENTITY: 0.02,
}
"""Share of the false pages that each channel may spend. INPUTS spends none of it: `explained` pages nobody. Probes need
little: a run comes once a day, not with each exchange."""

LITTLE = (900, 100)
"""Prompts like the baseline's, and strange ones: up to such a share strange ones do not matter."""

STRANGE = (("words", "in words"), ("shape", "of a shape"), ("meaning", "about what"))
"""How prompts can be unlike the baseline's; the last where their meaning is read."""

ONCE = (Channel.BEHAVIOUR, Channel.STYLE, Channel.SUPPORT)
"""Channels that can page count a prompt or a conversation once. Many users who ask the same are other users."""

EVEN = (Channel.INPUTS, Channel.SUPPORT)
"""Channels that ask how prompts are mixed take only exchanges that had one chance to be measured."""

RETURN_FACTOR: Mapping[Channel, float] = {
    Channel.BEHAVIOUR: 50.0,
    Channel.STYLE: 50.0,
    Channel.SUPPORT: 50.0,
    Channel.INPUTS: 1.0,
}
"""How much surer the end of a move must be than its beginning: after a wrong end, all but INPUTS page again."""


class Bank:
    """Owns the detectors, the recent exchanges and the course of one model. No clock, no I/O.

    `false_pages_per_month` is the one error budget; `exchanges_per_month` fixes the traffic, None measures it;
    `min_effect` is, per signal, the smallest change of its mean that matters, in its unit.
    """

    def __init__(
        self,
        *,
        name: str,
        baseline: Baseline,
        false_pages_per_month: float = 1.0,
        exchanges_per_month: float | None = None,
        min_effect: Mapping[str, float] | None = None,
        seed: int = 0,
    ) -> None:
        self._name, self._baseline = name, baseline
        gauge = baseline.gauge
        self._false_pages, self._fixed_rate = false_pages_per_month, exchanges_per_month
        topics = tuple(
            Column(
                f"topic_{i + 1}", Role.INPUT, "share", f"more prompts about {t.name}", f"fewer prompts about {t.name}"
            )
            for i, t in enumerate(baseline.topics)
        )
        self.columns: Mapping[Channel, Sequence[Column]] = {
            Channel.BEHAVIOUR: gauge.columns(Role.SIGNAL),
            Channel.STYLE: (Column("style", Role.STYLE, "distance", "another style of answers", "-"),),
            Channel.INPUTS: (*gauge.columns(Role.INPUT), *gauge.columns(Role.WORD)[:WORDS], *topics),
            Channel.SUPPORT: tuple(
                Column(f"strange_{name}", Role.INPUT, "share", f"prompts {what} the baseline never saw", "-", Harm.RISE)
                for name, what in STRANGE[: baseline.known.strange.shape[1]]
            ),
        }
        self._usual = column_means(baseline.signals)
        spread = np.sqrt(column_means(np.square(baseline.signals - baseline.known.expected)))
        self._spread = np.where(spread > 0, spread, np.nan)
        least = min_effect or {}
        self._tolerance = np.nan_to_num(
            np.array([least.get(c.name, 0.0) for c in self.columns[Channel.BEHAVIOUR]]) / self._spread, nan=0.0
        )
        self._detectors: dict[Channel, Detector] = {
            channel: self._detector(channel, values, strata, groups, seed=seed)
            for channel, (values, strata, groups) in self._values(
                baseline.inputs, baseline.words, baseline.known
            ).items()
        }
        self._sensitivity = Sensitivity(baseline, self._tolerance)
        self._course, self._rate = Course(), MonthlyRate()
        self._epochs: tuple[Epoch, ...] = ()
        self._run_length = self._measure_run_length()
        self._levels = dict.fromkeys(Channel, Level.INSUFFICIENT)
        self._exchanges, self._repeats, self._bursts = 0, Repeats(), Repeats(BURST)
        k = len(self.columns[Channel.BEHAVIOUR])
        # Per recent exchange: signals, effects, topic, whether supported, whether its prompt came before, weight.
        self._recent = np.full((RECENT, 2 * k + 4), np.nan, np.float32)
        self._times = np.full(RECENT, np.nan)
        self._ids, self._traces = [""] * RECENT, [""] * RECENT
        # Departures since the last turn of the model, in whole steps: without sampling their sums are exact.
        self._departed = np.zeros((SUMS, k))
        self._baseline_error = 1.96 / np.sqrt(np.maximum(np.count_nonzero(~np.isnan(baseline.signals), axis=0), 1))

    @property
    def baseline(self) -> Baseline:
        return self._baseline

    @property
    def course(self) -> Course:
        return self._course

    def update(
        self, exchanges: Sequence[Exchange], draws: Sequence[Draw] | None = None, read: Matrix | None = None
    ) -> None:
        """Measures exchanges in order, each with how it was drawn (None: all were) and (n, r) what the gauge's readers
        made of it (None: they are asked). The same stream gives the same bytes however it is cut into calls, but for
        the rounding of neural networks."""
        if not exchanges:
            return
        measured = self._baseline.gauge.measure(exchanges, read)
        seen = self._baseline.conditional.apply(measured)
        times = np.array([np.nan if e.time is None else e.time for e in exchanges])
        again = self._repeats.seen(measured.roots) | self._bursts.seen(measured.templates)
        values = self._values(measured.inputs, measured.words, seen)
        for channel in ONCE:
            value, strata, groups = values[channel]
            values[channel] = value, np.where(again[:, None], np.int32(-1), strata), groups
        draws = [EVERY] * len(exchanges) if draws is None else draws
        even = np.array([draw.even for draw in draws])
        for channel in EVEN:
            value, strata, groups = values[channel]
            values[channel] = value, np.where(even[:, None], strata, np.int32(-1)), groups
        residuals, strata, _ = values[Channel.BEHAVIOUR]
        self._sensitivity.count(self._exchanges, np.where(np.isnan(residuals), np.int32(-1), strata), seen.topic)
        departure = (measured.signals - seen.expected) / self._spread
        weight = 1 / np.array([draw.chance for draw in draws])
        shown = np.column_stack([measured.signals, departure, seen.topic, seen.supported, again, weight])
        start = 0
        while start < len(exchanges):
            stop = min(start + STEP - self._exchanges % STEP, len(exchanges))
            asked = (i.opened + ASK_AGAIN - self._exchanges for i in self._course.lasting)
            stop = min([stop, *(start + ahead for ahead in asked if ahead > 0)])
            for i in range(start, stop):
                place = (self._exchanges + i - start) % RECENT
                self._ids[place] = exchanges[i].id[:ID_CHARACTERS]
                self._traces[place] = exchanges[i].trace_id or ""
            self._step(slice(start, stop), values, shown, times)
            start = stop

    def _step(
        self,
        rows: slice,
        values: Mapping[Channel, tuple[Matrix, Strata, int]],
        shown: Matrix,
        times: NDArray[np.float64],
    ) -> None:
        times = times[rows]
        crossings: list[tuple[int, Channel, Reading]] = []
        for channel, (value, strata, _) in values.items():
            threshold = float(np.log(self._threshold(channel)))
            for crossing in self._detectors[channel].update(value[rows], strata[rows], threshold):
                crossings.append((crossing.row, channel, crossing.reading))
        first = self._exchanges
        self._exchanges += len(times)
        places = np.arange(first, self._exchanges) % RECENT
        self._times[places], self._recent[places] = times, shown[rows]
        self._departed = self._with_departures(self._departed, self._recent[places])
        for row, channel, reading in sorted(crossings, key=lambda c: c[:2]):
            self._turn(first + row + 1, channel, reading, finite(times[row]))
        self._rate.update(times)
        if self._exchanges % STEP == 0:
            self._run_length = self._measure_run_length()
        for incident in self._course.lasting:
            if self._exchanges == incident.opened + ASK_AGAIN and incident.channel in self._detectors:
                opinions = self._opinions(incident.channel, incident.movers, 0, self._exchanges)
                self._course.put_opinions(incident, opinions)

    def _values(self, inputs: Matrix, words: Matrix, seen: Conditioned) -> dict[Channel, tuple[Matrix, Strata, int]]:
        """Per channel what its detector compares, in which strata, and how many strata there are."""
        membership = seen.topic[:, None] == np.arange(len(self._baseline.topics))
        inputs = np.hstack([inputs, words[:, :WORDS], membership])
        strata = np.where(seen.supported[:, None], seen.strata, np.int32(-1))
        return {
            Channel.BEHAVIOUR: (seen.residuals, strata, self._baseline.conditional.groups),
            Channel.STYLE: (
                seen.style.astype(np.float64),
                np.where(seen.supported, seen.style_strata, np.int32(-1))[:, None],
                self._baseline.conditional.groups,
            ),
            Channel.INPUTS: (inputs, np.zeros(inputs.shape, np.int32), 1),
            Channel.SUPPORT: (seen.strange.astype(float), np.zeros(seen.strange.shape, np.int32), 1),
        }

    def _measure_run_length(self) -> float:
        per_month = self._rate.per_month() if self._fixed_rate is None else self._fixed_rate
        return max(per_month / self._false_pages, MIN_RUN_LENGTH)

    def _threshold(self, channel: Channel) -> float:
        return self._run_length / BUDGET[channel]

    def _turn(self, exchange: int, channel: Channel, reading: Reading, when: float | None) -> None:
        """Takes a change of level of one channel, after measured exchange number `exchange`, into the course."""
        verdict = verdict_of(channel)
        moved_already = self._moves(verdict, apart=BESIDE)
        self._levels[channel] = reading.level
        if reading.level is Level.MOVED:
            if not self._course.is_open(verdict):
                self._course.open(self._incident(exchange, channel, reading, when))
            if not moved_already:
                # No further back than the ring holds, wherever the step in which this was seen ends.
                self._measure_departure_since(verdict, max(reading.onset or 0, exchange - RECENT + STEP))
        elif not self._moves(verdict, apart=BESIDE):
            self._measure_departure_since(verdict, exchange)
        self._conclude(verdict, exchange, when)

    def hear(self, channel: Channel, finding: Finding) -> bool:
        """Takes what is known of a channel beside the traffic into the course, as of the exchanges measured so far.
        Whether that changed anything: the same level again does not, and what moved has not come back because it could
        not be measured."""
        verdict = verdict_of(channel)
        before = self._levels[channel]
        if finding.level is before or (before is Level.MOVED and finding.level is Level.INSUFFICIENT):
            return False
        self._levels[channel] = finding.level
        exchange = max(self._exchanges, 1)
        if finding.level is Level.MOVED and not self._course.is_open(verdict):
            self._course.open(
                Incident(
                    id=f"{self._name}-{channel}-{finding.time:.0f}",
                    channel=channel,
                    verdict=verdict,
                    onset=exchange,
                    onset_time=finding.time,
                    opened=exchange,
                    opened_time=finding.time,
                    evidence_log10=round(finding.evidence_log10 or 0.0, 3),
                    threshold_log10=round(finding.threshold_log10, 3),
                    movers=finding.movers,
                    examples=finding.examples,
                )
            )
        self._conclude(verdict, exchange, finding.time)
        return True

    def forget(self, channel: Channel, time: float) -> None:
        """Nothing is known of this channel any more, as of `time` (Unix seconds)."""
        self._levels[channel] = Level.INSUFFICIENT
        self._conclude(verdict_of(channel), max(self._exchanges, 1), time)

    def _moves(self, verdict: Verdict, *, apart: Sequence[Channel] = ()) -> bool:
        """Whether a channel that gives this verdict moves, but for those `apart`."""
        return any(self._levels[c] is Level.MOVED for c in Channel if c not in apart and verdict_of(c) is verdict)

    def _conclude(self, verdict: Verdict, exchange: int, when: float | None) -> None:
        """Closes the incident when nothing moves any more, and turns to the verdict of the levels as they are."""
        if not self._moves(verdict):
            self._course.close(verdict, exchange=exchange, time=when)
        self._course.turn(decide(self._levels), exchange=exchange)

    def _incident(self, exchange: int, channel: Channel, reading: Reading, when: float | None) -> Incident:
        onset = reading.onset or 0  # counted from 0; the ring of times reaches as far back as the detector's memory
        moved = self._movers(channel, reading)
        held = exchange - RECENT + STEP  # rings of that length hold this one, wherever the step ends
        topics, shown = self._told(channel, moved, max(onset, held), exchange)
        traces = (self._traces[ordinal % RECENT] for ordinal in (*shown, exchange - 1))
        return Incident(
            id=f"{self._name}-{channel}-{exchange}",
            channel=channel,
            verdict=verdict_of(channel),
            onset=onset + 1,
            onset_time=finite(self._times[onset % RECENT]),
            opened=exchange,
            opened_time=when,
            evidence_log10=round(reading.evidence, 3),
            threshold_log10=round(reading.threshold, 3),
            movers=moved,
            topics=topics,
            examples=tuple(self._ids[ordinal % RECENT] for ordinal in shown),
            trace_id=next(filter(None, traces), None),
            opinions=self._opinions(channel, moved, held, exchange),
        )

    def _opinions(self, channel: Channel, moved: Sequence[Mover], first: int, exchange: int) -> tuple[Opinion, ...]:
        """What others make of the first mover's ranks, or those along the learned direction, in the exchanges from
        `first` (from 0) up to number `exchange`, and after the last move of this verdict was over."""
        verdict = verdict_of(channel)
        over = max((i.closed or 0 for i in self._course.incidents if i.verdict is verdict), default=0)
        names = [c.name for c in self.columns[channel]]
        column = next((names.index(m.column) for m in moved[:1] if m.column in names), 0)
        rows, ranks = self._detectors[channel].remembered(column)
        kept = (rows >= max(first, over)) & (rows < exchange) & ~np.isnan(ranks)
        places = {name: ask(ranks[kept]) for name, ask in OPINIONS.items()}
        return tuple(Opinion(name, None if i is None else int(rows[kept][i]) + 1) for name, i in places.items())

    def _told(
        self, channel: Channel, moved: Sequence[Mover], onset: int, exchange: int
    ) -> tuple[tuple[str, ...], tuple[int, ...]]:
        """Of the exchanges from `onset` up to number `exchange`: the topics in which the move is most (the sum over
        their exchanges), and the ordinals, from 0, of those that show it most."""
        k = self._departed.shape[1]
        ordinals = np.arange(onset, exchange)
        recent = self._recent[ordinals % RECENT].astype(float)
        counts = recent[:, 2 * k + 2] == 0
        if channel is Channel.SUPPORT:
            shows = np.where(counts, 1.0 - recent[:, 2 * k + 1], 0.0)
        elif channel is Channel.INPUTS:
            return (), ()
        else:
            names = [c.name for c in self.columns[Channel.BEHAVIOUR]]
            where = [names.index(m.column) for m in moved if m.column in names]
            mean = np.nan_to_num(column_means(recent[counts][:, k : 2 * k], recent[counts][:, -1], none=0.0))
            shows = (np.nan_to_num(recent[:, k : 2 * k]) * np.sign(mean))[:, where].sum(axis=1) * counts
        best = [i for i in np.argsort(-shows, kind="stable")[:EXAMPLES] if shows[i] > 0]
        topics = self._baseline.topics
        by_topic = np.bincount(recent[:, 2 * k].astype(int), weights=shows * recent[:, -1], minlength=len(topics))
        most = [t for t in np.argsort(-by_topic, kind="stable")[:EXAMPLES] if by_topic[t] > 0]
        return tuple(topics[t].name for t in most), tuple(int(ordinals[i]) for i in best)

    def _movers(self, channel: Channel, reading: Reading) -> tuple[Mover, ...]:
        """What carries the evidence; for a move in the space of styles, the features in which it is largest."""
        space = self._baseline.gauge.space
        if reading.move is None or space is None:
            return movers(reading.by_column, reading.direction, self.columns[channel])
        features = space.lift @ reading.move
        known = {c.name: c for role in (Role.SIGNAL, Role.STYLE) for c in self._baseline.gauge.columns(role)}
        with np.errstate(divide="ignore"):
            weight = 2 * np.log10(np.abs(features))
        return movers(weight, np.sign(features).astype(np.int8), [known[name] for name in space.names])

    def _detector(self, channel: Channel, values: Matrix, strata: Strata, groups: int, *, seed: int) -> Detector:
        salt = list(Channel).index(channel)
        common = {
            "seed": (seed << 8) + salt,
            "min_exchanges": MIN_EXCHANGES,
            "return_factor": RETURN_FACTOR[channel],
        }
        if channel is Channel.STYLE:
            assert self._baseline.gauge.space is not None
            prior = self._baseline.gauge.space.prior
            return DETECTORS["direction"](reference=values, strata=strata[:, 0], groups=groups, prior=prior, **common)
        if channel is Channel.SUPPORT:
            # Not what the baseline showed, but a share that matters: which prompts are rare is the users' affair.
            values = np.repeat(np.outer([0.0, 1.0], np.ones(values.shape[1])), LITTLE, axis=0)
            strata = np.zeros(values.shape, np.int32)
        bags = Bags.fit(values, strata, groups, seed=seed + salt)
        harm = np.array([c.harm for c in self.columns[channel]], np.int8)
        bets = upper_tail(len(harm)) if channel is Channel.SUPPORT else shift_and_spread(harm)
        tolerance = self._tolerance if channel is Channel.BEHAVIOUR else None
        return DETECTORS["conformal"](
            bags=bags, bets=bets, tolerance=tolerance, learns=channel is not Channel.SUPPORT, **common
        )

    def report(self) -> ModelReport:
        """One look at the model, for those who show it. Milliseconds; more when what would have been seen is
        renewed (see `Sensitivity`)."""
        k, manifest = len(self.columns[Channel.BEHAVIOUR]), self._baseline.manifest
        readings = {channel: detector.reading() for channel, detector in self._detectors.items()}
        recent = self._latest(readings)
        topic, supported, weight = recent[:, 2 * k], recent[:, 2 * k + 1], recent[:, -1]
        topics = tuple(
            TopicReport(t.name, t.share, finite(weight @ (topic == i) / weight.sum()) if len(topic) else None)
            for i, t in enumerate(self._baseline.topics)
        )
        verdict = self._course.verdict
        return ModelReport(
            name=self._name,
            verdict=verdict,
            meaning=meaning(self._levels),
            blind=None,
            exchanges=self._exchanges,
            needed=max(0, MIN_EXCHANGES - readings[Channel.BEHAVIOUR].n),
            last_record_time=finite(self._rate.latest),
            baseline_id=self._baseline.id,
            baseline_exchanges=manifest.exchanges,
            baseline_time=manifest.last_time,
            channels={c: self._channel(c, reading, recent) for c, reading in readings.items()},
            topics=topics,
            input_shift=_shift(topics),
            out_of_support=float(1 - weight @ supported / weight.sum()) if len(recent) else None,
            repeated=float(recent[:, 2 * k + 2].mean()) if len(recent) else None,
            spans=tuple(self._course.spans),
            incidents=tuple(self._course.incidents),
            incidents_opened=dict(self._course.opened),
            readers={reader.name: reader.trouble for reader in self._baseline.gauge.readers},
            epochs=self._epochs,
            trace_id=self._traces[(self._exchanges - 1) % RECENT] or None,
        )

    def _with_departures(self, sums: Matrix, recent: NDArray[np.float32]) -> Matrix:
        """The sums with those of the rows that count added: departures in whole steps, by their weights."""
        k = sums.shape[1]
        counts = (recent[:, 2 * k + 1] > 0) & (recent[:, 2 * k + 2] == 0)
        departure = recent[counts, k : 2 * k].astype(np.float64)
        steps = np.rint(np.clip(departure, -STEEPEST, STEEPEST) / GRAIN)
        return added(sums, steps, recent[counts, -1].astype(np.float64))

    def _measure_departure_since(self, verdict: Verdict, exchange: int) -> None:
        """From where the model turned: the ordinal of an exchange, from 0."""
        if verdict is not Verdict.UNEXPLAINED:
            return
        ordinals = np.arange(exchange, self._exchanges)
        self._departed = self._with_departures(np.zeros_like(self._departed), self._recent[ordinals % RECENT])

    def _effects(self) -> Matrix:
        """(3, k) of each signal: departure from what prompts let expect since the model last turned, in spreads, and
        the bounds of its interval."""
        mean, n, variance = mean_of(self._departed)
        mean, wide = mean * GRAIN, radius(n, variance * GRAIN**2, self._departed[2]) + self._baseline_error
        return np.stack([mean, mean - wide, mean + wide])

    def _latest(self, readings: Mapping[Channel, Reading]) -> Matrix:
        """The rows that are shown as recent: since the latest onset while something moves, else all that are kept."""
        onset = max((r.onset for r in readings.values() if r.onset is not None), default=0)
        ordinals = np.arange(max(onset, self._exchanges - RECENT), self._exchanges)
        return self._recent[ordinals % RECENT].astype(float)

    def _channel(self, channel: Channel, reading: Reading, recent: Matrix) -> ChannelReport:
        columns = self.columns[channel]
        means, detectable = np.full((5, len(columns)), np.nan), None
        threshold = float(np.log10(self._threshold(channel)))
        if channel is Channel.BEHAVIOUR:
            signals = recent[:, : len(columns)]
            means = np.vstack([self._usual, column_means(signals, recent[:, -1]), self._effects()])
            detectable = self._detectable(threshold)
        told = reading.by_column >= TELLING * threshold
        return ChannelReport(
            evidence_log10=finite(reading.evidence),
            threshold_log10=threshold,
            level=reading.level,
            n=reading.n,
            onset=None if reading.onset is None else reading.onset + 1,
            columns=tuple(
                ColumnReport(
                    name=column.name,
                    unit=column.unit,
                    evidence_log10=finite(reading.by_column[i]),
                    move=_move(column, int(reading.direction[i])),
                    samples=int(reading.samples[i]),
                    baseline=finite(means[0, i]),
                    recent=finite(means[1, i]),
                    effect=finite(means[2, i]),
                    effect_low=finite(means[3, i]),
                    effect_high=finite(means[4, i]),
                    harmed=_harmed(column, int(reading.direction[i]), bool(told[i])),
                    detectable=None if detectable is None else detectable[i],
                )
                for i, column in enumerate(columns)
            ),
        )

    def _detectable(self, threshold_log10: float) -> list[Detectable]:
        """Of each signal."""
        found = self._sensitivity.smallest(threshold_log10)
        topic = None if found.topic is None else self._baseline.topics[found.topic].name
        return [
            Detectable(
                move="" if np.isnan(change) else _move(column, int(np.sign(change))),
                change=finite(change),
                effect=finite(change / spread),
                topic=topic,
                topic_change=finite(within),
                topic_effect=finite(within / spread),
            )
            for column, spread, change, within in zip(
                self.columns[Channel.BEHAVIOUR], self._spread, found.change, found.topic_change, strict=True
            )
        ]

    def snapshot(self) -> Snapshot:
        out = {f"{c}.{name}": array for c, d in self._detectors.items() for name, array in d.snapshot().items()}
        out["recent"], out["times"], out["roots"] = self._recent.copy(), self._times.copy(), self._repeats.dump()
        out["templates"], out["compared"] = self._bursts.dump(), self._sensitivity.dump()
        out["departed"], out["ids"], out["traces"] = self._departed.copy(), np.array(self._ids), np.array(self._traces)
        out["scalars"] = np.array([self._exchanges, self._run_length, *self._rate.dump()])
        out["levels"] = np.array([[str(c), str(self._levels[c])] for c in Channel])
        out["course"] = np.frombuffer(self._course.dump(), np.uint8)
        out["epochs"] = np.frombuffer(msgspec.json.encode(self._epochs), np.uint8)
        return out

    def restore(self, snapshot: Snapshot) -> None:
        """The inverse of `snapshot`, for a bank over the same baseline."""
        for channel, detector in self._detectors.items():
            prefix = f"{channel}."
            detector.restore({n.removeprefix(prefix): a for n, a in snapshot.items() if n.startswith(prefix)})
        self._recent, self._times = snapshot["recent"].copy(), snapshot["times"].copy()
        self._ids = snapshot["ids"].tolist()
        if "traces" in snapshot:  # what was stored before traces were known has none
            self._traces = snapshot["traces"].tolist()
        self._repeats, self._departed = Repeats.load(snapshot["roots"]), snapshot["departed"].copy()
        self._bursts = Repeats.load(snapshot["templates"], BURST)
        self._sensitivity.load(snapshot["compared"])
        exchanges, self._run_length, *rate = (float(x) for x in snapshot["scalars"])
        self._exchanges, self._rate = int(exchanges), MonthlyRate.load(rate)
        self._levels |= {Channel(str(c)): Level(str(level)) for c, level in snapshot["levels"]}
        self._course = Course.load(snapshot["course"].tobytes())
        self._epochs = _epochs(snapshot)

    def inherit(self, baseline_id: str, snapshot: Snapshot) -> None:
        """Remembers what was seen against another baseline, from the snapshot of its bank. KeyError or ValueError when
        that of an older version cannot be read; nothing is remembered then."""
        exchanges, _, *rate = (float(x) for x in snapshot["scalars"])
        course, last = Course.load(snapshot["course"].tobytes()), finite(MonthlyRate.load(rate).latest)
        for incident in course.lasting:
            course.close(incident.verdict, exchange=int(exchanges), time=last)
        ended = Epoch(
            baseline_id=baseline_id,
            exchanges=int(exchanges),
            last_time=last,
            spans=tuple(course.spans),
            incidents=tuple(course.incidents),
        )
        self._epochs = (*_epochs(snapshot), ended)[-EPOCHS:]


def _epochs(snapshot: Snapshot) -> tuple[Epoch, ...]:
    """None in the snapshot of a version that did not remember them."""
    if "epochs" not in snapshot:
        return ()
    return msgspec.json.decode(snapshot["epochs"].tobytes(), type=tuple[Epoch, ...])


def movers(
    evidence: Matrix, direction: NDArray[np.int8], columns: Sequence[Column], most: int = 5
) -> tuple[Mover, ...]:
    """The columns that carry the evidence (log10 of each), strongest first, at most `most`, and none with less than a
    hundredth."""
    weight = np.power(10.0, evidence - evidence.max(initial=-np.inf))
    share = weight / weight.sum()
    return tuple(
        Mover(columns[i].name, _move(columns[i], int(direction[i])), round(float(share[i]), 4))
        for i in np.argsort(-share, kind="stable")[:most]
        if share[i] >= 0.01
    )


def _shift(topics: Sequence[TopicReport]) -> float | None:
    """Half the sum of the differences between recent and baseline shares; None before the first exchange."""
    apart = [abs(t.recent - t.baseline) / 2 for t in topics if t.recent is not None]
    return sum(apart) if apart else None


def _move(column: Column, direction: int) -> str:
    return {1: column.rise, -1: column.fall}.get(direction, f"another spread of {column.name}")


def _harmed(column: Column, direction: int, sure: bool) -> bool | None:
    return None if column.harm is Harm.NONE else sure and direction == column.harm
