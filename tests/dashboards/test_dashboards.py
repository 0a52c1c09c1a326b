"""The Grafana dashboards: their JSON is that of the code, it keeps Grafana's own rules, and every panel shows something
of a real monitor that a real Prometheus scrapes."""

import json
import math
import re
import threading
from contextlib import contextmanager
from typing import get_args

import pytest
from endpoint import endpoint
from prometheus import ROOT, on_each_prometheus, scraping, until
from reports import NOW, changed, channel, incident, model, probes, report
from traffic import exchanges, line

from dashboards import DASHBOARDS
from dashboards.__main__ import FOLDER
from dashboards.board import text
from dashboards.links import RUNBOOKS, Alert
from dashboards.words import PROBE_STATES, VERDICTS
from monitor import baseline
from monitor.baseline import Gauge
from monitor.exporters.prometheus import PrometheusExporter, process_registry
from monitor.formats import FORMATS
from monitor.pipeline import Feed
from monitor.probing import State
from monitor.records import Record, RecordBatch
from monitor.report import Histogram
from monitor.service import Monitor
from monitor.settings import Settings
from monitor.verdict import Channel, Verdict
from monitor.web.app import Board, application
from monitor.web.server import Server

BOARDS = {name: json.loads((FOLDER / f"{board.uid}.json").read_text("utf-8")) for name, board in DASHBOARDS.items()}
SOURCE = {"type": "prometheus", "uid": "${datasource}"}
UNITS = {"none", "s", "bytes", "cps", "reqps", "percentunit", "dateTimeFromNow"}


def flat(board):
    """All panels of a dashboard, those of folded rows too, without the rows."""
    for panel in board["panels"]:
        if panel["type"] == "row":
            yield from panel["panels"]
        else:
            yield panel


PANELS = [
    pytest.param(panel, id=f"{name}: {panel['title']}") for name, board in BOARDS.items() for panel in flat(board)
]
QUERIES = [
    (f"{name}: {panel['title']} {target['refId']}", target["expr"])
    for name, board in BOARDS.items()
    for panel in flat(board)
    for target in panel["targets"]
] + [
    (f"{name}: {event['name']}", event["expr"])
    for name, board in BOARDS.items()
    for event in board["annotations"]["list"]
]
every_board = pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
every_panel = pytest.mark.parametrize("panel", PANELS)


# What is committed


def test_what_is_committed_is_what_the_code_makes():
    made = {f"{board.uid}.json": text(board) for board in DASHBOARDS.values()}
    assert {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.json")} == made, "make dashboards"


def test_addresses_stay():
    uids = {board["uid"] for board in BOARDS.values()}
    assert uids == {"tidegauge-fleet", "tidegauge-model", "tidegauge-probes", "tidegauge-monitor"}


def test_every_word_has_a_colour():
    assert set(VERDICTS.colours) == set(Verdict)
    assert set(PROBE_STATES.colours) == set(State)


# Grafana's rules: those of grafana/dashboard-linter, but for job and instance, which no series about a model needs


@every_board
def test_a_dashboard_is_found_and_not_edited(board):
    assert board["tags"] == ["tidegauge"]
    assert board["editable"] is False
    assert (board["time"]["from"], board["time"]["to"]) == ("now-24h", "now")
    assert 39 <= board["schemaVersion"] <= 41
    assert "${DS_" not in json.dumps(board)
    assert "__inputs" not in board


@every_board
def test_variables_are_looked_up_in_the_chosen_source(board):
    source, *others = board["templating"]["list"]
    assert (source["type"], source["name"], source["label"]) == ("datasource", "datasource", "Data source")
    assert source["query"] == "prometheus"
    assert "current" not in source, "no name of a source is known beforehand"
    assert [variable["name"] for variable in others][:2] == ["namespace", "model"]
    for variable in others:
        assert variable["type"] == "query"
        assert variable["datasource"] == SOURCE
        assert variable["refresh"] == 2, "on a change of the time range"
        assert variable["label"] == variable["name"].title()
        assert not variable["includeAll"] or (variable["multi"], variable["allValue"]) == (True, ".+")
        assert re.fullmatch(r"label_values\(tidegauge_\w+(\{.+\})?, \w+\)", variable["query"])


@every_board
def test_dashboards_lead_to_each_other_and_keep_what_was_chosen(board):
    others, runbooks = board["links"]
    assert (others["type"], others["tags"], others["includeVars"], others["keepTime"]) == (
        "dashboards",
        ["tidegauge"],
        True,
        True,
    )
    assert (runbooks["type"], runbooks["url"]) == ("link", RUNBOOKS)


@every_board
def test_panels_stand_beside_each_other(board):
    taken, numbers = set(), [panel["id"] for panel in (*board["panels"], *flat(board)) if panel["type"] != "row"]
    assert len({*numbers}) == len({panel["title"] for panel in flat(board)}) == len([*flat(board)])
    for panel in board["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert max(x for x, _ in cells) < 24
        assert not cells & taken
        taken |= cells


@every_panel
def test_a_panel_says_what_it_shows_and_what_to_conclude(panel):
    assert panel["title"]
    assert len(panel["description"].split()) >= 8
    assert panel["description"].endswith(".")
    assert panel["fieldConfig"]["defaults"]["unit"] in UNITS
    assert panel["targets"]
    assert panel["datasource"] == SOURCE
    assert all(target["datasource"] == SOURCE for target in panel["targets"])


@every_panel
def test_what_is_laid_out_by_columns_names_a_column(panel):
    heads = {
        head for step in panel.get("transformations", []) for head in step["options"].get("renameByName", {}).values()
    }
    named = {o["matcher"]["options"] for o in panel["fieldConfig"]["overrides"] if o["matcher"]["id"] == "byName"}
    refs = {o["matcher"]["options"] for o in panel["fieldConfig"]["overrides"] if o["matcher"]["id"] == "byFrameRefID"}
    assert named <= heads
    assert refs <= {target["refId"] for target in panel["targets"]}


@every_panel
def test_counters_are_rates_over_the_interval_that_grafana_knows(panel):
    for target in panel["targets"]:
        counted = re.findall(r"(\w+)\(([\w:]+_total)(?:\{[^}]*\})?\[([^\]]+)\]", target["expr"])
        assert len(counted) == len(re.findall(r"_total\b", target["expr"])), "a counter by itself says nothing"
        assert {function for function, _, _ in counted} <= {"rate", "increase"}
        for function, _, interval in re.findall(r"(\w+)\(([\w:]+)(?:\{[^}]*\})?\[([^\]]+)\]", target["expr"]):
            assert interval == "$__rate_interval" or (function, interval) == ("increase", "$__range")


@every_panel
def test_every_query_follows_the_variables(panel):
    for target in panel["targets"]:
        for series, matchers in re.findall(r"\b((?:tidegauge_|vllm:)\w+)(\{[^}]*\})?", target["expr"]):
            if series != "tidegauge_build_info":  # has no label to choose it by
                assert 'namespace=~"$namespace"' in matchers


def test_every_series_is_one_that_is_documented():
    known = set(re.findall(r"^\| `(tidegauge_\w+)` \|", (ROOT / "docs" / "api.md").read_text("utf-8"), re.MULTILINE))
    shown = {series for _, query in QUERIES for series in re.findall(r"\btidegauge_\w+", query)}
    assert {series.removesuffix("_bucket") for series in shown} <= known


def test_every_alert_has_its_runbook_on_a_panel():
    links = [link["url"] for board in BOARDS.values() for panel in flat(board) for link in panel["links"]]
    assert set(links) == {f"{RUNBOOKS}/{alert}.md" for alert in get_args(Alert)}


# Every query on a real Prometheus

VARIABLES = {"$model": "bot", "$signal": "refusal|answer_length", "$__rate_interval": "1m", "$__range": "1h"}
NO_VLLM = {"vllm:": "no vLLM is scraped here"}
EMPTY = {
    "real": NO_VLLM
    | {
        "tidegauge_read_ratio": "no networks read here",
        "tidegauge_reader_up": "no networks read here",
        "tidegauge_identity_changed": "the endpoint gives no log-probabilities",
        "changes(tidegauge_baseline_timestamp_seconds": "its baseline stays",
        "changes(tidegauge_incidents_total": "no incident opens",
        "tidegauge_incident_onset_timestamp_seconds": "no incident is open",
        "tidegauge_signal_harmed": "no signal does harm",
    },
    "made": NO_VLLM,
}
"""Of each monitor, by its namespace, what it has nothing to say of: a part of the query, and why."""


class Fed:
    """A source that gives what it is handed, until it is closed."""

    name = "fed"

    def __init__(self):
        self.lines, self._closed = [], threading.Event()

    def batches(self, start):
        given = start.get("llm/0", 0)
        while not self._closed.wait(0.01):
            lines = self.lines[given:]
            records = [Record(each, "llm/0", given + i, NOW) for i, each in enumerate(lines)]
            given += len(lines)
            yield RecordBatch(records, {"llm/0": given})

    def commit(self, position):
        pass

    def lag(self):
        return {"llm/0": 0}

    def close(self):
        self._closed.set()


@contextmanager
def running(folder, state, **probing):
    """A monitor of the baseline in `folder` that probes a model which refuses nothing; and its source."""
    source = Fed()
    with endpoint(lambda _: "Sure! Here is how you do it: first, you") as (url, _):
        target = {"base_url": url, "model": "bot", "concurrency": 16}
        schedule = {"spread": 0, "jitter": 0}
        tree = {
            "namespace": "real",
            "models": [{"name": "bot", "baseline": folder / "baseline"}],
            "sources": [{"files": {"paths": ["none"]}}],
            "state": {"path": state},
            "web": {"host": "127.0.0.1", "port": 0},
            "probes": {"suites": ["harmful-content"], "target": target, "schedule": schedule} | probing,
        }
        monitor = Monitor(Settings.model_validate(tree), {Fed.name: Feed(source, FORMATS["jsonl"]())})
        thread = threading.Thread(target=monitor.run)
        thread.start()
        try:
            yield monitor, source
        finally:
            monitor.stop()
            source.close()
            thread.join()


def probed(monitor):
    """What a whole run of probes came to; None before its end."""
    known = (seen := monitor.board.latest()) and seen.models[0].probes
    return known if known and known.last_success else None


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """A monitor of a model that stays as it was evaluated: its port, and what gives it more to do."""
    folder = tmp_path_factory.mktemp("dashboards")
    members = baseline.build(exchanges(1, 150), model="bot", data={}, gauge=Gauge.standard())
    baseline.write(members, folder / "baseline")
    with running(folder, folder / "first") as (monitor, _):
        until(lambda: probed(monitor))
    (run,) = (folder / "first" / "probes").glob("*.jsonl")
    with running(folder, folder / "state", baseline=run) as (monitor, source), monitor.serving() as server:

        def work():
            more = exchanges(2, 60, first=len(source.lines))
            source.lines += [line(e) for e in (*more, *exchanges(2, 1, first=len(source.lines), model="stranger"))]

        work()
        until(lambda: (seen := probed(monitor)) and seen.compared)
        until(lambda: monitor.board.latest().models[0].exchanges == 60)
        yield server.port, work


def whole(i):
    """A report in which everything that can be said is said, `i` of everything that is counted."""
    known = model(
        verdict=Verdict.UNEXPLAINED,
        incidents=(incident(Channel.BEHAVIOUR),),
        incidents_opened={Verdict.UNEXPLAINED: i},
        exchanges=60 * i,
        baseline_time=NOW - 86_400 + i,
        probes=probes(),
    )
    behaviour = known.channels[Channel.BEHAVIOUR]
    harmed = changed(behaviour, columns=tuple(changed(c, harmed=True) for c in behaviour.columns))
    known = changed(known, channels={**known.channels, Channel.BEHAVIOUR: harmed, Channel.STYLE: channel(0.5)})
    return report(known, namespace="made", batch_secs={"measure": Histogram((0.001, 0.1), (i, 4 * i), 5 * i, 0.75 * i)})


@pytest.fixture(scope="module")
def made():
    """The web face of a hand-made report: its port, and what makes its counters grow."""
    registry, board = process_registry(), Board(now=lambda: NOW)
    exporter, counted = PrometheusExporter(registry=registry, now=lambda: NOW), []
    app = application(board=board, registry=registry, loop_age=lambda: 0.0, config={})

    def work():
        counted.append(None)
        exporter.export(whole(len(counted)))

    work()
    with Server(app, host="127.0.0.1", port=0) as server:
        yield server.port, work


def filled(query, namespace):
    variables = {"$namespace": namespace, **VARIABLES}
    for name in sorted(variables, key=len, reverse=True):
        query = query.replace(name, variables[name])
    return query


@on_each_prometheus
def test_every_query_finds_something(prometheus_folder, real, made, tmp_path):
    targets = ",".join(f"127.0.0.1:{port}" for port, _ in (real, made))
    with scraping(prometheus_folder, targets, tmp_path) as asked:
        until(lambda: len(asked.query("count by (namespace) (tidegauge_verdict)")) == len(EMPTY))
        for _, work in (real, made):
            work()
        busy = "count by (namespace) (rate(tidegauge_batch_seconds_count{stage='measure'}[1m]) > 0)"
        until(lambda: len(asked.query(busy)) == len(EMPTY))
        found = {(at, name): asked.query(filled(query, at)) for at in EMPTY for name, query in QUERIES}
    wrong = {
        (at, name): filled(query, at)
        for at, silent in EMPTY.items()
        for name, query in QUERIES
        if any(math.isfinite(value) for _, value in found[at, name]) is any(part in query for part in silent)
    }
    assert not wrong
