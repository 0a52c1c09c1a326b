"""The Prometheus exporter: every name, label and value that `/metrics` says."""

import gzip
import math
import re
import subprocess
import time
from pathlib import Path

import pytest
from prometheus import on_each_prometheus
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily
from prometheus_client.exposition import choose_encoder, generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Exemplar
from reports import NOW, bare_model, changed, channel, column, incident, model, probes, report

from monitor import demo
from monitor.errors import Malformed
from monitor.exporters.exposition import exposition
from monitor.exporters.prometheus import PrometheusExporter, process_registry
from monitor.verdict import Channel, Verdict

MODEL = ("namespace", "model")
OWN = ("namespace",)

CONTRACT = {
    "tidegauge_verdict": (*MODEL, "verdict"),
    "tidegauge_evidence_log10": (*MODEL, "channel", "signal"),
    "tidegauge_evidence_threshold_log10": (*MODEL, "channel", "signal"),
    "tidegauge_signal_mean": (*MODEL, "signal", "window"),
    "tidegauge_signal_effect": (*MODEL, "signal"),
    "tidegauge_signal_effect_low": (*MODEL, "signal"),
    "tidegauge_signal_effect_high": (*MODEL, "signal"),
    "tidegauge_signal_samples": (*MODEL, "signal"),
    "tidegauge_detectable_effect": (*MODEL, "signal"),
    "tidegauge_out_of_support_ratio": MODEL,
    "tidegauge_repeated_ratio": MODEL,
    "tidegauge_input_shift": MODEL,
    "tidegauge_incidents_total": (*MODEL, "verdict"),
    "tidegauge_incident_onset_timestamp_seconds": (*MODEL, "verdict"),
    "tidegauge_baseline_info": (*MODEL, "baseline"),
    "tidegauge_baseline_timestamp_seconds": MODEL,
    "tidegauge_probe_outcomes_total": (*MODEL, "suite", "category", "outcome"),
    "tidegauge_probe_bad_ratio": (*MODEL, "category"),
    "tidegauge_probe_baseline_bad_ratio": (*MODEL, "category"),
    "tidegauge_probe_evidence_log10": (*MODEL, "category"),
    "tidegauge_probe_last_success_timestamp_seconds": MODEL,
    "tidegauge_probe_cost_tokens_total": MODEL,
    "tidegauge_probe_duration_seconds": MODEL,
    "tidegauge_identity_changed": (*MODEL, "kind"),
    "tidegauge_scorer_anchor_accuracy": (*MODEL, "scorer"),
    "tidegauge_records_total": (*OWN, "source", "outcome"),
    "tidegauge_records_skipped_total": (*OWN, "reason"),
    "tidegauge_dead_letters_total": (*OWN, "reason"),
    "tidegauge_kafka_lag_records": (*OWN, "topic", "partition"),
    "tidegauge_kafka_lag_seconds": (*OWN, "source"),
    "tidegauge_sampled_ratio": MODEL,
    "tidegauge_read_ratio": MODEL,
    "tidegauge_reader_up": (*MODEL, "reader"),
    "tidegauge_batch_seconds": (*OWN, "stage"),
    "tidegauge_last_record_timestamp_seconds": MODEL,
    "tidegauge_build_info": ("version",),
}
"""Names that users build on, with their labels: what is here keeps its name."""

MORE = {
    "tidegauge_signal_harmed": (*MODEL, "signal"),
    "tidegauge_detectable_change": (*MODEL, "signal"),
    "tidegauge_exchanges_total": MODEL,
    "tidegauge_exchanges_needed": MODEL,
    "tidegauge_evidence_exchanges": (*MODEL, "channel"),
    "tidegauge_baseline_exchanges": MODEL,
    "tidegauge_probe_state": (*MODEL, "state"),
    "tidegauge_probe_evidence_threshold_log10": (*MODEL, "category"),
    "tidegauge_probe_items": (*MODEL, "category"),
    "tidegauge_probe_left_out": (*MODEL, "reason"),
    "tidegauge_probe_detectable_loss": (*MODEL, "category"),
    "tidegauge_probe_requests_total": MODEL,
    "tidegauge_otel_events_total": (*MODEL, "outcome"),
    "tidegauge_probe_failures_total": (*MODEL, "reason"),
    "tidegauge_probe_runs_skipped_total": (*MODEL, "reason"),
    "tidegauge_probe_next_run_timestamp_seconds": MODEL,
    "tidegauge_gaps_total": (*OWN, "source"),
    "tidegauge_state_failures_total": OWN,
}

API = Path(__file__).parents[2] / "docs" / "api.md"


class Scrape:
    """An exporter on a registry of its own, and what a scrape of it says."""

    def __init__(self, *reports, now=NOW):
        self.registry = CollectorRegistry()
        exporter = PrometheusExporter(registry=self.registry, now=lambda: now)
        for each in reports:
            exporter.export(each)

    def families(self):
        return list(text_string_to_metric_families(generate_latest(self.registry).decode()))

    def series(self):
        """Samples as {(name, labels): value}."""
        samples = [s for family in self.families() for s in family.samples]
        return {(s.name, frozenset(s.labels.items())): s.value for s in samples}

    def of(self, name, **labels):
        """The values of the series `name` whose labels include these."""
        return {
            key: value
            for key, value in self.series().items()
            if key[0] == name and labels.items() <= dict(key[1]).items()
        }

    def value(self, name, **labels):
        return self.series()[name, frozenset(labels.items())]


def emitted(families):
    """Name -> set of label names, as a user writes them (a histogram under its one name)."""
    out = {}
    for family in families:
        for sample in family.samples:
            name = family.name if family.type == "histogram" else sample.name
            out.setdefault(name, set()).add(frozenset(sample.labels) - {"le"})
    return {name: labels for name, labels in out.items() if name.startswith("tidegauge_")}


def full_report():
    """A report in which everything that can be said is said."""
    return report(
        model(
            verdict=Verdict.UNEXPLAINED,
            incidents=(incident(Channel.BEHAVIOUR),),
            incidents_opened={Verdict.UNEXPLAINED: 1},
            probes=probes(),
        )
    )


@pytest.fixture(scope="module")
def ran():
    """A monitor after the whole recording."""
    with demo.prepared(host="127.0.0.1", port=0, pause_secs=0.0, wait=lambda _: None) as monitor:
        monitor.run()
        yield monitor


def test_each_series_has_the_name_and_the_labels_that_users_build_on():
    wanted = {name: {frozenset(labels)} for name, labels in (CONTRACT | MORE).items()}
    assert emitted(Scrape(full_report()).families()) == wanted


def test_a_real_run_says_nothing_outside_the_contract_and_all_of_it_about_models(ran):
    text = generate_latest(ran.registry).decode()
    said = emitted(text_string_to_metric_families(text))
    wanted = {name: {frozenset(labels)} for name, labels in (CONTRACT | MORE).items()}
    assert said.items() <= wanted.items()
    # No broker, no probes and no networks here, the recording's records carry no time, no incident need be open at its
    # end.
    absent = {name for name in wanted if name not in said and not name.startswith("tidegauge_probe_")}
    assert absent <= {
        "tidegauge_identity_changed",
        "tidegauge_otel_events_total",
        "tidegauge_scorer_anchor_accuracy",
        "tidegauge_kafka_lag_records",
        "tidegauge_kafka_lag_seconds",
        "tidegauge_read_ratio",
        "tidegauge_reader_up",
        "tidegauge_incident_onset_timestamp_seconds",
        "tidegauge_records_skipped_total",
    }


def rounded(value):
    """As `/metrics` says it."""
    return round(value, 6)


def test_a_real_run_exports_the_values_of_its_report(ran):
    known = ran.board.latest().models[0]
    value = ran.registry.get_sample_value
    labels = {"namespace": "demo", "model": demo.MODEL}
    assert value("tidegauge_exchanges_total", labels) == known.exchanges > 200
    assert value("tidegauge_verdict", labels | {"verdict": str(known.verdict)}) == 1
    for about, seen in known.channels.items():
        at = labels | {"channel": str(about)}
        assert value("tidegauge_evidence_log10", at | {"signal": "all"}) == rounded(seen.evidence_log10)
        assert value("tidegauge_evidence_threshold_log10", at | {"signal": "all"}) == rounded(seen.threshold_log10)
        assert value("tidegauge_evidence_exchanges", at) == seen.n
    assert value("tidegauge_records_total", {"namespace": "demo", "source": "recording", "outcome": "measured"}) > 200


def test_values_arrive_as_they_are():
    scrape = Scrape(full_report())
    at = {"namespace": "shop", "model": "bot"}
    for (name, labels), value in {
        ("tidegauge_evidence_log10", (("channel", "behaviour"), ("signal", "all"))): 1.5,
        ("tidegauge_evidence_log10", (("channel", "behaviour"), ("signal", "refusal"))): 1.25,
        ("tidegauge_evidence_threshold_log10", (("channel", "support"), ("signal", "all"))): 5.3,
        ("tidegauge_evidence_exchanges", (("channel", "inputs"),)): 50,
        ("tidegauge_signal_mean", (("signal", "refusal"), ("window", "baseline"))): 0.1,
        ("tidegauge_signal_mean", (("signal", "refusal"), ("window", "recent"))): 0.3,
        ("tidegauge_signal_effect", (("signal", "answer_length"),)): -0.2,
        ("tidegauge_signal_effect_low", (("signal", "refusal"),)): 0.5,
        ("tidegauge_signal_effect_high", (("signal", "refusal"),)): 0.875,
        ("tidegauge_signal_samples", (("signal", "refusal"),)): 40,
        ("tidegauge_detectable_effect", (("signal", "refusal"),)): 0.25,
        ("tidegauge_detectable_change", (("signal", "refusal"),)): 0.0625,
        ("tidegauge_detectable_effect", (("signal", "answer_length"),)): -0.375,
        ("tidegauge_input_shift", ()): 0.25,
        ("tidegauge_out_of_support_ratio", ()): 0.125,
        ("tidegauge_repeated_ratio", ()): 0.0625,
        ("tidegauge_incidents_total", (("verdict", "unexplained"),)): 1,
        ("tidegauge_incidents_total", (("verdict", "explained"),)): 0,
        ("tidegauge_incident_onset_timestamp_seconds", (("verdict", "unexplained"),)): NOW - 600,
        ("tidegauge_exchanges_total", ()): 60,
        ("tidegauge_exchanges_needed", ()): 0,
        ("tidegauge_baseline_info", (("baseline", "0123456789ab"),)): 1,
        ("tidegauge_baseline_timestamp_seconds", ()): NOW - 86_400,
        ("tidegauge_baseline_exchanges", ()): 400,
        ("tidegauge_last_record_timestamp_seconds", ()): NOW - 5,
        ("tidegauge_sampled_ratio", ()): 0.5,
        ("tidegauge_read_ratio", ()): 0.25,
        ("tidegauge_reader_up", (("reader", "meaning"),)): 1,
        ("tidegauge_reader_up", (("reader", "harm"),)): 0,
        ("tidegauge_probe_state", (("state", "worse"),)): 1,
        ("tidegauge_probe_state", (("state", "steady"),)): 0,
        ("tidegauge_probe_evidence_log10", (("category", "harmful_content"),)): 6.5,
        ("tidegauge_probe_evidence_threshold_log10", (("category", "bias"),)): 4.25,
        ("tidegauge_probe_baseline_bad_ratio", (("category", "harmful_content"),)): 0.125,
        ("tidegauge_probe_bad_ratio", (("category", "harmful_content"),)): 0.5,
        ("tidegauge_probe_detectable_loss", (("category", "harmful_content"),)): 0.0625,
        ("tidegauge_probe_items", (("category", "harmful_content"),)): 52,
        (
            "tidegauge_probe_outcomes_total",
            (("suite", "harmful-content"), ("category", "harmful_content"), ("outcome", "bad")),
        ): 26,
        ("tidegauge_probe_failures_total", (("reason", "timeout"),)): 4,
        ("tidegauge_probe_failures_total", (("reason", "unauthorized"),)): 0,
        ("tidegauge_probe_runs_skipped_total", (("reason", "target_down"),)): 1,
        ("tidegauge_probe_requests_total", ()): 56,
        ("tidegauge_probe_cost_tokens_total", ()): 9_000,
        ("tidegauge_otel_events_total", (("outcome", "sent"),)): 50,
        ("tidegauge_otel_events_total", (("outcome", "dropped"),)): 6,
        ("tidegauge_probe_last_success_timestamp_seconds", ()): NOW - 900,
        ("tidegauge_probe_next_run_timestamp_seconds", ()): NOW + 3_600,
        ("tidegauge_probe_duration_seconds", ()): 240,
        ("tidegauge_probe_left_out", (("reason", "edited"),)): 3,
        ("tidegauge_probe_left_out", (("reason", "old"),)): 0,
        ("tidegauge_scorer_anchor_accuracy", (("scorer", "refusal"),)): 0.875,
        ("tidegauge_identity_changed", (("kind", "first_tokens"),)): 1,
    }.items():
        assert scrape.value(name, **at, **dict(labels)) == value, (name, labels)
    own = {"namespace": "shop"}
    assert scrape.value("tidegauge_records_total", **own, source="kafka", outcome="measured") == 60
    assert scrape.value("tidegauge_gaps_total", **own, source="kafka") == 1
    assert scrape.value("tidegauge_records_skipped_total", **own, reason="no_content") == 3
    assert scrape.value("tidegauge_dead_letters_total", **own, reason="not_json") == 2
    assert scrape.value("tidegauge_kafka_lag_records", **own, topic="llm-traffic", partition="0") == 7
    assert scrape.value("tidegauge_kafka_lag_seconds", **own, source="kafka") == 1.5
    assert scrape.value("tidegauge_state_failures_total", **own) == 0


def test_a_stages_times_are_a_histogram():
    scrape, at = Scrape(full_report()), {"namespace": "shop", "stage": "measure"}
    buckets = [scrape.value("tidegauge_batch_seconds_bucket", **at, le=le) for le in ("0.001", "0.1", "+Inf")]
    assert buckets == [1, 4, 5]
    assert scrape.value("tidegauge_batch_seconds_count", **at) == 5
    assert scrape.value("tidegauge_batch_seconds_sum", **at) == 0.75


def test_what_is_not_known_has_no_series():
    scrape = Scrape(report(bare_model(), records={}, skipped={}, lag_records={}, lag_secs={}, batch_secs={}))
    said = emitted(scrape.families())
    for name in (
        "tidegauge_evidence_log10",
        "tidegauge_evidence_threshold_log10",
        "tidegauge_signal_mean",
        "tidegauge_signal_effect",
        "tidegauge_signal_effect_low",
        "tidegauge_signal_effect_high",
        "tidegauge_detectable_effect",
        "tidegauge_detectable_change",
        "tidegauge_input_shift",
        "tidegauge_out_of_support_ratio",
        "tidegauge_repeated_ratio",
        "tidegauge_baseline_timestamp_seconds",
        "tidegauge_last_record_timestamp_seconds",
        "tidegauge_incident_onset_timestamp_seconds",
        "tidegauge_kafka_lag_records",
    ):
        assert name not in said
    assert scrape.value("tidegauge_exchanges_needed", namespace="shop", model="bot") == 30
    assert not any(math.isnan(value) for value in scrape.series().values()), "NaN is not a reading"


def test_a_change_that_would_not_have_been_seen_has_no_series():
    scrape = Scrape(full_report())
    assert not scrape.of("tidegauge_detectable_effect", signal="new_secret")


def test_signals_of_what_would_have_been_seen_are_those_of_the_baseline(ran):
    columns = ran.board.latest().models[0].channels[Channel.BEHAVIOUR].columns
    for field in ("effect", "change"):
        samples = [s for f in ran.registry.collect() for s in f.samples if s.name == f"tidegauge_detectable_{field}"]
        said = {s.labels["signal"]: s.value for s in samples}
        assert said == {c.name: rounded(x) for c in columns if (x := getattr(c.detectable, field)) is not None}
    assert any(c.detectable.effect is not None for c in columns)


def test_evidence_that_is_tested_never_stands_without_its_threshold(ran):
    for registry in (ran.registry, Scrape(full_report()).registry):
        samples = [s for family in registry.collect() for s in family.samples if s.labels.get("signal") == "all"]
        evidence, threshold = (
            {frozenset(s.labels.items()) for s in samples if s.name == name}
            for name in ("tidegauge_evidence_log10", "tidegauge_evidence_threshold_log10")
        )
        assert evidence == threshold
        assert evidence


class Traced:
    """A collector of a counter with an exemplar."""

    def collect(self):
        family = CounterMetricFamily("tidegauge_traced", "A \\ and a\nline.", labels=("of",))
        exemplar = Exemplar({"trace_id": "ab" * 16}, 1.0, NOW)
        family.add_sample("tidegauge_traced_total", {"of": "x"}, 2.0, None, exemplar)
        yield family


def test_the_text_is_what_the_client_would_write():
    """Read by the client's own parsers, series by series, and by the value; exemplars too."""
    hostile = 'a "b" \\ c\nd'
    registry = Scrape(report(model(hostile, probes=probes()), model("other"))).registry
    registry.register(Traced())
    for accept, parse in (
        ("application/openmetrics-text; version=1.0.0", parse_openmetrics),
        ("text/plain", text_string_to_metric_families),
    ):
        encode, named = choose_encoder(accept)
        body, content_type = exposition(registry, accept)
        assert content_type == named
        own, theirs = (list(parse(text.decode())) for text in (body, encode(registry)))
        assert [(f.name, f.type, f.documentation) for f in own] == [(f.name, f.type, f.documentation) for f in theirs]
        assert [f.samples for f in own] == [f.samples for f in theirs]
    assert exposition(registry, "application/openmetrics-text; version=1.0.0")[0].endswith(b"# EOF\n")


def test_a_fleet_is_written_fast_and_small():
    """50 models of 40 signals: within 2 MB on the wire, which Prometheus asks to be packed, and 100 ms of an idle core;
    on a busy one a multiple of that is left."""
    signals = [
        column(f"signal_{i}", i / 7, baseline=i / 3, recent=i / 9, effect=i / 11, effect_low=i / 13, effect_high=i / 17)
        for i in range(40)
    ]
    known = {Channel.BEHAVIOUR: channel(1.5, *signals), Channel.INPUTS: channel(0.5, *signals)}
    registry = Scrape(report(*(model(f"bot-{i}", channels=known, probes=probes()) for i in range(50)))).registry
    took = []
    for _ in range(3):
        start = time.thread_time()
        body, _ = exposition(registry, "application/openmetrics-text; version=1.0.0")
        took.append(time.thread_time() - start)
    assert len(gzip.compress(body, 1)) < 2e6
    assert min(took) < 0.5


@pytest.mark.parametrize("verdict", Verdict)
def test_exactly_one_verdict_holds(verdict):
    said = Scrape(report(model(verdict=verdict))).of("tidegauge_verdict")
    assert {dict(labels)["verdict"]: value for (_, labels), value in said.items()} == {
        str(v): float(v is verdict) for v in Verdict
    }


def test_models_do_not_mix():
    scrape = Scrape(report(model("a", Verdict.UNEXPLAINED), model("b")))
    holds = {
        (dict(labels)["model"], dict(labels)["verdict"])
        for (_, labels), v in scrape.of("tidegauge_verdict").items()
        if v
    }
    assert holds == {("a", "unexplained"), ("b", "steady")}


def test_a_closed_incident_is_counted_but_has_no_onset():
    over = model(incidents=(incident(Channel.INPUTS, closed=55),), incidents_opened={Verdict.EXPLAINED: 1})
    scrape = Scrape(report(over))
    assert not scrape.of("tidegauge_incident_onset_timestamp_seconds")
    assert scrape.value("tidegauge_incidents_total", namespace="shop", model="bot", verdict="explained") == 1


def test_every_kind_of_dead_letter_and_incident_stands_at_zero_so_that_the_first_one_is_an_increase():
    scrape = Scrape(report(bare_model(), dead_letters={}))
    letters = scrape.of("tidegauge_dead_letters_total")
    assert {dict(labels)["reason"] for _, labels in letters} == {str(reason) for reason in Malformed}
    incidents = scrape.of("tidegauge_incidents_total")
    assert {dict(labels)["verdict"] for _, labels in incidents} == {"unexplained", "explained", "out_of_support"}
    assert set(letters.values()) == set(incidents.values()) == {0.0}


def test_counters_are_those_of_the_report_so_that_a_restored_one_goes_on():
    fresh, restored = Scrape(report(model(exchanges=0))), Scrape(report(model(exchanges=123_456)))
    at = {"namespace": "shop", "model": "bot"}
    assert fresh.value("tidegauge_exchanges_total", **at) == 0
    assert restored.value("tidegauge_exchanges_total", **at) == 123_456


def exemplars(registry):
    """Of each series that has one: the labels, value and time of its exemplar."""
    families = parse_openmetrics(exposition(registry, "application/openmetrics-text; version=1.0.0")[0].decode())
    samples = [s for family in families for s in family.samples if s.exemplar is not None]
    return {(s.name, s.labels.get("verdict")): tuple(s.exemplar) for s in samples}


def test_counters_lead_to_the_trace_of_one_of_what_they_count():
    first, latest, other, untraced = "a" * 32, "b" * 32, "c" * 32, None
    told = [
        incident(Channel.BEHAVIOUR, opened=20, closed=30, trace_id=first),
        incident(Channel.BEHAVIOUR, opened=40, closed=50, trace_id=latest),
        incident(Channel.INPUTS, opened=45, trace_id=other),
        incident(Channel.STYLE, opened=60, trace_id=untraced),
    ]
    scrape = Scrape(report(model(incidents=tuple(told), trace_id="d" * 32)))
    assert exemplars(scrape.registry) == {
        ("tidegauge_incidents_total", "unexplained"): ({"trace_id": latest}, 1.0, None),
        ("tidegauge_incidents_total", "explained"): ({"trace_id": other}, 1.0, None),
        ("tidegauge_exchanges_total", None): ({"trace_id": "d" * 32}, 1.0, None),
    }
    assert "trace_id" not in generate_latest(scrape.registry).decode(), "Prometheus' own format has none"


def test_without_traces_there_are_no_exemplars(ran):
    assert exemplars(Scrape(full_report()).registry) == {}
    assert exemplars(ran.registry) == {}


def test_the_latest_report_is_the_one_that_counts():
    scrape = Scrape(full_report(), report(model()))
    assert scrape.value("tidegauge_verdict", namespace="shop", model="bot", verdict="steady") == 1


@pytest.mark.parametrize(("age_secs", "verdict"), [(59, "unexplained"), (61, "blind")])
def test_a_stale_report_makes_every_model_blind(age_secs, verdict):
    scrape = Scrape(report(model("a", Verdict.UNEXPLAINED), model("b", Verdict.UNEXPLAINED)), now=NOW + age_secs)
    for name in ("a", "b"):
        assert scrape.value("tidegauge_verdict", namespace="shop", model=name, verdict=verdict) == 1
        assert sum(scrape.of("tidegauge_verdict", model=name).values()) == 1


def test_before_the_first_report_only_the_version_is_known():
    assert set(emitted(Scrape().families())) == {"tidegauge_build_info"}


def test_label_values_of_others_cannot_break_the_page_of_series():
    hostile = 'bot"} 1\ntidegauge_verdict{model="forged'
    scrape = Scrape(report(model(hostile)))
    assert {dict(labels)["model"] for _, labels in scrape.of("tidegauge_verdict")} == {hostile}


def test_the_process_is_watched_too():
    assert b"process_resident_memory_bytes" in generate_latest(process_registry())


def test_docs_and_exporter_name_the_same_series_with_the_same_labels():
    rows = re.findall(r"^\| `(tidegauge_\w+)` \| \w+ \| ([^|]*) \|", API.read_text("utf-8"), re.MULTILINE)
    documented = {name: {frozenset(re.findall(r"`(\w+)`", labels))} for name, labels in rows}
    assert documented == emitted(Scrape(full_report()).families())


@on_each_prometheus
@pytest.mark.parametrize("given", ["hand-made", "real"])
def test_promtool_finds_nothing_to_say(prometheus_folder, given, ran):
    registry = ran.registry if given == "real" else Scrape(full_report()).registry
    checked = subprocess.run(
        [prometheus_folder / "promtool", "check", "metrics"],
        input=generate_latest(registry),
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


def test_a_model_that_is_taken_away_takes_its_series_with_it():
    both = report(model("a"), model("b"))
    scrape = Scrape(both, changed(both, models=both.models[:1]))
    assert not scrape.of("tidegauge_verdict", model="b")
    assert scrape.of("tidegauge_verdict", model="a")


def test_probes_that_were_not_compared_are_not_enough_and_have_no_evidence():
    scrape = Scrape(report(model(probes=probes(compared=None, last_success=None))))
    assert scrape.value("tidegauge_probe_state", namespace="shop", model="bot", state="not_enough") == 1
    for name in ("probe_evidence_log10", "probe_bad_ratio", "identity_changed", "probe_last_success_timestamp_seconds"):
        assert not scrape.of(f"tidegauge_{name}")


def test_what_was_not_judged_has_no_share():
    scrape = Scrape(full_report())
    assert not scrape.of("tidegauge_probe_bad_ratio", category="bias")
    assert scrape.of("tidegauge_probe_evidence_log10", category="bias")
