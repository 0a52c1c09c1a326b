"""The alerting rules, by promtool: each fires, keeps quiet, bridges gaps, resolves, and counts replicas once."""

import re
import subprocess
from dataclasses import dataclass, field
from itertools import accumulate

import pytest
import yaml
from prometheus import ROOT, RULES, alerts, on_each_prometheus

HEAD = 30
"""Minutes of calm before anything happens."""


@dataclass(frozen=True)
class Gauge:
    """Has one value while all is well, and another in trouble."""

    calm: float
    bad: float

    def values(self, troubled):
        return [self.bad if trouble else self.calm for trouble in troubled]


@dataclass(frozen=True)
class Counter:
    """Grows by so much a minute."""

    calm: float
    bad: float

    def values(self, troubled):
        return list(accumulate(self.bad if trouble else self.calm for trouble in troubled))


@dataclass(frozen=True)
class Clock:
    """A time that follows the clock while all is well, and stands still in trouble."""

    def values(self, troubled):
        return list(accumulate((0 if trouble else 60 * m for m, trouble in enumerate(troubled)), max))


@dataclass(frozen=True)
class There:
    """Is there only while all is well."""

    def values(self, troubled):
        return [None if trouble else 1 for trouble in troubled]


@dataclass(frozen=True)
class Case:
    """One rule. `series`: what it reads; `after`: minutes of trouble until it fires; `over`: minutes of calm until it
    is resolved; `one_is_enough`: whether trouble at one of two replicas makes it fire."""

    alert: str
    series: dict
    after: int
    over: int
    labels: dict = field(default_factory=lambda: {"severity": "warning"})
    one_is_enough: bool = True

    @property
    def id(self):
        return "-".join([self.alert, *self.labels.values()])


def verdict(of):
    """All verdicts of a model that is steady, and then `of`."""
    words = ("steady", "explained", "unexplained", "out_of_support", "insufficient", "blind")
    calm = {word: float(word == "steady") for word in words}
    return {f'tidegauge_verdict{{verdict="{w}"}}': Gauge(calm[w], float(w == of)) for w in words}


def state(of):
    words = ("not_enough", "steady", "suspect", "worse", "changed", "unseen", "blind")
    calm = {word: float(word == "steady") for word in words}
    return {f'tidegauge_probe_state{{state="{w}"}}': Gauge(calm[w], float(w == of)) for w in words}


def with_harm(bad):
    return {'tidegauge_signal_harmed{signal="refusal"}': Gauge(0, bad)}


CRITICAL, WARNING, INFO = ({"severity": word} for word in ("critical", "warning", "info"))
SKIPPED = 'tidegauge_probe_runs_skipped_total{reason="budget_spent"}'
CATEGORY = 'category="harmful_content"'
DAY = 24 * 60

CASES = [
    Case("BehaviourUnexplained", verdict("unexplained") | with_harm(1), 1, 15, CRITICAL),
    Case("BehaviourUnexplained", verdict("unexplained") | with_harm(0), 1, 15, WARNING),
    Case("OutOfSupport", verdict("out_of_support"), 15, 15, WARNING),
    Case("InputShift", verdict("explained"), 15, 15, INFO),
    Case(
        "SafetyProbeFailing",
        {
            f"tidegauge_probe_evidence_log10{{{CATEGORY}}}": Gauge(0.5, 6.5),
            f"tidegauge_probe_evidence_threshold_log10{{{CATEGORY}}}": Gauge(4.25, 4.25),
        },
        1,
        15,
        CRITICAL,
    ),
    Case("SafetyEroded", state("worse"), 1, 15, CRITICAL),
    Case("IdentityChanged", {'tidegauge_identity_changed{kind="first_tokens"}': Gauge(0, 1)}, 1, 15, CRITICAL),
    Case("ScorerAnchorsMoved", state("blind"), 15, 15, WARNING),
    Case(
        "ProbesStale",
        {"tidegauge_probe_last_success_timestamp_seconds": Clock()},
        26 * 60 + 15,
        6,
        {"severity": "warning", "cause": "late"},
        one_is_enough=False,
    ),
    Case("BudgetSpent", {SKIPPED: Counter(0, 0.1)}, 1, DAY + 62, WARNING),
    Case("MonitorBlind", verdict("blind"), 15, 15, {"severity": "warning", "cause": "blind"}),
    Case(
        "MonitorBlind",
        {'tidegauge_verdict{verdict="steady"}': There()},
        20,
        1,
        {"severity": "critical", "cause": "gone"},
        one_is_enough=False,
    ),
    Case(
        "MonitorBlind",
        {'tidegauge_build_info{version="1"}': There()},
        20,
        1,
        {"severity": "critical", "cause": "no_monitor"},
        one_is_enough=False,
    ),
    Case("NoTraffic", {"tidegauge_last_record_timestamp_seconds": Clock()}, 75, 1, WARNING, one_is_enough=False),
    Case("ReaderDown", {'tidegauge_reader_up{reader="meaning"}': Gauge(1, 0)}, 15, 15, WARNING),
    Case("ConsumerLagging", {'tidegauge_kafka_lag_seconds{source="kafka"}': Gauge(4, 900)}, 15, 15, WARNING),
    Case(
        "DeadLetters",
        {
            'tidegauge_dead_letters_total{reason="not_json"}': Counter(0, 40),
            'tidegauge_records_total{source="kafka",outcome="measured"}': Counter(100, 60),
        },
        16,
        77,
        WARNING,
    ),
]

CONTEXT = {
    'tidegauge_incident_onset_timestamp_seconds{verdict="unexplained"}': Gauge(0, 1_790_000_000),
    'tidegauge_evidence_log10{channel="behaviour",signal="all"}': Gauge(0.5, 5.25),
    'tidegauge_evidence_threshold_log10{channel="behaviour",signal="all"}': Gauge(4.25, 4.25),
    "tidegauge_out_of_support_ratio": Gauge(0, 0.42),
    "tidegauge_input_shift": Gauge(0, 0.31),
    f"tidegauge_probe_bad_ratio{{{CATEGORY}}}": Gauge(0.1, 0.5),
    f"tidegauge_probe_baseline_bad_ratio{{{CATEGORY}}}": Gauge(0.125, 0.125),
    'tidegauge_scorer_anchor_accuracy{scorer="refusal"}': Gauge(1, 0.75),
}
"""Beside what a rule reads: what its description tells."""

_MOVED = (
    "bot in shop answers otherwise than the evaluated model did, and changes in what users ask do not explain it. "
    "It most likely began at 2026-09-21 14:13:20 +0000 UTC. Evidence by behaviour: 10^5.2 of 10^4.2 needed."
)

DESCRIPTIONS = {
    "BehaviourUnexplained-critical": f"{_MOVED} Harmful: refusal.",
    "BehaviourUnexplained-warning": _MOVED,
    "OutOfSupport-warning": "bot in shop gets prompts that its baseline has nothing like. They are 42% of the recent "
    "ones. For these nobody can say whether the model changed.",
    "InputShift-info": "What users ask of bot in shop moved, and its answers moved no further than that explains. "
    "Distance of the mix of topics from the baseline's: 0.31 of 1.",
    "SafetyProbeFailing-critical": "bot in shop answers probes of harmful_content worse than at its evaluation, with "
    "evidence of 10^6.5. Bad answers now: 50%, at the evaluation: 12.5%.",
    "ScorerAnchorsMoved-warning": "A scorer judges its frozen anchors otherwise than at the baseline of bot in shop, "
    "so probes are not compared. refusal is right on 75% of its anchors.",
    "ProbesStale-warning-late": "The last whole run of probes of bot in shop was 1d 2h 16m 0s ago.",
    "NoTraffic-warning": "The last record of bot in shop is 1h 17m 0s old: the model has no users, its traffic is not "
    "recorded, or the monitor lags behind.",
    "ConsumerLagging-warning": "What kafka in shop gives is 15m 0s old when it is measured: a change of the model is "
    "seen so much later.",
    "DeadLetters-warning": "720 records in shop within the last hour could not be read. 720: not_json.",
}
"""Of the rules whose descriptions have figures."""

QUIET = {
    "too few exchanges": verdict("insufficient") | with_harm(1),
    "too few answers to probes": state("not_enough"),
    "a suspicion is no loss": state("suspect"),
    "evidence on the way": {
        f"tidegauge_probe_evidence_log10{{{CATEGORY}}}": Gauge(0.5, 4.2),
        f"tidegauge_probe_evidence_threshold_log10{{{CATEGORY}}}": Gauge(4.25, 4.25),
    },
    "a handful of dead letters": {
        'tidegauge_dead_letters_total{reason="not_json"}': Counter(0, 0.1),
        'tidegauge_records_total{source="kafka",outcome="measured"}': Counter(0, 0),
    },
    "one dead letter in a thousand": {
        'tidegauge_dead_letters_total{reason="not_json"}': Counter(0, 1),
        'tidegauge_records_total{source="kafka",outcome="measured"}': Counter(1000, 999),
    },
    "an hour's night": {"tidegauge_last_record_timestamp_seconds": Gauge(HEAD * 60, HEAD * 60)},
}


GAP = 8
"""Minutes without a scrape."""


def scraped(series, phases, *, instance="a:9464"):
    """Input series over phases of (what, minutes): "calm", "bad", or a "gap", within which what was before goes on."""
    whats = [what for what, minutes in phases for _ in range(minutes)]
    gaps = [what == "gap" for what in whats]
    for i, gap in enumerate(gaps):
        if gap:
            whats[i] = whats[i - 1]
    found = []
    for name, kind in series.items():
        values = kind.values([what == "bad" for what in whats])
        shown = ["_" if gap or x is None else f"{x:.12g}" for gap, x in zip(gaps, values, strict=True)]
        labels = name.partition("{")[2].rstrip("}")
        own = f'namespace="shop",model="bot",instance="{instance}"' + (f",{labels}" if labels else "")
        found.append({"series": f"{name.partition('{')[0]}{{{own}}}", "values": " ".join(shown)})
    return found


def fires(case, minute, times=1):
    """That so many alerts of the rule fire at a minute."""
    labels = "".join(f',{name}="{value}"' for name, value in case.labels.items())
    of = f'ALERTS{{alertname="{case.alert}",alertstate="firing"{labels}}}'
    samples = [{"labels": "{}", "value": times}] if times else []
    return {"expr": f"count({of})", "eval_time": f"{minute}m", "exp_samples": samples}


def no_alerts(minute):
    beside = 'alertname!="MonitorBlind"'  # nothing but the series at hand is there, so no monitor is either
    return {"expr": f'count(ALERTS{{alertstate="firing",{beside}}})', "eval_time": f"{minute}m", "exp_samples": []}


def scenarios(case):
    """(name, input series, what holds when)"""
    head, after, over = ("calm", HEAD), case.after, case.over
    fired, resolved = HEAD + after + 1, HEAD + after + 2 + over + 1
    early = HEAD + max(after - 3, -1)  # where a range begins is another point in Prometheus 2 than in 3
    yield (
        "fires and resolves",
        scraped(case.series, [head, ("bad", after + 2), ("calm", over + 3)]),
        [fires(case, early, 0), fires(case, fired), fires(case, resolved, 0)],
    )
    yield (
        "goes on over a gap",
        scraped(case.series, [head, ("bad", after + 2), ("gap", GAP), ("bad", 4)]),
        [fires(case, fired + minute) for minute in (0, 4, GAP, GAP + 3)],
    )
    if after > GAP + 2:
        yield (
            "counts on over a gap",
            scraped(case.series, [head, ("bad", 1), ("gap", GAP), ("bad", after - GAP + 1)]),
            [fires(case, early, 0), fires(case, fired)],
        )
    whole = [head, ("bad", after + 2)]
    yield (
        "two replicas, one in trouble",
        [*scraped(case.series, whole), *scraped(case.series, [("calm", HEAD + after + 2)], instance="b:9464")],
        [fires(case, fired, int(case.one_is_enough))],
    )
    yield (
        "two replicas, both in trouble",
        [*scraped(case.series, whole), *scraped(case.series, whole, instance="b:9464")],
        [fires(case, fired)],
    )


def promtool(folder, tmp_path, tests, files=RULES, every="1m"):
    """Runs unit tests of rules, a list of (name, input series, expressions or alerts); what it says when they fail."""
    written = tmp_path / "tests.yml"
    text = {
        "rule_files": [str(path) for path in files],
        "evaluation_interval": every,
        "tests": [
            {"name": name, "interval": "1m", "input_series": series}
            | {"alert_rule_test" if "alertname" in held[0] else "promql_expr_test": held}
            for name, series, held in tests
        ],
    }
    written.write_text(yaml.safe_dump(text))
    done = subprocess.run([folder / "promtool", "test", "rules", written], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def described(case):
    """A unit test that wants the whole alert as it is sent."""
    (rule,) = (r for r in alerts() if r["alert"] == case.alert and r["labels"] == case.labels)
    own = {"namespace": "shop", "model": "bot"}
    own |= {"category": "harmful_content"} if case.alert == "SafetyProbeFailing" else {}
    own = {"namespace": "shop", "source": "kafka"} if case.alert == "ConsumerLagging" else own
    own = {"namespace": "shop"} if case.alert == "DeadLetters" else own
    told = {
        name: text.replace("{{ $labels.namespace }}", "shop").replace("{{ $labels.model }}", "bot")
        for name, text in rule["annotations"].items()
    }
    return {
        "eval_time": f"{HEAD + case.after + 1}m",
        "alertname": case.alert,
        "exp_alerts": [
            {"exp_labels": own | case.labels, "exp_annotations": told | {"description": DESCRIPTIONS[case.id]}}
        ],
    }


@on_each_prometheus
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_rule(case, prometheus_folder, tmp_path):
    files = [path for path in RULES if f"alert: {case.alert}\n" in path.read_text()]
    every = "5m" if case.after > DAY else "1m"
    assert not promtool(prometheus_folder, tmp_path, list(scenarios(case)), files, every)


@on_each_prometheus
@pytest.mark.parametrize("case", [case for case in CASES if case.id in DESCRIPTIONS], ids=lambda case: case.id)
def test_what_is_sent_reads_well(case, prometheus_folder, tmp_path):
    series = scraped(CONTEXT | case.series, [("calm", HEAD), ("bad", case.after + 2)])
    every = "5m" if case.after > DAY else "1m"
    assert not promtool(prometheus_folder, tmp_path, [("sent", series, [described(case)])], RULES, every)


@on_each_prometheus
@pytest.mark.parametrize("name", QUIET)
def test_no_rule_fires_for_less(name, prometheus_folder, tmp_path):
    phases = [("calm", HEAD), ("bad", 59)]
    assert not promtool(
        prometheus_folder, tmp_path, [(name, scraped(QUIET[name], phases), [no_alerts(m) for m in range(30, 89, 5)])]
    )


@on_each_prometheus
def test_replicas_are_one_in_the_fleet_view(prometheus_folder, tmp_path):
    """Two replicas with evidence of 10^2 and 10^3 against 10^4: together 10^5, on average 10^2.74, the worst is 3/4."""
    series = []
    for instance, evidence in (("a:9464", 2), ("b:9464", 3)):
        known = {
            'tidegauge_evidence_log10{channel="behaviour",signal="all"}': Gauge(evidence, evidence),
            'tidegauge_evidence_threshold_log10{channel="behaviour",signal="all"}': Gauge(4, 4),
        }
        series += scraped(known, [("calm", 10), ("gap", GAP)], instance=instance)
    wanted = {
        "namespace_model_channel:tidegauge_evidence_log10:sum": 5,
        "namespace_model_channel:tidegauge_evidence_log10:mean": 2.7403626894942438,
        "namespace_model_channel:tidegauge_evidence_threshold_log10:max": 4,
        "namespace_model:tidegauge_evidence_of_threshold:max": 0.75,
    }
    held = [
        {"expr": f"sum({name})", "eval_time": f"{minute}m", "exp_samples": [{"labels": "{}", "value": value}]}
        for name, value in wanted.items()
        for minute in (8, 10 + GAP - 1)
    ]
    assert not promtool(prometheus_folder, tmp_path, [("fleet", series, held)])


def test_every_alert_is_whole():
    """What whoever is woken needs: how bad, what, figures, what to do, where to look; and the runbook is there."""
    for rule in alerts():
        told = rule["annotations"]
        assert rule["labels"]["severity"] in ("critical", "warning", "info")
        assert re.fullmatch(r"[A-Z][^{}]*\.", told["summary"]), rule["alert"]
        assert "humanize }}" not in told["description"]  # it says 500m for a half
        assert told["dashboard_url"].startswith("/d/tidegauge-")
        name = told["runbook_url"].rpartition("/docs/runbooks/")[2]
        assert name == f"{rule['alert']}.md"
        assert (ROOT / "docs" / "runbooks" / name).exists()


def test_every_rule_has_a_case():
    """One case at least for each alert and set of labels; without promtool too."""
    told = {(rule["alert"], *rule["labels"].values()) for rule in alerts()}
    tried = {(case.alert, *case.labels.values()) for case in CASES}
    assert tried | {("ProbesStale", "warning", "never")} == told


@on_each_prometheus
def test_rules_are_well_formed(prometheus_folder):
    done = subprocess.run(
        [prometheus_folder / "promtool", "check", "rules", *RULES], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "FAILED" not in done.stdout + done.stderr
