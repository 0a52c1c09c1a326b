"""Settings -> parts -> a running monitor: what is put together, and that nothing is committed before it is stored."""

import json
import re
import socket
import sqlite3
import threading
import time
import urllib.request
from collections import Counter
from contextlib import contextmanager

import msgspec
import pytest
from endpoint import endpoint
from otlp import receiver
from prometheus import until
from prometheus_client import generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from reports import NOW
from traffic import exchanges, line

from monitor import anchors, baseline, suites
from monitor.baseline import Gauge
from monitor.errors import BaselineError, ConfigError
from monitor.formats import FORMATS, format_of
from monitor.interfaces import Level
from monitor.journal import read
from monitor.pipeline import Feed
from monitor.prober import Ledger
from monitor.probing import Answer
from monitor.records import Message, Record, RecordBatch
from monitor.service import Monitor
from monitor.settings import Settings
from monitor.state import State
from monitor.verdict import Channel, Finding, Verdict
from monitor.web.page import render

SERVED = 100


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the baseline of the model `bot` and a file of its traffic."""
    place = tmp_path_factory.mktemp("service")
    members = baseline.build(exchanges(1, 150), model="bot", data={}, gauge=Gauge.standard())
    baseline.write(members, place / "baseline")
    (place / "traffic.jsonl").write_bytes(b"".join(line(e) + b"\n" for e in exchanges(2, SERVED)))
    return place


def settings(folder, **changes):
    tree = {
        "namespace": "shop",
        "models": [{"name": "bot", "baseline": folder / "baseline"}],
        "sources": [{"files": {"paths": [folder / "traffic.jsonl"]}}],
        "state": {"path": None},
        "web": {"host": "127.0.0.1", "port": 0},
    }
    return Settings.model_validate(tree | changes)


class Listed:
    """A source of lines, a few at a time, that keeps what was committed. `between` is called after each batch."""

    name = "listed"

    def __init__(self, lines, *, between=lambda: None):
        self.lines, self.between, self.commits = lines, between, []

    def batches(self, start):
        for first in range(start.get("p", 0), len(self.lines), 10):
            lines = self.lines[first : first + 10]
            records = [Record(text, "p", first + i, NOW) for i, text in enumerate(lines)]
            yield RecordBatch(records, {"p": first + len(lines)})
            self.between()

    def commit(self, position):
        self.commits.append(dict(position))

    def lag(self):
        return {}

    def close(self):
        """Nothing is open."""


def listed(folder, *, between=lambda: None):
    source = Listed((folder / "traffic.jsonl").read_bytes().splitlines(), between=between)
    return source, {"listed": Feed(source, FORMATS["jsonl"]())}


def read_all(monitor):
    monitor.run()
    return monitor.board.latest()


def test_a_monitor_from_settings_reads_its_files_to_their_end(folder):
    report = read_all(Monitor(settings(folder)))
    assert (report.namespace, report.ready, report.state_failures) == ("shop", True, 0)
    assert report.records == {
        ("files", "measured"): SERVED,
        ("files", "sampled_out"): 0,
        ("files", "skipped"): 0,
        ("files", "dead_letter"): 0,
    }
    assert report.skipped == {"no_content": 0, "unknown_model": 0, "probe": 0, "not_read": 0}
    assert report.lag_secs == {}, "when a file last changed is no lag"
    (known,) = report.models
    assert (known.name, known.exchanges) == ("bot", SERVED)
    assert known.verdict is Verdict.STEADY


def test_series_lead_to_the_traces_of_the_traffic(folder, tmp_path):
    """The model is swapped after 60 exchanges. Every second record has something else in the place of a trace id."""
    stream = [*exchanges(2, 60), *exchanges(3, 120, style="swapped", first=60)]
    traces = ["0123456789abcdef" + f"{i:016x}" if i % 2 else f"the customer's own words {i}" for i in range(180)]
    lines = [line(msgspec.structs.replace(e, trace_id=t)) for e, t in zip(stream, traces, strict=True)]
    (tmp_path / "swapped.jsonl").write_bytes(b"\n".join(lines))
    monitor = Monitor(settings(folder, sources=[{"files": {"paths": [tmp_path / "swapped.jsonl"]}}]))
    (known,) = read_all(monitor).models
    (incident,) = known.incidents
    assert known.exchanges == len(stream)
    with monitor.serving() as server:
        asked = urllib.request.Request(
            f"http://127.0.0.1:{server.port}/metrics", headers={"Accept": "application/openmetrics-text"}
        )
        with urllib.request.urlopen(asked, timeout=30) as answer:
            text = answer.read().decode()
    samples = [s for family in text_string_to_metric_families(text) for s in family.samples if s.exemplar]
    said = {(s.name, s.labels.get("verdict")): s.exemplar.labels for s in samples}
    assert said == {
        ("tidegauge_incidents_total", "unexplained"): {"trace_id": incident.trace_id},
        ("tidegauge_exchanges_total", None): {"trace_id": traces[-1]},
    }
    shown = traces.index(incident.trace_id)
    assert 55 <= shown < incident.opened
    assert stream[shown].id in incident.examples or not any(int(e.removeprefix("bot-")) % 2 for e in incident.examples)
    assert "own words" not in text


def test_standard_input_is_a_file_named_by_a_dash(folder, monkeypatch):
    with (folder / "traffic.jsonl").open() as traffic:
        monkeypatch.setattr("sys.stdin", traffic)
        report = read_all(Monitor(settings(folder, sources=[{"files": {"paths": ["-"]}}])))
    assert report.records["files", "measured"] == SERVED


def test_two_sources_of_a_kind_have_names_of_their_own(folder):
    one = {"files": {"paths": [folder / "traffic.jsonl"]}}
    report = read_all(Monitor(settings(folder, sources=[one, one])))
    assert report.records["files", "measured"] == report.records["files-2", "measured"] == SERVED


def test_traffic_of_no_model_is_counted_and_not_measured(folder, tmp_path):
    foreign = tmp_path / "foreign.jsonl"
    foreign.write_bytes(b"".join(line(e) + b"\n" for e in exchanges(3, 20, model="another")))
    report = read_all(Monitor(settings(folder, sources=[{"files": {"paths": [foreign]}}])))
    assert report.skipped == {"unknown_model": 20, "no_content": 0, "probe": 0, "not_read": 0}
    assert report.models[0].exchanges == 0


def test_probes_that_come_back_with_the_traffic_are_no_traffic(folder, tmp_path):
    (pack,) = suites.load_packs(["harmful-content"])
    probes = [ask.turns[-1].content for ask in suites.asks(pack)][:30]
    mixed = tmp_path / "mixed.jsonl"
    asked = [
        msgspec.structs.replace(e, messages=(Message("user", f"{text}\n"),))
        for e, text in zip(exchanges(3, 30, first=900), probes, strict=True)
    ]
    mixed.write_bytes(b"".join(line(e) + b"\n" for e in [*exchanges(3, 20), *asked]))
    sources = [{"files": {"paths": [mixed]}}]
    report = read_all(Monitor(settings(folder, sources=sources, probes={"suites": ["harmful-content"]})))
    assert report.skipped == {"no_content": 0, "unknown_model": 0, "probe": 30, "not_read": 0}
    assert report.models[0].exchanges == 20
    with pytest.raises(ConfigError, match="harmful-content"):
        Monitor(settings(folder, sources=sources, probes={"suites": ["harmfull-content"]}))


def test_probes_that_another_process_put_are_no_traffic(folder, tmp_path):
    """Records come, then a probe is put from elsewhere, and comes back."""
    ledger, put = Ledger(tmp_path), []
    lines = (folder / "traffic.jsonl").read_bytes().splitlines()
    ids = [json.loads(text)["id"] for text in lines]

    def between():
        if not put:
            put.append(ledger.answered(Answer(response_id=ids[10])))
            ledger.answered(Answer(response_id=ids[3]))  # it has gone by

    lines[40] = lines[40][:-1] + b', "tidegauge_probe": true}'
    source, feeds = listed(folder, between=between)
    source.lines = lines
    report = read_all(Monitor(settings(folder, state={"path": tmp_path}), feeds))
    assert report.skipped["probe"] == 2
    assert report.models[0].exchanges == SERVED - 2


REFUSES, HELPS = "I'm sorry, but I can't help with that.", "Sure! Here is how you do it: first, you"


@contextmanager
def probed(folder, place, answer, *, baseline=None, beside=(), **changes):
    """A monitor that has read its traffic and goes on listening, while it probes an endpoint that answers so. `beside`
    are settings of other models of that endpoint by what they are for, `changes` those outside of `probes`."""
    told = threading.Event()
    source, feeds = listed(folder)
    waiting = Feed(Waiting(source, told), feeds["listed"].format)
    with endpoint(answer) as (url, came):
        probes = {
            "suites": ["harmful-content"],
            "target": {"base_url": url, "model": "bot", "concurrency": 16},
            "schedule": {"spread": 0, "jitter": 0},
            "baseline": baseline,
        } | {use: {"base_url": url} | part for use, part in dict(beside).items()}
        monitor = Monitor(settings(folder, probes=probes, state={"path": place}, **changes), {"listed": waiting})
        running = threading.Thread(target=monitor.run)
        running.start()
        try:
            yield monitor, came
        finally:
            monitor.stop()
            told.set()
            running.join()


class Waiting:
    """A source that after its last record has nothing for now, until `told` is set."""

    def __init__(self, source, told):
        self._source, self._told = source, told

    def batches(self, start):
        yield from self._source.batches(start)
        while not self._told.wait(0.01):
            yield RecordBatch((), {})

    def __getattr__(self, name):
        return getattr(self._source, name)


def probes_of(monitor):
    report = monitor.board.latest()
    return report and report.models[0].probes


def test_probes_come_by_themselves_and_have_their_part_in_the_verdict(folder, tmp_path):
    """Traffic says that the model is as it was; its answers to probes are not. Restarts keep what was found, and the
    end of it."""
    baseline = tmp_path / "evaluated.jsonl"
    place = tmp_path / "state"
    (pack,) = suites.load_packs(["harmful-content"])
    harmful = {ask.turns[-1].content for ask in suites.asks(pack) if ask.kind == "refuse"}

    def evaluated(body):
        return REFUSES if body["messages"][-1]["content"] in harmful else HELPS

    with probed(folder, tmp_path / "first", evaluated) as (monitor, came):
        until(lambda: (seen := probes_of(monitor)) and seen.last_success)
        assert len(came) == probes_of(monitor).requests > 90
        assert monitor.board.latest().models[0].verdict is Verdict.STEADY
        (run,) = (tmp_path / "first" / "probes").glob("*.jsonl")
    run.rename(baseline)

    with probed(folder, place, lambda _: HELPS, baseline=baseline) as (monitor, _):
        known = until(lambda: (m := monitor.board.latest()) and m.models[0].incidents and m.models[0])
        assert (known.verdict, known.exchanges) == (Verdict.UNEXPLAINED, SERVED)
        assert known.channels[Channel.BEHAVIOUR].level is Level.STEADY
        assert known.meaning.startswith("The model changed: it answers probes worse")
        (incident,) = known.incidents
        assert (incident.channel, incident.closed) == (Channel.PROBES, None)
        assert incident.movers[0].column == "harmful_content"

    (place / "probes" / "probes.slots").unlink()  # the next run is due at once
    for old in (place / "probes").glob("*.jsonl"):
        old.unlink()
    with probed(folder, place, evaluated, baseline=baseline) as (monitor, _):
        assert monitor.pipeline.report().models[0].verdict is Verdict.UNEXPLAINED, "it is remembered"
        known = until(lambda: (m := monitor.board.latest()) and m.models[0].incidents[0].closed and m.models[0])
        assert (known.verdict, len(known.incidents)) == (Verdict.STEADY, 1)


def test_a_reference_and_a_judge_are_asked_beside_the_target(folder, tmp_path):
    beside = {"reference": {"model": "base"}, "judge": {"model": "wise"}}
    with probed(folder, tmp_path, lambda body: "GOOD", beside=beside) as (monitor, came):
        seen = until(lambda: (seen := probes_of(monitor)) and seen.last_success and seen)
    asked = Counter(body["model"] for _, body in came)
    assert asked["bot"] == asked["base"] == seen.requests
    assert asked["wise"] >= len(anchors.shipped()), "at least its anchors"
    assert set(seen.accuracy) == {"refusal", "judge"}
    assert len([*(tmp_path / "probes").glob("*.reference")]) == 1


def events_of(monitor, outcome):
    labels = {"namespace": "shop", "model": "bot", "outcome": outcome}
    return monitor.registry.get_sample_value("tidegauge_otel_events_total", labels)


def test_each_judged_answer_is_an_event_without_any_text(folder, tmp_path):
    """Also where a reference is asked the same: it is not the monitored model."""
    (tmp_path / "headers").write_text("authorization: Bearer hunter2\n")
    with receiver() as (url, came):
        otel = {"endpoint": url, "headers_file": tmp_path / "headers"}
        place, beside = tmp_path / "state", {"reference": {"model": "base"}}
        with probed(folder, place, lambda _: HELPS, beside=beside, otel=otel) as (monitor, asked):
            seen = until(lambda: (s := probes_of(monitor)) and s.last_success and s.events["sent"] and s)
            until(lambda: events_of(monitor, "sent") == sum(seen.outcomes.values()))
            assert events_of(monitor, "dropped") == 0
            known = monitor.board.latest().models[0]
        texts = {turn["content"] for _, body in asked for turn in body["messages"]} | {HELPS}
    (run,) = (place / "probes").glob("*.jsonl")
    journal = read(run).observations
    assert Counter(said["tidegauge.item"] for _, _, said, _ in came.events) == Counter(o.item for o in journal)
    labels = Counter(said["gen_ai.evaluation.score.label"] for _, _, said, _ in came.events)
    assert labels == Counter(str(o.outcome) for o in journal)
    assert labels["bad"] > 50
    for key, value in {
        "gen_ai.request.model": "bot",
        "gen_ai.response.model": "bot",
        "tidegauge.namespace": "shop",
        "tidegauge.model": "bot",
        "tidegauge.baseline": known.baseline_id,
    }.items():
        assert {said[key] for _, _, said, _ in came.events} == {value}
    raw = b"".join(body for _, _, body in came.requests)
    assert not [text for text in texts if text.encode() in raw]
    assert {headers["authorization"] for _, headers, _ in came.requests} == {"Bearer hunter2"}


def test_a_receiver_that_is_down_stops_neither_probes_nor_traffic(folder, tmp_path):
    with receiver() as (url, _):
        pass
    with probed(folder, tmp_path, lambda _: HELPS, otel={"endpoint": url}) as (monitor, _):
        seen = until(lambda: (s := probes_of(monitor)) and s.last_success and s)
        assert seen.outcomes["harmful-content", "harmful_content", "bad"] > 50
        assert monitor.board.latest().models[0].exchanges == SERVED
        until(lambda: events_of(monitor, "dropped"))
        assert events_of(monitor, "sent") == 0
        began = time.monotonic()
    assert time.monotonic() - began < 15
    counts = monitor._events.counts
    assert counts == {"sent": 0, "dropped": sum(seen.outcomes.values())}


def test_without_otel_in_the_settings_there_are_no_events(folder, tmp_path):
    with probed(folder, tmp_path, lambda _: HELPS) as (monitor, _):
        assert until(lambda: (s := probes_of(monitor)) and s.last_success and s).events == {}
        assert events_of(monitor, "sent") is None


def test_a_reference_may_have_a_baseline_of_its_own(folder, tmp_path):
    """It always refused what the evaluated model does: that is no news."""

    def answer(body):
        return REFUSES if body["model"] == "base" else HELPS

    def run(place, known=None, **of_reference):
        beside = {"reference": {"model": "base"} | of_reference}
        with probed(folder, tmp_path / place, answer, baseline=known, beside=beside) as (monitor, _):
            return until(lambda: (seen := probes_of(monitor)) and seen.last_success and seen)

    def worse(seen):
        return any("worse than the reference at harmful content" in text for text in seen.compared.found)

    run("then")
    (then,), (reference,) = ((tmp_path / "then" / "probes").glob(f"*.{ending}") for ending in ("jsonl", "reference"))
    assert worse(run("alike", then))
    assert not worse(run("apart", then, baseline=reference))


def test_without_what_judges_refusals_probes_are_blind_and_the_traffic_is_watched(folder, tmp_path, caplog):
    with endpoint(lambda body: HELPS) as (url, came):
        probes = {
            "suites": ["harmful-content"],
            "target": {"base_url": url, "model": "bot"},
            "refusal": {"tier": "neural", "encoder": "/no/such"},
        }
        monitor = Monitor(settings(folder, probes=probes, state={"path": tmp_path}))
        report = read_all(monitor)
    (known,) = report.models
    assert (known.verdict, known.exchanges, came) == (Verdict.STEADY, SERVED, [])
    why = known.probes.trouble
    assert why.startswith("the scorer refusal: /no/such: there is no such folder")
    assert why in caplog.text
    assert why in known.probes.compared.meaning
    assert why in render(report, "bot")
    series = generate_latest(monitor.registry).decode()
    assert re.search(r'probe_state\{[^}]*state="blind"[^}]*\} 1\.0', series)


def test_what_probes_found_goes_with_them(folder, tmp_path):
    """Without probes in the settings nobody could take it back."""
    with probed(folder, tmp_path, lambda _: HELPS, baseline=None) as (monitor, _):
        until(lambda: (seen := probes_of(monitor)) and seen.last_success)
        bank = monitor.pipeline._watches["bot"].bank
        bank.hear(Channel.PROBES, Finding(Level.MOVED, NOW))
        monitor.pipeline._progress.unsaved = True
    report = read_all(Monitor(settings(folder, state={"path": tmp_path})))
    assert report.models[0].verdict is Verdict.STEADY
    assert report.models[0].incidents[0].closed


def test_a_model_may_match_by_a_pattern(folder, tmp_path):
    other = tmp_path / "other.jsonl"
    other.write_bytes(b"".join(line(e) + b"\n" for e in exchanges(3, 20, model="bot-v7")))
    model = {"name": "bot", "baseline": folder / "baseline", "match": {"model": "bot*"}}
    report = read_all(Monitor(settings(folder, models=[model], sources=[{"files": {"paths": [other]}}])))
    assert report.models[0].exchanges == 20


@pytest.fixture(scope="module")
def two_models(folder, tmp_path_factory):
    """two_models(...): settings with a second model, and the traffic of both in turn, one each in three seconds."""
    place = tmp_path_factory.mktemp("second")
    members = baseline.build(exchanges(1, 150, model="cat"), model="cat", data={}, gauge=Gauge.standard())
    baseline.write(members, place / "baseline")
    turns = zip(exchanges(4, 300), exchanges(5, 300, model="cat"), strict=True)
    lines = [line(e) for both in turns for e in both]
    models = [{"name": "bot", "baseline": folder / "baseline"}, {"name": "cat", "baseline": place / "baseline"}]
    return lambda **changes: (settings(folder, models=models, **changes), lines)


def run_of(two_models, lines=slice(None), **changes):
    chosen, all_lines = two_models(**changes)
    return read_all(Monitor(chosen, {"listed": Feed(Listed(all_lines[lines]), FORMATS["jsonl"]())}))


@pytest.mark.parametrize("stratify_by", [["model", "stratum"], ["model"]])
def test_each_model_has_the_target_for_itself(two_models, stratify_by):
    report = run_of(two_models, sampling={"target_per_sec": 0.4, "stratify_by": stratify_by})
    assert report.sampled_ratio == {"bot": 1.0, "cat": 1.0}
    assert [model.exchanges for model in report.models] == [300, 300]


@pytest.mark.parametrize("stratify_by", [["stratum"], []])
def test_or_all_models_share_one_target(two_models, stratify_by):
    report = run_of(two_models, sampling={"target_per_sec": 0.4, "stratify_by": stratify_by})
    assert report.sampled_ratio["bot"] == report.sampled_ratio["cat"] == pytest.approx(0.6, abs=0.15)
    assert report.records["listed", "sampled_out"] > 150


@pytest.mark.parametrize("stratify_by", [["model", "stratum"], ["stratum"]])
def test_a_restart_changes_nothing_of_what_is_sampled(two_models, tmp_path, stratify_by):
    sampling = {"target_per_sec": 0.1, "stratify_by": stratify_by}
    whole = run_of(two_models, sampling=sampling)
    run_of(two_models, slice(300), sampling=sampling, state={"path": tmp_path})
    joined = run_of(two_models, sampling=sampling, state={"path": tmp_path})
    assert whole.records["listed", "sampled_out"] > 200
    assert (joined.models, joined.records, joined.sampled_ratio) == (whole.models, whole.records, whole.sampled_ratio)


def test_the_baseline_of_another_model_is_refused_before_anything_starts(folder):
    with pytest.raises(BaselineError, match="is the baseline of model 'bot', not of 'robot'"):
        Monitor(settings(folder, models=[{"name": "robot", "baseline": folder / "baseline"}]))


def test_a_least_effect_of_no_signal_is_refused(folder):
    model = {"name": "bot", "baseline": folder / "baseline", "min_effect": {"refusals": 0.02}}
    with pytest.raises(ConfigError, match=r"min_effect of bot: there is no signal refusals; did you mean refusal\?"):
        Monitor(settings(folder, models=[model]))


def test_an_unknown_format_names_those_that_exist():
    with pytest.raises(ConfigError) as caught:
        format_of("xml")
    assert str(caught.value) == f"format: unknown format 'xml'; known: {', '.join(FORMATS)}"


def test_a_monitor_that_was_told_to_stop_ends_and_keeps_what_it_measured(folder, tmp_path):
    seen = []

    def stop_after_three():
        seen.append(1)
        if len(seen) == 3:
            monitor.stop()

    source, feeds = listed(folder, between=stop_after_three)
    monitor = Monitor(settings(folder, state={"path": tmp_path}), feeds)
    reading = threading.Thread(target=monitor.run)
    reading.start()
    reading.join(timeout=30)
    assert not reading.is_alive()
    measured = monitor.board.latest().models[0].exchanges
    assert 30 <= measured < SERVED
    assert source.commits[-1] == {"p": measured}

    rest, feeds = listed(folder)
    report = read_all(Monitor(settings(folder, state={"path": tmp_path}), feeds))
    assert report.models[0].exchanges == SERVED
    assert report.records["listed", "measured"] == SERVED
    assert rest.commits[-1] == {"p": SERVED}


def test_a_source_that_commits_only_while_it_is_read_is_told_where_the_monitor_stopped(folder):
    """As a member of a Kafka group does: out of it, it has nothing to commit."""

    class Member(Listed):
        reading = False

        def batches(self, start):
            self.held = self.read(super().batches(start))  # collected late, as when an old error still refers to it
            return self.held

        def read(self, batches):
            self.reading = True
            try:
                yield from batches
            finally:
                self.reading = False

        def commit(self, position):
            if self.reading:
                super().commit(position)

        def close(self):
            self.lines = []

    source = Member((folder / "traffic.jsonl").read_bytes().splitlines())
    monitor = Monitor(settings(folder), {"listed": Feed(source, FORMATS["jsonl"]())})
    source.between = monitor.stop
    measured = read_all(monitor).models[0].exchanges
    assert 0 < measured < SERVED
    assert source.commits[-1:] == [{"p": measured}]
    assert (source.reading, source.lines) == (False, [])


def test_the_course_after_a_restart_is_the_course_without_one(folder, tmp_path):
    whole = read_all(Monitor(settings(folder), listed(folder)[1])).models[0]
    half = Listed((folder / "traffic.jsonl").read_bytes().splitlines()[:50])
    read_all(Monitor(settings(folder, state={"path": tmp_path}), {"listed": Feed(half, FORMATS["jsonl"]())}))
    joined = read_all(Monitor(settings(folder, state={"path": tmp_path}), listed(folder)[1])).models[0]
    assert joined == whole


def test_a_full_disk_is_counted_and_nothing_is_committed_until_there_is_room(folder, tmp_path):
    """SQLite's own limit stands for the disk."""
    source, feeds = listed(folder)
    monitor = Monitor(settings(folder, state={"path": tmp_path, "snapshot_secs": 1e-9}), feeds)
    database = monitor._state._db
    limited_to = database.execute("PRAGMA page_count").fetchone()[0] + 2
    assert database.execute(f"PRAGMA max_page_count = {limited_to}").fetchone() == (limited_to,)
    report = read_all(monitor)
    assert report.models[0].exchanges == SERVED, "measuring goes on"
    assert report.state_failures == SERVED // 10 + 1, "each batch's save and the last one"
    assert source.commits == []
    assert monitor.registry.get_sample_value("tidegauge_state_failures_total", {"namespace": "shop"}) == (
        report.state_failures
    )
    state = State(tmp_path)
    assert (state.load().positions, state.load().models) == ({}, {})
    state.close()

    source, feeds = listed(folder)
    report = read_all(Monitor(settings(folder, state={"path": tmp_path}), feeds))
    assert (report.models[0].exchanges, source.commits[-1]) == (SERVED, {"p": SERVED})


def test_a_commit_never_runs_ahead_of_what_is_stored(folder, tmp_path):
    """At each commit the file on disk, read by somebody else, holds at least that position."""
    (tmp_path / "copy").mkdir()
    source, feeds = listed(folder)
    ahead = []

    def compare(position):
        for part in tmp_path.glob("tidegauge.db*"):
            (tmp_path / "copy" / part.name).write_bytes(part.read_bytes())
        with sqlite3.connect(tmp_path / "copy" / "tidegauge.db") as copy:
            rows = dict(copy.execute("SELECT partition, offset FROM position"))
        copy.close()
        ahead.append(position["p"] - rows.get("p", 0))

    source.commit = compare
    read_all(Monitor(settings(folder, state={"path": tmp_path, "snapshot_secs": 1e-9}), feeds))
    assert len(ahead) == SERVED // 10, "one for each batch, none for nothing new"
    assert set(ahead) == {0}


def test_dead_letters_keep_no_text_unless_asked_to(folder, tmp_path):
    broken = tmp_path / "broken.jsonl"
    broken.write_bytes(b"the customer's own words\n")
    for store_text, body in (("never", None), ("full", b"the customer's own words")):
        kept = tmp_path / store_text
        sources = [{"files": {"paths": [broken]}}]
        report = read_all(
            Monitor(settings(folder, sources=sources, state={"path": kept}, privacy={"store_text": store_text}))
        )
        assert report.dead_letters == {"not_json": 1}
        state = State(kept)
        (letter,) = state.dead_letters()
        state.close()
        assert letter.body == body
        on_disk = b"".join(part.read_bytes() for part in kept.iterdir())
        assert (b"own words" in on_disk) is (body is not None)


def test_the_web_face_opens_and_closes_with_the_monitor(folder):
    monitor = Monitor(settings(folder))
    with monitor.serving() as server:
        monitor.run()
        socket.create_connection(("127.0.0.1", server.port), timeout=5).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port), timeout=5)


def test_gaps_are_counted_and_the_count_is_stored(folder, tmp_path):
    class Gappy(Listed):
        def batches(self, start):
            if not start:
                yield RecordBatch((), {"p": 0}, gaps=2)
            yield from super().batches(start)

    for _ in range(2):
        source = Gappy((folder / "traffic.jsonl").read_bytes().splitlines())
        feeds = {"listed": Feed(source, FORMATS["jsonl"]())}
        report = read_all(Monitor(settings(folder, state={"path": tmp_path}), feeds))
        assert report.gaps == {"listed": 2}
