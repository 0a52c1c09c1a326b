"""What the monitor shows: one frozen report that every exporter, page and command reads."""

import math
from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol

import msgspec

from monitor.interfaces import Level
from monitor.verdict import Channel, Finding, Incident, Span, Verdict, words

TELLING = 0.5
"""A column with this part of the evidence that its channel needs is said to have moved, in words."""

STALE_SECS = 60.0
"""A report older than this comes from a monitor that no longer looks: what it says is no longer so."""


class Blind(StrEnum):
    """Why a model cannot be measured."""

    NO_RECORDS = "no_records"
    NO_CONTENT = "no_content"
    SCORERS = "scorers_moved"
    READERS = "not_read"
    STALLED = "stalled"


class Detectable(msgspec.Struct, frozen=True, kw_only=True):
    """The smallest change of a signal, alone, that would have been seen by now: `change` of its mean, in its unit, with
    its sign, and `move` in words; None and "" where none would have been, however large. A signal with a direction of
    harm in that one, others in the one seen sooner. `topic` is the topic of prompts that was met least, None where none
    is large enough: a change confined to it has to be by `topic_change`, None where none would have been seen; confined
    to another topic a smaller one is seen. `effect` and `topic_effect` are the changes in units of the baseline's
    spread, None also where it has none."""

    move: str
    change: float | None
    effect: float | None
    topic: str | None
    topic_change: float | None
    topic_effect: float | None


class ColumnReport(msgspec.Struct, frozen=True, kw_only=True):
    """One signal or input. `evidence_log10` is its part of the channel's evidence, None before its first value.
    `baseline` and `recent` are means in `unit`; `effect` is the departure from what the prompts let expect since the
    model last turned, in units of the baseline's spread, with an interval that holds at any time; each None when not
    seen, and with sampling weighted back to the traffic. `move` says in words what its evidence points to. `harmed`:
    whether it departs in the direction that does harm, with evidence that is TELLING; None for what has no such
    direction. `detectable` is None for what is no signal."""

    name: str
    unit: str
    evidence_log10: float | None
    move: str
    samples: int
    baseline: float | None = None
    recent: float | None = None
    effect: float | None = None
    effect_low: float | None = None
    effect_high: float | None = None
    harmed: bool | None = None
    detectable: Detectable | None = None


class ChannelReport(msgspec.Struct, frozen=True, kw_only=True):
    """Evidence of one channel against its threshold (log10), the number of exchanges behind it, and its columns."""

    evidence_log10: float | None
    threshold_log10: float
    level: Level
    n: int
    onset: int | None
    columns: tuple[ColumnReport, ...]


class TopicReport(msgspec.Struct, frozen=True):
    """A topic of prompts: its share in the baseline and recently in the traffic (None before the first exchange)."""

    name: str
    baseline: float
    recent: float | None


class ProbeCategory(msgspec.Struct, frozen=True, kw_only=True):
    """One category of probes, today's answers against the evaluated model's. Rates are means over items of answers that
    were bad, `low` and `high` bound their change; evidence is log10 of one over its p-value, against its threshold.
    `detectable` is the smallest loss that would be found every second time, `corrected` is `bad` without the scorer's
    errors, between its bounds (low, share, high). None: not known, or none would be."""

    name: str
    state: str
    items: int
    evidence_log10: float
    threshold_log10: float
    bad_before: float | None = None
    bad: float | None = None
    low: float | None = None
    high: float | None = None
    detectable: float | None = None
    corrected: tuple[float, float, float] | None = None


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """Probes of late against the evaluated model, as of `time` (Unix seconds): the state in a word and a sentence,
    categories worst first, and in words what was found beside them. `findings` are for the verdict. `caveats` say what
    the baseline is not, `left_out` how many answers are not compared, by reason. `blind`: the scorers moved, so that
    nothing can be told."""

    time: float
    state: str
    meaning: str
    categories: tuple[ProbeCategory, ...]
    found: tuple[str, ...]
    findings: Mapping[Channel, Finding]
    caveats: tuple[str, ...] = ()
    left_out: Mapping[str, int] = {}
    blind: bool = False


class ProbesReport(msgspec.Struct, frozen=True, kw_only=True):
    """What is known from probes of one model. `compared` is None while there is nothing to compare. Times are Unix
    seconds, None: not yet, and for `next_due` never; `last_secs` is how long the last run took. `outcomes` (by suite,
    category, outcome), `failures` and `skips` (by reason), `requests` and `tokens` count since the process began, whole
    runs. `accuracy` is the share of anchors that a scorer judged rightly in the last run; `trouble` says why runs that
    are there cannot be compared, or none are put, "" when they can. `events` counts what became of the events of judged
    answers, `sent` and `dropped`, since the process began; empty when none are to be sent."""

    compared: Compared | None
    next_due: float | None
    last_success: float | None
    last_secs: float | None
    outcomes: Mapping[tuple[str, str, str], int]
    failures: Mapping[str, int]
    skips: Mapping[str, int]
    requests: int
    tokens: int
    accuracy: Mapping[str, float] = {}
    trouble: str = ""
    events: Mapping[str, int] = {}


class Epoch(msgspec.Struct, frozen=True, kw_only=True):
    """What a model's course was against a baseline that is no longer the one: `exchanges` were measured against it, the
    last at `last_time` (Unix seconds, None where records carry none). What was open ended with it."""

    baseline_id: str
    exchanges: int
    last_time: float | None
    spans: tuple[Span, ...]
    incidents: tuple[Incident, ...]


class ModelReport(msgspec.Struct, frozen=True, kw_only=True):
    """Everything known about one model. `needed` is the number of exchanges still lacking for a first verdict;
    `repeated` the share of recent measured ones that count for nothing, because their prompt or conversation came
    before. The other shares are those of the traffic, also with sampling. `readers`: of each neural reader that the
    baseline was built with, why its signals are blind, "" when they are not. `epochs`: under earlier baselines, oldest
    first. `trace_id` is that of the latest measured exchange, None when it has none."""

    name: str
    verdict: Verdict
    meaning: str
    blind: Blind | None
    exchanges: int
    needed: int
    last_record_time: float | None
    baseline_id: str
    baseline_exchanges: int
    baseline_time: float | None
    channels: Mapping[Channel, ChannelReport]
    topics: tuple[TopicReport, ...]
    input_shift: float | None
    out_of_support: float | None
    repeated: float | None
    spans: tuple[Span, ...]
    incidents: tuple[Incident, ...]
    incidents_opened: Mapping[Verdict, int]
    probes: ProbesReport | None = None
    readers: Mapping[str, str] = {}
    epochs: tuple[Epoch, ...] = ()
    trace_id: str | None = None

    @property
    def evidence(self) -> Mapping[Channel, ChannelReport | Finding]:
        """What is known of each channel, of the traffic and then beside it."""
        done = self.probes and self.probes.compared
        return {**self.channels, **(done.findings if done else {})}

    @property
    def ratio(self) -> float:
        """The most evidence there is, as a part of what is needed: from 1 on something has moved."""
        known = self.evidence.values()
        return max((max(x.evidence_log10 or 0.0, 0.0) / (x.threshold_log10 or 1.0) for x in known), default=0.0)


class Histogram(msgspec.Struct, frozen=True):
    """Seconds that one stage of the pipeline took per batch: upper bounds, counts at or under each, total, sum."""

    bounds: tuple[float, ...]
    counts: tuple[int, ...]
    total: int
    sum_secs: float


class MonitorReport(msgspec.Struct, frozen=True, kw_only=True):
    """All models, and the monitor about itself. `at` is Unix seconds. Counters have the labels that their keys name."""

    at: float
    namespace: str
    models: tuple[ModelReport, ...]
    records: Mapping[tuple[str, str], int]  # (source, outcome)
    gaps: Mapping[str, int]  # source
    skipped: Mapping[str, int]  # reason
    dead_letters: Mapping[str, int]  # reason
    sampled_ratio: Mapping[str, float]  # model
    read_ratio: Mapping[str, float]  # model, of those that networks read
    lag_records: Mapping[tuple[str, str], int]  # (topic, partition)
    lag_secs: Mapping[str, float]  # source, of those that know how much they have not read yet
    batch_secs: Mapping[str, Histogram]  # stage
    state_failures: int
    ready: bool


class Exporter(Protocol):
    """Where reports go (a seam, here because it speaks of reports). `export` keeps what it is given and returns at
    once."""

    def export(self, report: MonitorReport) -> None: ...


class Canary(Protocol):
    """Puts probes to a model beside its traffic (a seam). The same object is given until something new is known."""

    def report(self) -> ProbesReport: ...


def as_seen_at(report: MonitorReport, now: float) -> MonitorReport:
    """The report as it must be read at `now`: when it is stale, every model is blind, for nobody looks at them."""
    if now - report.at <= STALE_SECS:
        return report
    blind = tuple(
        msgspec.structs.replace(m, verdict=Verdict.BLIND, blind=Blind.STALLED, meaning=words(Verdict.BLIND))
        for m in report.models
    )
    return msgspec.structs.replace(report, models=blind)


def finite(x: float) -> float | None:
    """None for NaN and infinities: no data is a value of its own, never a number by accident."""
    return float(x) if math.isfinite(x) else None
