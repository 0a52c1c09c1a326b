"""The report as Prometheus series: names, help and labels of everything that `/metrics` says, in one file."""

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import CollectorRegistry
from prometheus_client.samples import Exemplar

from monitor import __version__
from monitor.errors import Malformed
from monitor.interfaces import Level
from monitor.probing import Failure, LeftOut, State
from monitor.report import MonitorReport, as_seen_at
from monitor.verdict import Channel, Verdict

_MODEL = ("namespace", "model")
_SEEN = "Smallest change of the signal, alone, that would have been seen by now"
_DECIMALS = 6
"""Of gauges: a microsecond of a time, and more than any evidence or share is sure of."""


def process_registry() -> CollectorRegistry:
    """A fresh registry with the series of the process itself: memory, processor time, garbage collection."""
    registry = CollectorRegistry()
    for collector in (ProcessCollector, PlatformCollector, GCCollector):
        collector(registry=registry)
    return registry


class PrometheusExporter:
    """A collector on a registry that is passed in; every scrape reads the latest report. `now` gives Unix seconds:
    a report that has grown stale makes every model `blind`."""

    def __init__(self, *, registry: CollectorRegistry, now: Callable[[], float]) -> None:
        self._now = now
        self._report: MonitorReport | None = None
        registry.register(self)

    def export(self, report: MonitorReport) -> None:
        self._report = report

    def describe(self) -> Iterable[Metric]:
        """Nothing: series depend on the models, and registering must not collect."""
        return ()

    def collect(self) -> Iterator[Metric]:
        build = InfoMetricFamily("tidegauge_build", "Version of the monitor.")
        build.add_metric((), {"version": __version__})
        yield build
        if self._report is None:
            return
        report = as_seen_at(self._report, self._now())
        yield from _verdicts(report)
        yield from _evidence(report)
        yield from _signals(report)
        yield from _inputs(report)
        yield from _baselines(report)
        yield from _probes(report)
        yield from _itself(report)


def _gauge(name: str, text: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"tidegauge_{name}", text, labels=(*_MODEL, *labels))


def _verdicts(report: MonitorReport) -> Iterator[Metric]:
    verdict = _gauge("verdict", "1 for the present verdict of the model, 0 for each other verdict.", "verdict")
    needed = _gauge("exchanges_needed", "Exchanges still lacking for a first verdict.")
    exchanges = CounterMetricFamily("tidegauge_exchanges", "Exchanges measured.", labels=_MODEL)
    incidents = CounterMetricFamily(
        "tidegauge_incidents", "Incidents opened, by what they were.", labels=(*_MODEL, "verdict")
    )
    onset = _gauge(
        "incident_onset_timestamp_seconds", "Record time at which the open incident most likely began.", "verdict"
    )
    for model in report.models:
        key = (report.namespace, model.name)
        for v in Verdict:
            verdict.add_metric((*key, v), float(model.verdict is v))
        for v in (Verdict.UNEXPLAINED, Verdict.EXPLAINED, Verdict.OUT_OF_SUPPORT):
            traces = (i.trace_id for i in reversed(model.incidents) if i.verdict is v and i.trace_id)
            incidents.add_metric((*key, v), model.incidents_opened.get(v, 0), exemplar=_trace(next(traces, None)))
        for incident in model.incidents:
            if incident.closed is None:
                _add_if(onset, (*key, incident.verdict), incident.onset_time)
        needed.add_metric(key, model.needed)
        exchanges.add_metric(key, model.exchanges, exemplar=_trace(model.trace_id))
    yield from (verdict, needed, exchanges, incidents, onset)


def _evidence(report: MonitorReport) -> Iterator[Metric]:
    labels = ("channel", "signal")
    evidence = _gauge(
        "evidence_log10",
        "Evidence that the channel left its baseline; signal 'all' is their sum, which is tested.",
        *labels,
    )
    threshold = _gauge(
        "evidence_threshold_log10", "Evidence at which an incident opens, from the error budget.", *labels
    )
    compared = _gauge("evidence_exchanges", "Exchanges behind the evidence.", "channel")
    for model in report.models:
        for channel, known in model.channels.items():
            key = (report.namespace, model.name, channel)
            named = [("all", known.evidence_log10), *((c.name, c.evidence_log10) for c in known.columns)]
            for signal, value in named:
                _add_if(evidence, (*key, signal), value)
            if known.evidence_log10 is not None:
                _add_if(threshold, (*key, "all"), known.threshold_log10)
            compared.add_metric(key, known.n)
    yield from (evidence, threshold, compared)


def _signals(report: MonitorReport) -> Iterator[Metric]:
    mean = _gauge("signal_mean", "Mean of a signal of the answers: window 'baseline' or 'recent'.", "signal", "window")
    effect, low, high = (
        _gauge(
            f"signal_effect{bound}",
            f"{text} what prompts let expect, since the model last turned, in spreads.",
            "signal",
        )
        for bound, text in (
            ("", "Departure from"),
            ("_low", "Least departure from"),
            ("_high", "Largest departure from"),
        )
    )
    harmed = _gauge(
        "signal_harmed",
        "1 while a signal departs in the direction that does harm, with half the evidence needed or more, else 0.",
        "signal",
    )
    samples = _gauge("signal_samples", "Values of the signal that were compared.", "signal")
    smallest = {
        "effect": _gauge("detectable_effect", f"{_SEEN}, in spreads.", "signal"),
        "change": _gauge("detectable_change", f"{_SEEN}, in its unit.", "signal"),
    }
    for model in report.models:
        key = (report.namespace, model.name)
        for column in model.channels[Channel.BEHAVIOUR].columns:
            for window, value in (("baseline", column.baseline), ("recent", column.recent)):
                _add_if(mean, (*key, column.name, window), value)
            _add_if(effect, (*key, column.name), column.effect)
            _add_if(low, (*key, column.name), column.effect_low)
            _add_if(high, (*key, column.name), column.effect_high)
            _add_if(harmed, (*key, column.name), column.harmed)
            samples.add_metric((*key, column.name), column.samples)
            for field, family in smallest.items():
                _add_if(family, (*key, column.name), getattr(column.detectable, field, None))
    yield from (mean, effect, low, high, harmed, samples, *smallest.values())


def _inputs(report: MonitorReport) -> Iterator[Metric]:
    shift = _gauge("input_shift", "Distance of the recent mix of topics from the baseline's, 0 to 1.")
    again = _gauge(
        "repeated_ratio", "Share of recent exchanges whose prompt or conversation came before: counted once."
    )
    outside = _gauge(
        "out_of_support_ratio", "Share of recent exchanges whose prompts the baseline never saw the like of."
    )
    for model in report.models:
        key = (report.namespace, model.name)
        _add_if(shift, key, model.input_shift)
        _add_if(outside, key, model.out_of_support)
        _add_if(again, key, model.repeated)
    yield from (shift, outside, again)


def _baselines(report: MonitorReport) -> Iterator[Metric]:
    info = InfoMetricFamily("tidegauge_baseline", "The baseline that the model is compared with.", labels=_MODEL)
    time = _gauge("baseline_timestamp_seconds", "Time of the last exchange of the baseline.")
    rows = _gauge("baseline_exchanges", "Exchanges in the baseline.")
    last = _gauge("last_record_timestamp_seconds", "Time of the model's latest measured record.")
    for model in report.models:
        key = (report.namespace, model.name)
        info.add_metric(key, {"baseline": model.baseline_id})
        rows.add_metric(key, model.baseline_exchanges)
        _add_if(time, key, model.baseline_time)
        _add_if(last, key, model.last_record_time)
    yield from (info, time, rows, last)


def _probes(report: MonitorReport) -> Iterator[Metric]:
    yield from _probed(report)
    yield from _runs(report)


def _probed(report: MonitorReport) -> Iterator[Metric]:
    """What probes say about the model, once they were compared."""
    state = _gauge("probe_state", "1 for what the last comparison of probes says, 0 for the rest.", "state")
    evidence = _gauge(
        "probe_evidence_log10", "One over the chance of answers so bad, were nothing changed.", "category"
    )
    threshold = _gauge("probe_evidence_threshold_log10", "Evidence at which answers count as worse.", "category")
    before = _gauge("probe_baseline_bad_ratio", "Share of bad answers of the evaluated model.", "category")
    bad = _gauge("probe_bad_ratio", "Share of bad answers in the runs that are compared.", "category")
    loss = _gauge(
        "probe_detectable_loss", "Smallest rise of that share that would be found every second time.", "category"
    )
    items = _gauge("probe_items", "Items that were compared.", "category")
    left_out = _gauge("probe_left_out", "Answers of the compared runs that are not compared.", "reason")
    identity = _gauge("identity_changed", "1 while another model answers than the evaluated one.", "kind")
    for model in report.models:
        if model.probes is None:
            continue
        key, done = (report.namespace, model.name), model.probes.compared
        for name in State:
            state.add_metric((*key, name), float(name == (State.NOT_ENOUGH if done is None else done.state)))
        for c in () if done is None else done.categories:
            of = (*key, c.name)
            for family, value in (
                (evidence, c.evidence_log10),
                (threshold, c.threshold_log10),
                (before, c.bad_before),
                (bad, c.bad),
                (loss, c.detectable),
                (items, c.items),
            ):
                _add_if(family, of, value)
        for reason in LeftOut if done is not None else ():
            left_out.add_metric((*key, reason), done.left_out.get(reason, 0) if done is not None else 0)
        if done is not None and (who := done.findings.get(Channel.IDENTITY)) is not None:
            identity.add_metric((*key, "first_tokens"), float(who.level is Level.MOVED))
    yield from (state, evidence, threshold, before, bad, loss, items, left_out, identity)


def _runs(report: MonitorReport) -> Iterator[Metric]:
    """What runs of probes came to. All reasons stand at 0 from the start."""
    outcomes, failures, skips, requests, tokens = (
        CounterMetricFamily(f"tidegauge_probe_{name}", text, labels=(*_MODEL, *labels))
        for name, text, labels in (
            ("outcomes", "Probes put, by what their answers were judged to be.", ("suite", "category", "outcome")),
            ("failures", "Probes without an answer.", ("reason",)),
            ("runs_skipped", "Runs that were due and are not whole.", ("reason",)),
            ("requests", "Requests to the endpoint, tries included.", ()),
            ("cost_tokens", "Tokens of prompts and answers.", ()),
        )
    )
    events = CounterMetricFamily(
        "tidegauge_otel_events", "Events of judged probes, by what became of them.", labels=(*_MODEL, "outcome")
    )
    anchors = _gauge("scorer_anchor_accuracy", "Share of anchors that the scorer judged rightly.", "scorer")
    success = _gauge("probe_last_success_timestamp_seconds", "When the last whole run ended.")
    due = _gauge("probe_next_run_timestamp_seconds", "When the next run begins.")
    took = _gauge("probe_duration_seconds", "How long the last run took.")
    for model in report.models:
        if (probes := model.probes) is None:
            continue
        key = (report.namespace, model.name)
        for of, n in probes.outcomes.items():
            outcomes.add_metric((*key, *of), n)
        for reason in Failure:
            failures.add_metric((*key, reason), probes.failures.get(reason, 0))
        for skip, n in probes.skips.items():
            skips.add_metric((*key, skip), n)
        for scorer, share in probes.accuracy.items():
            anchors.add_metric((*key, scorer), share)
        for outcome, n in probes.events.items():
            events.add_metric((*key, outcome), n)
        requests.add_metric(key, probes.requests)
        tokens.add_metric(key, probes.tokens)
        _add_if(success, key, probes.last_success)
        _add_if(due, key, probes.next_due)
        _add_if(took, key, probes.last_secs)
    yield from (outcomes, failures, skips, requests, tokens, events, anchors, success, due, took)


def _itself(report: MonitorReport) -> Iterator[Metric]:
    yield from _traffic(report)
    at = report.namespace
    failures = _counter("state_failures", "Saves of the state that failed.")
    failures.add_metric((at,), report.state_failures)
    stages = HistogramMetricFamily(
        "tidegauge_batch_seconds", "Time that a stage took for one batch.", labels=("namespace", "stage")
    )
    for stage, h in report.batch_secs.items():
        buckets = [(f"{bound:g}", float(n)) for bound, n in zip(h.bounds, h.counts, strict=True)]
        stages.add_metric((at, stage), [*buckets, ("+Inf", float(h.total))], h.sum_secs)
    up = _gauge("reader_up", "1 for a network whose signals are measured, 0 for one that is blind.", "reader")
    for m in report.models:
        for name, why in m.readers.items():
            up.add_metric((at, m.name, name), float(not why))
    read = _gauge("read_ratio", "Share of the sampled exchanges that networks had time to read.")
    for model, ratio in report.read_ratio.items():
        read.add_metric((at, model), ratio)
    sampled = _gauge("sampled_ratio", "Chance of an exchange to be measured.")
    for model, ratio in report.sampled_ratio.items():
        sampled.add_metric((at, model), ratio)
    yield from (failures, stages, up, read, sampled)


def _traffic(report: MonitorReport) -> Iterator[Metric]:
    """What became of records. All reasons of dead letters stand at 0 from the start, so that the first one counts as
    an increase."""
    at = report.namespace
    records = _counter("records", "Records read, by what became of them.", "source", "outcome")
    gaps = _counter("gaps", "Times that records were gone before they were read.", "source")
    skipped = _counter("records_skipped", "Readable records that were not measured.", "reason")
    letters = _counter("dead_letters", "Records that could not be read.", "reason")
    lag = GaugeMetricFamily(
        "tidegauge_kafka_lag_records", "Records not yet read.", labels=("namespace", "topic", "partition")
    )
    late = GaugeMetricFamily(
        "tidegauge_kafka_lag_seconds", "Age of the last record read; 0 when all are.", labels=("namespace", "source")
    )
    for outcome_key, n in report.records.items():
        records.add_metric((at, *outcome_key), n)
    for source, n in report.gaps.items():
        gaps.add_metric((at, source), n)
    for reason, n in report.skipped.items():
        skipped.add_metric((at, reason), n)
    for reason, n in (dict.fromkeys(map(str, Malformed), 0) | dict(report.dead_letters)).items():
        letters.add_metric((at, reason), n)
    for lag_key, n in report.lag_records.items():
        lag.add_metric((at, *lag_key), n)
    for source, secs in report.lag_secs.items():
        late.add_metric((at, source), secs)
    yield from (records, gaps, skipped, letters, lag, late)


def _counter(name: str, text: str, *labels: str) -> CounterMetricFamily:
    return CounterMetricFamily(f"tidegauge_{name}", text, labels=("namespace", *labels))


def _trace(trace_id: str | None) -> Exemplar | None:
    """One of what was counted, by its trace. Without a time of its own: a scraper that sees it again knows it."""
    return None if trace_id is None else Exemplar({"trace_id": trace_id}, 1.0)


def _add_if(family: GaugeMetricFamily, key: tuple[str, ...], value: float | None) -> None:
    if value is not None:
        family.add_metric(key, round(value, _DECIMALS))
