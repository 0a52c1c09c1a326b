"""The commands: what each prints, what it exits with, and what an operator's mistake looks like.

Errors and short commands run in this process through `main`; whatever is stopped, restarted or starved is a process.
"""

import gzip
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from itertools import pairwise
from types import SimpleNamespace

import pytest
from prometheus import ROOT, until
from reports import NOW, bare_model, changed, incident, model, probes, report
from traffic import exchanges, line

from monitor import __version__
from monitor.exporters.prometheus import process_registry
from monitor.report import Blind, TopicReport
from monitor.state import State
from monitor.verdict import Channel, Verdict
from monitor.web.advice import RUNBOOKS
from monitor.web.app import application
from monitor.web.board import Board
from monitor.web.server import Server

EVALUATED, SERVED = 200, 150
ENVIRONMENT = {key: value for key, value in os.environ.items() if not key.startswith("TIDEGAUGE_")}


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """A folder with an evaluation run, traffic, and the baseline of the model `bot`."""
    folder = tmp_path_factory.mktemp("shop")
    evaluated = b"".join(line(e) + b"\n" for e in exchanges(1, EVALUATED))
    (folder / "evaluation.jsonl").write_bytes(evaluated)
    (folder / "evaluation.jsonl.gz").write_bytes(gzip.compress(evaluated))
    (folder / "traffic.jsonl").write_bytes(b"".join(line(e) + b"\n" for e in exchanges(2, SERVED)))
    (folder / "empty.jsonl").write_bytes(b"")
    (folder / "prose.jsonl").write_bytes(b"This is not JSON.\nNor is this.\n")
    ran = process("baseline", "build", "evaluation.jsonl", "-o", "baseline", cwd=folder)
    assert ran.returncode == 0, ran.stderr
    return folder


@pytest.fixture
def place(shop, tmp_path, monkeypatch):
    """A folder of the test's own, with the shop's files at hand, which is also the working directory."""
    for file in shop.iterdir():
        (tmp_path / file.name).symlink_to(file)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def tidegauge(cli, monkeypatch):
    """Runs a command in this process: exit code, stdout, stderr."""
    for key in os.environ.keys() - ENVIRONMENT.keys():
        monkeypatch.delenv(key)
    return cli


@pytest.fixture
def mistake(tidegauge):
    """Runs a command that must fail by the operator's mistake; its one line."""

    def call(*args):
        ran = tidegauge(*args)
        assert (ran.code, ran.out) == (2, "")
        assert re.fullmatch(r"tidegauge: .+\n", ran.err), ran.err
        return ran.err.removeprefix("tidegauge: ").rstrip("\n")

    return call


def command(*args):
    return [sys.executable, "-m", "monitor", *map(str, args)]


def environment():
    return ENVIRONMENT | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


def process(*args, cwd, **more):
    """Runs a command as a process to its end."""
    return subprocess.run(
        command(*args), cwd=cwd, env=environment(), capture_output=True, text=True, timeout=60, check=False, **more
    )


def settings(folder, **changes):
    """Writes monitor.yaml, which is JSON here: that is YAML too."""
    tree = {
        "namespace": "shop",
        "models": [{"name": "bot", "baseline": "baseline"}],
        "sources": [{"files": {"paths": ["traffic.jsonl"]}}],
        "state": {"path": "state", "snapshot_secs": 0.2},
        "web": {"host": "127.0.0.1", "port": 0},
    }
    path = folder / "monitor.yaml"
    path.write_text(json.dumps(tree | changes))
    return path


FOLLOWED = [{"files": {"paths": ["traffic.jsonl"], "follow": True}}]


@contextmanager
def running(folder, *, before=()):
    """`tidegauge run` over the folder's monitor.yaml as a process, once its page is up."""
    log = folder / "log"
    with (
        log.open("w") as stderr,
        subprocess.Popen(
            [*before, *command("run", "-c", "monitor.yaml")], cwd=folder, env=environment(), stderr=stderr
        ) as started,
    ):
        try:
            found = until(lambda: re.search(r"status page and series on port (\d+)", log.read_text()))
            yield SimpleNamespace(process=started, url=f"http://127.0.0.1:{found[1]}", log=log.read_text)
        finally:
            started.kill()


def series(url):
    """What /metrics says, as {series with labels: value}."""
    with urllib.request.urlopen(f"{url}/metrics", timeout=10) as answer:
        rows = (row.rpartition(" ") for row in answer.read().decode().splitlines() if not row.startswith("#"))
        return {name: float(value) for name, _, value in rows}


def measured_all(monitor):
    name = 'tidegauge_exchanges_total{namespace="shop",model="bot"}'
    return lambda: series(monitor.url).get(name) == SERVED


def stored(folder):
    """Positions and counts of records in the state."""
    state = State(folder / "state")
    try:
        kept = state.load()
    finally:
        state.close()
    records = json.loads(kept.counts["counts"])["records"] if kept.counts else {}
    return kept.positions, records


# The root


def test_the_version_and_the_help_name_themselves(tidegauge):
    assert tidegauge("--version").out == f"{__version__}\n"
    text = tidegauge("--help").out
    assert all(f"  {name} " in text for name in ("run", "demo", "verdict", "baseline", "config"))


def test_a_mistyped_option_is_the_operators_error(tidegauge):
    ran = tidegauge("run", "--confg", "x")
    assert ran.code == 2
    assert "No such option: --confg" in ran.err


def test_a_mistake_in_a_process_is_one_line_and_exit_code_2(place):
    ran = process("run", "-c", "nowhere.yaml", cwd=place)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == "tidegauge: nowhere.yaml: cannot be read: No such file or directory\n"


def test_output_into_a_pipe_that_closes_is_no_crash(place):
    ran = subprocess.run(
        ["bash", "-c", '"$@" | head -n 1', "_", *command("config", "schema")],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.stdout == "{\n"
    assert "Traceback" not in ran.stderr


# config


def test_config_check_says_what_it_found(tidegauge, place):
    ran = tidegauge("config", "check", "-c", settings(place))
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == f"{place}/monitor.yaml: valid; models: bot; sources: files\n"


def test_config_show_says_where_each_value_comes_from(tidegauge, place, monkeypatch):
    monkeypatch.setenv("TIDEGAUGE_WEB__PORT", "9500")
    path = settings(place)
    ran = tidegauge("config", "show", "-c", path)
    assert ran.code == 0
    assert re.search(r"web\.port +9500 +environment TIDEGAUGE_WEB__PORT", ran.out)
    rows = {row["key"]: row for row in json.loads(tidegauge("config", "show", "--json", "-c", path).out)}
    assert rows["web.port"] == {"key": "web.port", "value": 9500, "origin": "environment TIDEGAUGE_WEB__PORT"}
    assert rows["limits.batch_records"]["origin"] == "default"


def test_config_schema_is_a_json_schema(tidegauge):
    schema = json.loads(tidegauge("config", "schema").out)
    assert schema["$schema"].startswith("https://json-schema.org/")
    assert "models" in schema["properties"]


@pytest.mark.parametrize("what", [("config", "check"), ("config", "show"), ("run",)])
def test_an_unknown_key_names_the_nearest_one(mistake, place, what):
    path = settings(place, wbe={"port": 1})
    assert mistake(*what, "-c", path) == f"{path}:1: wbe: unknown key; did you mean web?"


def test_settings_that_are_not_there(mistake, place):
    assert mistake("config", "check", "-c", "nowhere.yaml") == "nowhere.yaml: cannot be read: No such file or directory"


def test_each_problem_has_a_line_of_its_own(tidegauge):
    ran = tidegauge("config", "check")
    assert (ran.code, ran.out) == (2, "")
    assert [said.split(":")[2] for said in ran.err.splitlines()] == [" models", " sources"]


# baseline


@pytest.mark.parametrize("file", ["evaluation.jsonl", "evaluation.jsonl.gz"])
def test_a_baseline_is_built_shown_and_verified(tidegauge, place, file):
    ran = tidegauge("baseline", "build", file, "-o", "built")
    assert (ran.code, ran.err) == (0, "")
    assert re.search(rf"^Baseline [0-9a-f]{{12}} of model bot, {EVALUATED} exchanges$", ran.out, re.MULTILINE)
    assert tidegauge("baseline", "show", "built").out == ran.out
    known = json.loads(tidegauge("baseline", "show", "built", "--json").out)
    assert (known["model"], known["exchanges"], list(known["data"])) == ("bot", EVALUATED, [file])
    verified = tidegauge("baseline", "verify", "built")
    assert verified.out == f"built: intact; baseline {known['id']} of model bot, {EVALUATED} exchanges\n"


def test_building_with_json_prints_one_object(tidegauge, place):
    ran = tidegauge("baseline", "build", "evaluation.jsonl", "-o", "built", "--json", "--model", "renamed")
    assert (ran.code, ran.err) == (0, "")
    assert json.loads(ran.out)["model"] == "renamed"


def test_a_baseline_with_siblings_names_them(tidegauge, place):
    (place / "base.jsonl").write_bytes(
        b"".join(line(e) + b"\n" for e in exchanges(7, 80, style="swapped", model="base"))
    )
    ran = tidegauge("baseline", "build", "evaluation.jsonl", "-o", "built", "--siblings", "base.jsonl", "--json")
    assert (ran.code, ran.err) == (0, "")
    known = json.loads(ran.out)
    assert list(known["siblings"]) == ["base.jsonl"]
    assert known["space_models"] == 16, "the shipped space knows 15"


def test_siblings_with_too_few_answers(mistake, place):
    (place / "few.jsonl").write_bytes(b"".join(line(e) + b"\n" for e in exchanges(7, 5)))
    said = mistake("baseline", "build", "evaluation.jsonl", "-o", "built", "--siblings", "few.jsonl")
    assert said == "--siblings: a space needs a model with at least 20 answers; 0 have so many"


def test_an_evaluation_run_may_come_through_a_pipe(place):
    ran = process(
        "baseline", "build", "-", "-o", "built", "--json", cwd=place, input=(place / "evaluation.jsonl").read_text()
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert json.loads(ran.stdout)["exchanges"] == EVALUATED


def test_what_was_left_out_is_said(tidegauge, place):
    ran = tidegauge("baseline", "build", "evaluation.jsonl", "prose.jsonl", "-o", "built", "--json")
    assert (ran.code, ran.err) == (0, "left out 2 records: not_json\n")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["empty.jsonl"], "no usable exchange in empty.jsonl: no records at all"),
        (["prose.jsonl"], "no usable exchange in prose.jsonl: left out 2 not_json"),
        (["nowhere.jsonl"], "nowhere.jsonl: cannot be read: No such file or directory"),
        (["."], ".: cannot be read: Is a directory"),
        (["evaluation.jsonl", "--format", "xml"], "format: unknown format 'xml'; known: auto, jsonl, openai"),
        (
            ["few.jsonl"],
            "5 usable exchanges with prompts of their own are too few for a baseline: give at least 60",
        ),
        (
            ["few.jsonl", "others.jsonl"],
            "--model: the files hold exchanges of 2 models (bot, other): say which name the baseline is for",
        ),
        (
            ["cut.jsonl.gz"],
            "cut.jsonl.gz: damaged gzip file (Compressed file ended before the end-of-stream marker was reached)",
        ),
    ],
)
def test_an_evaluation_run_that_cannot_be_used(mistake, place, args, said):
    (place / "few.jsonl").write_bytes(b"".join(line(e) + b"\n" for e in exchanges(3, 5)))
    (place / "others.jsonl").write_bytes(b"".join(line(e) + b"\n" for e in exchanges(3, 5, model="other")))
    (place / "cut.jsonl.gz").write_bytes((place / "evaluation.jsonl.gz").read_bytes()[:40])
    assert mistake("baseline", "build", *args, "-o", "built").startswith(said)
    assert not (place / "built").exists()


def test_a_baseline_never_changes(mistake, place):
    before = (place / "baseline" / "manifest.json").read_bytes()
    said = mistake("baseline", "build", "evaluation.jsonl", "-o", "baseline")
    assert said == "baseline already holds a baseline, and a baseline never changes: choose another folder"
    assert (place / "baseline" / "manifest.json").read_bytes() == before


def test_a_baseline_that_is_not_there(mistake, place):
    for args in (["baseline", "verify", "nowhere"], ["baseline", "show", "nowhere"]):
        assert mistake(*args) == "no baseline at nowhere: cannot read manifest.json (No such file or directory)"
    path = settings(place, models=[{"name": "bot", "baseline": "nowhere"}])
    assert mistake("run", "-c", path).startswith("no baseline at nowhere")


@pytest.mark.parametrize("member", ["exchanges.npz", "conditional.npz", "manifest.json"])
def test_a_damaged_baseline_names_the_member(mistake, place, member):
    (place / "damaged").mkdir()
    for file in (place / "baseline").iterdir():
        content = bytearray(file.read_bytes())
        if file.name == member:
            del content[len(content) // 2 :]
        (place / "damaged" / file.name).write_bytes(content)
    path = settings(place, models=[{"name": "bot", "baseline": "damaged"}])
    for args in (["baseline", "verify", "damaged"], ["run", "-c", path]):
        assert f"damaged/{member} " in mistake(*args)


def test_the_baseline_of_another_model(mistake, place):
    path = settings(place, models=[{"name": "robot", "baseline": "baseline"}])
    assert mistake("run", "-c", path) == (
        "models: baseline is the baseline of model 'bot', not of 'robot': "
        "give the right baseline, or build one with --model"
    )


# verdict


@pytest.fixture
def asked(tidegauge):
    """Serves a report and asks for its verdict with the command."""

    def call(*models, options=()):
        board = Board(now=lambda: NOW)
        board.export(report(*models))
        app = application(board=board, registry=process_registry(), loop_age=lambda: 0.0, config={})
        with Server(app, host="127.0.0.1", port=0) as server:
            return tidegauge("verdict", "--url", f"http://127.0.0.1:{server.port}/", *options)

    return call


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        (["steady"], 0),
        (["explained"], 0),
        (["out_of_support"], 0),
        (["unexplained"], 1),
        (["blind"], 3),
        (["insufficient"], 3),
        (["steady", "insufficient"], 3),
        (["blind", "unexplained", "steady"], 1),
        ([], 3),
    ],
)
def test_the_exit_code_is_the_worst_verdict(asked, verdicts, code):
    models = [
        model(f"bot-{i}", Verdict(v), blind=Blind.NO_RECORDS if v == "blind" else None) for i, v in enumerate(verdicts)
    ]
    ran = asked(*models)
    assert (ran.code, ran.err) == (code, "")
    for name, verdict in ((f"bot-{i}", v) for i, v in enumerate(verdicts)):
        assert re.search(rf"^ {name} +{verdict} +behaviour 1\.500 of 4\.3 +60 ", ran.out, re.MULTILINE)


def test_open_incidents_follow_the_table(asked):
    over, lasting = incident(Channel.INPUTS, closed=50), incident(Channel.BEHAVIOUR)
    ran = asked(model("[red]bot[/]", Verdict.UNEXPLAINED, incidents=(over, lasting)), bare_model("new"))
    assert ran.out.splitlines()[-1] == "[red]bot[/]: unexplained since about exchange 31: more refusals"
    assert "explained since" not in ran.out.replace("unexplained since", "")


def test_verdict_as_json_is_what_the_monitor_said(asked):
    ran = asked(model(verdict=Verdict.UNEXPLAINED), options=["--json"])
    (known,) = json.loads(ran.out)
    assert (ran.code, known["name"], known["verdict"]) == (1, "bot", "unexplained")


def test_no_monitor_at_the_address(mistake):
    with socket.socket() as bound:  # bound and not listening: nobody else can take the port, nobody answers
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        assert mistake("verdict", "--url", url) == f"--url: no monitor answers at {url}: Connection refused"


@pytest.mark.parametrize("url", ["ftp://127.0.0.1", "127.0.0.1:9464", "file:///etc/passwd"])
def test_an_address_of_another_kind(mistake, url):
    assert mistake("verdict", "--url", url) == f"--url: {url} is not an address that begins with http:// or https://"


def test_something_else_at_the_address(mistake):
    with Server(nothing_but_a_page, host="127.0.0.1", port=0) as server:
        url = f"http://127.0.0.1:{server.port}"
        assert mistake("verdict", "--url", url) == f"--url: what answers at {url} is not a monitor"


async def nothing_but_a_page(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"<h1>It works!</h1>"})


# report


@pytest.fixture
def kept(tidegauge, place):
    """Serves a report, and asks for one of its incidents with the command."""

    def call(name, *options, during=None, shown=None):
        board = Board(now=lambda: NOW)
        for each in (during, shown):
            if each is not None:
                board.export(each)
        app = application(board=board, registry=process_registry(), loop_age=lambda: 0.0, config={})
        with Server(app, host="127.0.0.1", port=0) as server:
            url = f"http://127.0.0.1:{server.port}"
            return tidegauge("report", "--incident", name, "--url", url, "--out", place / "kept.html", *options)

    return call


def test_an_incident_is_kept_as_one_page_and_as_json(kept, place):
    lasting = incident(Channel.BEHAVIOUR)
    topics = (TopicReport("refund, card", 0.25, 0.75),)
    during = report(model("bot", Verdict.UNEXPLAINED, incidents=(lasting,), topics=topics, probes=probes()), at=NOW - 9)
    over = changed(lasting, closed=60, closed_time=NOW - 5)
    ran = kept(lasting.id, "--json", place / "kept.json", during=during, shown=report(model(incidents=(over,))))
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.split() == ["Written:", str(place / "kept.html"), "Written:", str(place / "kept.json")]
    page = (place / "kept.html").read_text()
    assert "Incident: unexplained" in page
    assert "refund, card" in page
    assert "0123456789ab" in page
    assert not re.search(r"<script|<link|src=|url\(|@import|<meta http-equiv", page)
    assert {link for link in re.findall(r'href="([^"]*)"', page) if not link.startswith(RUNBOOKS)} == set()
    data = json.loads((place / "kept.json").read_text())
    assert (data["model"], data["namespace"], data["version"]) == ("bot", "shop", __version__)
    assert (data["incident"]["id"], data["incident"]["closed"]) == (lasting.id, 60)
    assert (data["as_of"], data["while_it_lasted"], data["verdict"]) == (NOW - 9, True, "unexplained")
    assert (data["baseline_id"], data["baseline_exchanges"]) == ("0123456789ab", 400)
    assert data["topics"] == [{"name": "refund, card", "baseline": 0.25, "recent": 0.75}]
    assert data["channels"]["behaviour"]["columns"][0]["effect_low"] == 0.5
    assert data["probes"]["compared"]["state"] == "worse"
    assert data["looks"][0]["evidence_log10"]["behaviour"] == 1.5
    assert data["spans"][-1]["verdict"] == "steady", "the course goes on until now"
    assert data["monitor"]["records"] == {"kafka measured": 60, "kafka dead_letter": 2}
    assert data["monitor"]["sampled_ratio"] == {"bot": 0.5}


def test_an_incident_of_which_no_look_is_kept_says_so(kept, place):
    over = incident(Channel.BEHAVIOUR, closed=60)
    assert kept(over.id, "--json", place / "kept.json", shown=report(model(incidents=(over,)))).code == 0
    assert json.loads((place / "kept.json").read_text())["while_it_lasted"] is False
    assert "not of the incident" in (place / "kept.html").read_text()


def test_an_unknown_incident_is_one_line_that_names_the_known(kept, place):
    shown = report(model(incidents=(incident(Channel.BEHAVIOUR), incident(Channel.INPUTS))))
    ran = kept("nope", shown=shown)
    said = "tidegauge: --incident: there is no nope; known: bot-behaviour-40, bot-inputs-40\n"
    assert (ran.code, ran.out, ran.err) == (2, "", said)
    assert kept("nope").err == "tidegauge: --incident: there is no nope; known: none\n"
    assert not (place / "kept.html").exists()


def test_a_kept_report_is_not_overwritten_unless_told_to(kept, place):
    shown = report(model(incidents=(incident(Channel.BEHAVIOUR),)))
    (place / "kept.html").write_text("mine")
    ran = kept("bot-behaviour-40", shown=shown)
    assert ran.code == 2
    assert ran.err.endswith("kept.html exists already: choose another name, or overwrite it with --force\n")
    assert (place / "kept.html").read_text() == "mine"
    assert kept("bot-behaviour-40", "--force", shown=shown).code == 0
    assert (place / "kept.html").read_text() != "mine"


def test_no_report_from_what_is_no_monitor(mistake, place):
    with Server(nothing_but_a_page, host="127.0.0.1", port=0) as server:
        url = f"http://127.0.0.1:{server.port}"
        said = mistake("report", "--incident", "x", "--url", url, "--out", place / "kept.html")
    assert said == f"--url: what answers at {url} is not a monitor"


# demo


def test_the_demo_without_a_page_prints_one_object(tidegauge):
    ran = tidegauge("demo", "--headless", "--json")
    assert (ran.code, ran.err) == (0, "")
    result = json.loads(ran.out)
    assert set(result) == {"verdicts", "seconds"}
    assert 0 < result["seconds"] < 60
    spans = result["verdicts"]
    assert all(set(span) == {"verdict", "from_exchange", "to_exchange"} for span in spans)
    assert spans[0]["from_exchange"] == 1
    assert [after["from_exchange"] - before["to_exchange"] for before, after in pairwise(spans)] == (
        [1] * (len(spans) - 1)
    )
    assert [span["verdict"] for span in spans] == ["insufficient", "steady", "explained", "unexplained", "steady"]
    began = {span["verdict"]: span["from_exchange"] for span in spans[2:]}
    assert 601 < began["explained"] < 1_201 <= began["unexplained"] < 1_230  # other users from 601, model from 1,201
    assert 1_601 <= began["steady"] < 1_700  # all as before from 1,601


def test_the_demo_on_a_terminal_is_a_table(tidegauge):
    ran = tidegauge("demo", "--headless")
    assert re.match(r" verdict +from exchange +to exchange *\n insufficient +1 ", ran.out)


def test_the_demo_says_where_to_look_and_ends_on_sigterm(place):
    with subprocess.Popen(
        command("demo", "--port", "0"), cwd=place, env=environment() | {"TMPDIR": str(place)}, stdout=subprocess.PIPE
    ) as started:
        first = started.stdout.readline().decode()
        url = re.fullmatch(r"Status page +(http://127\.0\.0\.1:\d+)/\n", first)[1]
        name = 'tidegauge_exchanges_total{namespace="demo",model="support-bot"}'
        until(lambda: series(url).get(name, 0) > 0)
        started.send_signal(signal.SIGTERM)
        started.stdout.read()
        assert started.wait(timeout=20) == 0
    assert not list(place.glob("tidegauge-demo-*")), "nothing is left behind"


# run


def test_finite_files_are_measured_once_and_never_again(place):
    path = settings(place)
    for _ in range(2):
        ran = process("run", "-c", path, cwd=place)
        assert (ran.returncode, ran.stdout) == (0, "")
        positions, records = stored(place)
        assert records == {"files": {"measured": SERVED}}
        assert list(positions["files"].values()) == [(place / "traffic.jsonl").stat().st_size]
    assert "Traceback" not in ran.stderr


def test_what_is_appended_between_two_runs_is_all_that_the_second_one_reads(place):
    (place / "traffic.jsonl").unlink()
    lines = [line(e) + b"\n" for e in exchanges(2, 80)]
    (place / "traffic.jsonl").write_bytes(b"".join(lines[:50]))
    settings(place)
    assert process("run", "-c", "monitor.yaml", cwd=place).returncode == 0
    with (place / "traffic.jsonl").open("ab") as file:
        file.write(b"".join([*lines[50:], b"not json\n"]))
    assert process("run", "-c", "monitor.yaml", cwd=place).returncode == 0
    assert stored(place)[1] == {"files": {"measured": 80, "dead_letter": 1}}


def test_sigterm_ends_a_run_with_its_state_stored_and_a_second_monitor_is_told_who_holds_it(place, mistake, tidegauge):
    path = settings(place, sources=FOLLOWED)
    with running(place) as monitor:
        until(measured_all(monitor))
        assert mistake("run", "-c", path) == "state.path: cannot use state: another monitor holds it"
        ran = tidegauge("verdict", "--url", monitor.url, "--json")
        assert [m["exchanges"] for m in json.loads(ran.out)] == [SERVED]
        monitor.process.send_signal(signal.SIGTERM)
        assert monitor.process.wait(timeout=10) == 0
    positions, records = stored(place)
    assert records == {"files": {"measured": SERVED}}
    assert list(positions["files"].values()) == [(place / "traffic.jsonl").stat().st_size]
    assert monitor.log().rstrip().endswith("stopped; the state is stored")


def test_the_kill_that_nobody_can_catch_loses_nothing(place):
    settings(place, sources=FOLLOWED)
    with running(place) as monitor:
        until(measured_all(monitor))
        monitor.process.kill()
        monitor.process.wait(timeout=10)
    settings(place)
    assert process("run", "-c", "monitor.yaml", cwd=place).returncode == 0
    assert stored(place)[1] == {"files": {"measured": SERVED}}


def test_a_full_disk_is_counted_measuring_goes_on_and_nothing_is_committed(place):
    """A limit on the size of files stands for the disk: the kernel refuses the write all the same."""
    settings(place, sources=FOLLOWED)
    with running(place, before=["bash", "-c", 'ulimit -f 128; exec "$@"', "_"]) as monitor:
        until(measured_all(monitor))
        until(lambda: series(monitor.url)['tidegauge_state_failures_total{namespace="shop"}'] >= 2)
        monitor.process.send_signal(signal.SIGTERM)
        assert monitor.process.wait(timeout=10) == 0
    assert "cannot save the state in state" in monitor.log()
    assert "Traceback" not in monitor.log()
    assert stored(place) == ({}, {})
    settings(place)
    assert process("run", "-c", "monitor.yaml", cwd=place).returncode == 0, "with room again it starts where it was"
    assert stored(place)[1] == {"files": {"measured": SERVED}}


def test_a_source_that_cannot_be_read(place):
    settings(place, sources=[{"files": {"paths": ["nowhere.jsonl"]}}])
    ran = process("run", "-c", "monitor.yaml", "--log-level", "warning", cwd=place)
    assert ran.returncode == 2
    assert ran.stderr == "tidegauge: nowhere.jsonl: cannot be read: No such file or directory\n"


def test_a_port_in_use(mistake, place):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = mistake("run", "-c", settings(place, state={"path": None}), "--port", port)
    assert said == f"web.port: cannot listen on 127.0.0.1:{port}: Address already in use"


def test_a_log_level_that_does_not_exist(mistake, place):
    assert mistake("run", "-c", settings(place), "--log-level", "loud") == (
        "--log-level: 'loud' is not one of debug, info, warning, error"
    )


def test_a_format_that_does_not_exist(mistake, place):
    path = settings(place, sources=[{"files": {"paths": ["traffic.jsonl"], "format": "xml"}}])
    assert mistake("run", "-c", path) == "format: unknown format 'xml'; known: auto, jsonl, openai"


# State


def test_a_state_folder_that_cannot_be_made(mistake, place):
    path = settings(place, state={"path": "traffic.jsonl/state"})
    said = mistake("run", "-c", path)
    assert said.startswith("state.path: cannot use traffic.jsonl/state: ")
    assert "Not a directory" in said


def test_a_state_folder_that_cannot_be_written(mistake, place):
    said = mistake("run", "-c", settings(place, state={"path": "/proc/tidegauge"}))  # where not even root may write
    assert said.startswith("state.path: cannot use /proc/tidegauge: ")


def test_the_state_of_another_version(mistake, place):
    State(place / "state").close()
    with sqlite3.connect(place / "state" / "tidegauge.db") as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    said = mistake("run", "-c", settings(place))
    assert re.fullmatch(r"state\.path: state has state schema 99, this version reads \d+: .+", said)


@pytest.mark.parametrize("damage", ["all of it", "its second half", "a model"])
def test_a_damaged_state_says_what_to_do(mistake, place, damage):
    path = settings(place)
    assert process("run", "-c", path, cwd=place).returncode == 0
    file = place / "state" / "tidegauge.db"
    if damage == "a model":
        with sqlite3.connect(file) as db:
            db.execute("UPDATE model SET snapshot = substr(snapshot, 1, 5000)")
        db.close()
    else:
        content = file.read_bytes()
        whole = 0 if damage == "all of it" else len(content) // 2
        file.write_bytes(content[:whole] + b"\xab" * (len(content) - whole))
    said = mistake("run", "-c", path)
    assert re.fullmatch(r"state\.path: state/tidegauge\.db is damaged \(.+\): move it away to start anew", said)
