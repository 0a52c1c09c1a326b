"""The HTTP face: a real server on a free port, the page as a browser gets it, a real Prometheus that scrapes it."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from html import unescape
from html.parser import HTMLParser
from types import SimpleNamespace

import httpx
import pytest
from prometheus import ROOT, on_each_prometheus, scraping, until
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from reports import NOW, bare_model, changed, channel, column, detectable, incident, model, probes, report

from monitor import demo
from monitor.errors import ConfigError
from monitor.exporters.prometheus import PrometheusExporter, process_registry
from monitor.interfaces import Level
from monitor.report import STALE_SECS, Blind, TopicReport
from monitor.settings import Settings, masked
from monitor.settings.display import mask
from monitor.verdict import TRAFFIC, Channel, Mover, Opinion, Span, Verdict, words
from monitor.web.app import HANG_SECS, application
from monitor.web.board import Board
from monitor.web.fleet import SHOWN_FIRST
from monitor.web.page import render
from monitor.web.server import Server

HOSTILE = '<script>alert("x")</script>\'"&'


@contextmanager
def serving(*reports, config=None):
    """A server over a board that was given the reports; `face` lets a test turn its clock and its loop's age."""
    face = SimpleNamespace(now=NOW, loop_age=0.0)
    registry, board = process_registry(), Board(now=lambda: face.now)
    exporter = PrometheusExporter(registry=registry, now=lambda: face.now)

    def export(each):
        board.export(each)
        exporter.export(each)

    for each in reports:
        export(each)
    app = application(board=board, registry=registry, loop_age=lambda: face.loop_age, config=config or {})
    with (
        Server(app, host="127.0.0.1", port=0) as server,
        httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=30) as client,
    ):
        face.get, face.export, face.port = client.get, export, server.port
        yield face


@pytest.fixture(scope="module")
def face():
    config = Settings.model_validate(
        {
            "models": [{"name": "bot", "baseline": "b"}],
            "sources": [
                {
                    "kafka": {
                        "bootstrap_servers": "k:9092",
                        "topics": ["t"],
                        "security_protocol": "SASL_SSL",
                        "sasl_mechanism": "PLAIN",
                        "username": "u",
                        "password_file": "/secrets/kafka",
                    }
                }
            ],
        }
    )
    shown = report(
        model("bot", Verdict.UNEXPLAINED, incidents=(incident(Channel.BEHAVIOUR),)),
        model("other bot", Verdict.STEADY, incidents=(incident(Channel.INPUTS, closed=50),)),
    )
    with serving(shown, config=masked(config)) as opened:
        yield opened


class Page(HTMLParser):
    """What a browser sees: elements in order, and the text with its whitespace folded."""

    def __init__(self, text):
        super().__init__()
        self.elements, self._text, self._open = [], [], []
        self.feed(text)
        self.text = " ".join("".join(self._text).split())

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._open.append(tag)

    def handle_endtag(self, tag):
        self._open = self._open[: len(self._open) - 1 - self._open[::-1].index(tag)]

    def handle_data(self, text):
        if "style" not in self._open:
            self._text.append(text + " ")


# Routes


@pytest.mark.parametrize(
    ("accept", "begins"),
    [
        ("application/openmetrics-text; version=1.0.0; charset=utf-8", "application/openmetrics-text; version=1.0.0"),
        ("text/plain; version=0.0.4", "text/plain; version=0.0.4"),
        ("*/*", "text/plain; version="),
    ],
)
def test_series_come_in_the_format_that_was_asked_for(face, accept, begins):
    answer = face.get("/metrics", headers={"Accept": accept})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(begins)
    assert "tidegauge_verdict{" in answer.text
    assert answer.text.endswith("# EOF\n") == ("openmetrics" in begins)


def test_openmetrics_can_be_read_back_by_its_strict_parser(face):
    text = face.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"}).text
    assert {"tidegauge_verdict", "tidegauge_records", "tidegauge_batch_seconds"} <= {
        family.name for family in parse_openmetrics(text)
    }


def test_healthy_until_the_poll_loop_hangs():
    with serving() as face:
        face.loop_age = HANG_SECS
        assert (face.get("/healthz").status_code, face.get("/healthz").text) == (200, "ok\n")
        face.loop_age = HANG_SECS + 1
        answer = face.get("/healthz")
        assert (answer.status_code, answer.text) == (503, "the poll loop has hung for 61 s\n")


def test_ready_once_a_source_has_answered():
    with serving() as face:
        assert face.get("/readyz").status_code == 503
        face.export(report(bare_model(), ready=False))
        assert face.get("/readyz").status_code == 503
        assert face.get("/readyz").text == "no source has answered yet\n"
        face.export(report(bare_model()))
        assert (face.get("/readyz").status_code, face.get("/readyz").text) == (200, "ok\n")


@pytest.mark.parametrize("route", ["verdicts", "incidents", "signals"])
def test_before_the_first_report_there_is_an_empty_list(route):
    with serving() as face:
        answer = face.get(f"/api/v1/{route}")
        assert (answer.status_code, answer.json()) == (200, [])


@pytest.mark.parametrize("route", ["verdicts", "incidents", "signals", "config"])
def test_the_api_is_json_that_nobody_keeps(face, route):
    answer = face.get(f"/api/v1/{route}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"


def test_a_verdict_travels_with_its_evidence(face):
    bot, other = face.get("/api/v1/verdicts").json()
    assert (bot["name"], bot["verdict"], bot["meaning"]) == ("bot", "unexplained", words(Verdict.UNEXPLAINED))
    assert bot["evidence"]["behaviour"] == {
        "evidence_log10": 1.5,
        "threshold_log10": 4.3,
        "level": "steady",
        "n": 50,
        "onset": None,
    }
    assert bot["spans"][-1] == {"verdict": "unexplained", "from_exchange": 30, "to_exchange": None}
    assert [i["verdict"] for i in bot["incidents"]] == ["unexplained"]
    assert (other["verdict"], other["blind"], other["input_shift"]) == ("steady", None, 0.25)


def test_incidents_name_their_model_and_what_moved(face):
    first, second = face.get("/api/v1/incidents").json()
    assert (first["model"], first["channel"], first["closed"]) == ("bot", "behaviour", None)
    assert first["movers"] == [{"column": "refusal", "move": "more refusals", "share": 0.9}]
    assert (second["model"], second["verdict"], second["closed"]) == ("other bot", "explained", 50)


def test_signals_say_what_is_not_known_as_null_and_never_as_zero():
    with serving(report(bare_model())) as face:
        (known,) = face.get("/api/v1/signals").json()
    (seen,) = known["channels"]["behaviour"]["columns"]
    assert [seen[key] for key in ("evidence_log10", "baseline", "recent", "effect")] == [None] * 4
    assert known["topics"] == [{"name": "parcel", "baseline": 1.0, "recent": None}]


def test_signals_say_what_would_have_been_seen(face):
    (known, *_) = face.get("/api/v1/signals").json()
    seen = {c["name"]: c["detectable"] for c in known["channels"]["behaviour"]["columns"]}
    assert seen["refusal"] == {
        "move": "more refusals",
        "change": 0.0625,
        "effect": 0.25,
        "topic": "refund, card",
        "topic_change": 0.5,
        "topic_effect": 2.0,
    }
    assert [seen["new_secret"][key] for key in ("change", "effect", "topic_change", "topic_effect")] == [None] * 4
    assert {c["detectable"] for c in known["channels"]["inputs"]["columns"]} == {None}


def test_the_settings_are_shown_and_secrets_are_not(face):
    config = face.get("/api/v1/config").json()
    assert config["models"][0]["name"] == "bot"
    assert config["sources"][0]["kafka"]["password_file"] == "/secrets/kafka", "the name of a file is no secret"
    # Today no setting holds a secret itself: this is what one would look like.
    with serving(config=mask({"web": {"token": "hunter2", "port": 1}})) as hiding:
        assert hiding.get("/api/v1/config").json() == {"web": {"token": "***", "port": 1}}


def test_a_stale_report_is_blind_everywhere():
    with serving(report(model(verdict=Verdict.STEADY))) as face:
        face.now = NOW + STALE_SECS + 1
        (known,) = face.get("/api/v1/verdicts").json()
        assert (known["verdict"], known["blind"]) == ("blind", "stalled")
        assert "The monitor itself has not looked" in Page(face.get("/").text).text
        assert re.search(r'tidegauge_verdict{.*verdict="blind"} 1\.0', face.get("/metrics").text)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_nothing_can_be_changed_from_outside(face, method):
    for route in ("/", "/metrics", "/healthz", "/api/v1/config"):
        assert httpx.request(method, f"http://127.0.0.1:{face.port}{route}").status_code == 405
    assert face.get("/nowhere").status_code == 404


def test_a_port_in_use_is_one_line_for_the_operator(face):
    app = application(board=Board(now=lambda: NOW), registry=process_registry(), loop_age=lambda: 0.0, config={})
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError) as caught:
            Server(app, host="127.0.0.1", port=port)
    assert str(caught.value) == f"web.port: cannot listen on 127.0.0.1:{port}: Address already in use"


@pytest.mark.parametrize("host", ["no-such-host.invalid", "203.0.113.7"])
def test_an_address_that_is_not_ours_is_one_line_for_the_operator(host):
    app = application(board=Board(now=lambda: NOW), registry=process_registry(), loop_age=lambda: 0.0, config={})
    with pytest.raises(ConfigError, match=rf"^web\.port: cannot listen on {re.escape(host)}:0: .+$"):
        Server(app, host=host, port=0)


def test_a_closed_server_gives_its_port_back():
    with serving() as face:
        port = face.port
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/healthz")


# Page


@pytest.mark.parametrize("verdict", Verdict)
def test_the_page_says_each_verdict_in_words(verdict):
    blind = Blind.NO_RECORDS if verdict is Verdict.BLIND else None
    page = Page(render(report(model(verdict=verdict, blind=blind))))
    assert ("h2", {"class": str(verdict)}) in page.elements
    said = "No record of this model has come" if blind else words(verdict)
    plain = verdict.replace("_", " ")
    assert page.text.startswith(f"{plain} – Tidegauge Tidegauge shop / bot {plain} {said}")


@pytest.mark.parametrize("reason", Blind)
def test_a_blind_page_says_why(reason):
    text = Page(render(report(model(verdict=Verdict.BLIND, blind=reason)))).text
    assert "Behaviour is not being watched." in text
    assert text.count("blind") >= 2


def test_the_answer_comes_first_then_since_when_then_who_then_what():
    text = Page(render(report(model(verdict=Verdict.UNEXPLAINED, incidents=(incident(Channel.BEHAVIOUR),))))).text
    places = [
        text.index(part)
        for part in (
            words(Verdict.UNEXPLAINED),
            "Roll back",
            "Began about exchange 31",
            "Is it the model or its users?",
            "Verdicts so far",
            "Answers: strongest",
            "Prompts: topics",
            "The monitor itself",
        )
    ]
    assert places == sorted(places)


def test_second_opinions_stand_with_the_open_incident_and_only_when_asked():
    quiet = incident(Channel.BEHAVIOUR)
    text = Page(render(report(model(incidents=(quiet,))))).text
    assert "Second opinions" not in text
    asked = changed(quiet, opinions=(Opinion("ADWIN", 1_031), Opinion("KSWIN", None)))
    text = Page(render(report(model(incidents=(asked,))))).text
    assert "Second opinions on where it began: ADWIN 1,031, KSWIN –." in text


def test_means_of_logarithms_are_shown_as_the_numbers_they_stand_for():
    text = Page(render(report(model()))).text
    assert "answer length characters 147 244 -0.5" in text  # expm1(5.0), expm1(5.5)
    assert "refusal 10.0% 30.0% 1.2" in text


def test_what_would_have_been_seen_is_shown_with_the_topic_in_which_most_is_missed():
    text = Page(render(report(model()))).text
    assert "Smallest changes that would have been seen by now" in text
    assert "refusal more refusals 10.0% 16.2% +0.25 +2.00 40" in text
    assert "answer length characters shorter answers 147 130 -0.38 – 40" in text
    assert "confined to prompts about refund, card, the topic met least" in text
    assert "would have been seen by now" not in Page(render(report(bare_model()))).text


def test_what_is_constant_in_the_baseline_has_shares_in_place_of_spreads():
    rare = column("refusal", 0.0, baseline=0.0, detectable=detectable(0.03, None, 0.4))
    known = dict(model().channels) | {Channel.BEHAVIOUR: channel(0.5, rare)}
    assert "refusal more refusals 0.0% 3.0% – 40.0% 40" in Page(render(report(model(channels=known)))).text


def test_a_move_is_put_in_words_once_there_is_evidence_for_it_and_what_stood_still_is_left_out():
    columns = (
        column("moved", 2.2, baseline=0.1, recent=0.3),
        column("hardly", 2.1, baseline=0.1, recent=0.2),
        column("still", 2.0, baseline=0.0, recent=0.0),
    )
    channels = dict(model().channels) | {Channel.BEHAVIOUR: channel(3.0, *columns, threshold=4.3)}
    text = Page(render(report(model(channels=channels)))).text
    assert "moved more moved 10.0% 30.0% 2.2 hardly 10.0% 20.0% 2.1 Prompts" in text


def test_hostile_names_stay_text():
    bad = model(
        HOSTILE,
        Verdict.UNEXPLAINED,
        meaning=HOSTILE,
        baseline_id=HOSTILE,
        incidents=(changed(incident(Channel.BEHAVIOUR), movers=(Mover(HOSTILE, HOSTILE, 1.0),)),),
        channels={
            c: channel(2.0, column(HOSTILE, 2.0, move=HOSTILE, unit=HOSTILE, baseline=1.0, recent=2.0)) for c in TRAFFIC
        },
        topics=(TopicReport(HOSTILE, 0.5, 0.5),),
    )
    hostile = report(
        bad,
        model("b", Verdict.UNEXPLAINED),
        namespace=HOSTILE,
        records={(HOSTILE, HOSTILE): 1},
        dead_letters={HOSTILE: 1},
        skipped={HOSTILE: 1},
    )
    for text in (render(hostile), render(hostile, only=HOSTILE), render(hostile, only=HOSTILE + "?")):
        page = Page(text)
        assert "script" not in {tag for tag, _ in page.elements}
        assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
        assert "<script" not in text
    assert HOSTILE in unescape(Page(render(hostile)).text)


def test_the_page_loads_nothing_and_runs_nothing(face):
    answer = face.get("/")
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy == {
        "default-src": "'none'",
        "style-src": "'unsafe-inline'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    page = Page(answer.text)
    assert not {tag for tag, _ in page.elements} & {"script", "link", "img", "iframe", "object", "form"}
    assert all(a["href"].startswith("/") for tag, a in page.elements if tag == "a")
    assert not re.search(r"https?://|url\(|@import", answer.text)


def test_the_page_renews_itself_and_has_a_language_a_title_and_headings(face):
    page = Page(face.get("/").text)
    assert ("html", {"lang": "en"}) in page.elements
    assert ("meta", {"http-equiv": "refresh", "content": "5"}) in page.elements
    assert page.text.startswith("unexplained – Tidegauge")
    assert next(tag for tag, _ in page.elements if tag in {"h1", "h2"}) == "h1"


def test_fifty_models_weigh_little_and_the_worst_come_first():
    spans = tuple(Span(list(Verdict)[i % 3], 1 + 100 * i, 100 + 100 * i) for i in range(199))
    columns = [column(f"signal_{i}", i / 10, baseline=0.1, recent=0.2, effect=0.5) for i in range(60)]
    many = [
        model(
            f"a-model-with-a-long-name-{i:02}",
            Verdict.UNEXPLAINED if i >= 40 else Verdict.STEADY,
            spans=(*spans, Span(Verdict.STEADY, 19_901, None)),
            exchanges=20_000,
            incidents=tuple(incident(Channel.BEHAVIOUR, opened=100 + j, closed=200) for j in range(20)),
            channels={c: channel(3.0, *columns) for c in TRAFFIC},
        )
        for i in range(50)
    ]
    text = render(report(*many))
    assert len(text.encode()) < 150_000
    page = Page(text)
    links = [attributes["href"] for tag, attributes in page.elements if tag == "a"]
    assert links[0] == "/?model=a-model-with-a-long-name-40"
    assert len([link for link in links if link.startswith("/?model=")]) == 50
    assert [tag for tag, a in page.elements if a.get("class") == "model"] == ["section"] * SHOWN_FIRST
    assert len(Page(render(report(*many[:1]))).text) > 1_000


def test_each_model_of_several_has_a_page_of_its_own(face):
    link = next(
        a["href"] for tag, a in Page(face.get("/").text).elements if tag == "a" and a["href"].endswith("other%20bot")
    )
    text = Page(face.get(link).text).text
    assert words(Verdict.STEADY) in text
    assert words(Verdict.UNEXPLAINED) not in text
    assert "All models" in text
    assert "No model has this name." in Page(face.get("/?model=nobody").text).text


def test_a_monitor_without_a_report_says_so():
    assert "Starting: no report yet." in Page(render(None)).text


def test_a_model_of_which_nothing_is_known_shows_dashes_and_what_lacks():
    text = Page(render(report(bare_model()))).text
    assert "30 more exchanges are needed." in text
    assert "– / 4.3" in text
    assert "nan" not in text.lower()


def test_a_failed_save_is_said_and_none_is_not():
    assert "3 saves of the state failed" in Page(render(report(model(), state_failures=3))).text
    assert "failed" not in Page(render(report(model()))).text


def test_only_what_moved_is_coloured():
    def meters(level):
        known = {c: channel(5.0, level=level) for c in TRAFFIC}
        page = Page(render(report(model(channels=known))))
        inside = [a["class"] for tag, a in page.elements if tag == "i" and "width:100%" in a["style"]]
        return [c for c in inside if c not in {"steady", "insufficient"}]

    assert meters(Level.STEADY) == ["calm"] * 4
    assert meters(Level.MOVED) == ["unexplained", "unexplained", "explained", "out_of_support"]


# Probes


def test_the_page_shows_probes_beside_the_traffic():
    page = Page(render(report(model(probes=probes()))))
    assert "answers to probes" in page.text
    assert "moved 6.5 / 4.2" in page.text
    assert "Probes are answered worse. trigger date/3 does something" in page.text
    assert "harmful content worse 52 12% 50% +25% to +50% +6%" in page.text
    assert "bias unseen 0 – – – nothing" in page.text
    assert (
        "1 not whole: target down; 4 without an answer: timeout; 3 not compared: edited. 56 requests and 9,000 tokens"
        in page.text
    )


def test_probes_that_say_nothing_are_no_pass():
    text = Page(render(report(model(probes=probes(compared=None, last_success=None))))).text
    assert "Nothing was compared yet: this is no pass. No whole run since the start, next" in text
    assert "Probes" not in Page(render(report(model()))).text


def test_probes_as_json():
    with serving(report(model(probes=probes()), model("other bot"))) as face:
        (known,) = face.get("/api/v1/probes").json()
        assert known["outcomes"] == [
            {"suite": "harmful-content", "category": "harmful_content", "outcome": "bad", "n": 26}
        ]
        assert known["compared"]["categories"][0]["detectable"] == 0.0625
        evidence = face.get("/api/v1/verdicts").json()[0]["evidence"]
        assert (evidence["probes"]["level"], evidence["identity"]["evidence_log10"]) == ("moved", 5.0)


# Prometheus


@on_each_prometheus
def test_a_real_prometheus_scrapes_a_running_monitor(prometheus_folder, tmp_path):
    never = threading.Event()
    with (
        demo.prepared(host="127.0.0.1", port=0, pause_secs=0.0, wait=never.wait) as monitor,
        monitor.serving() as server,
        scraping(prometheus_folder, f"127.0.0.1:{server.port}", tmp_path) as asked,
    ):
        monitor.run()
        known = monitor.board.latest().models[0]

        moved = {str(c): seen.evidence_log10 / seen.threshold_log10 for c, seen in known.channels.items()}

        def whole():
            """Whether what it scraped last is the last report: it scraped some of those before too."""
            monitor.pipeline.idle()
            pairs = asked.query(
                'tidegauge_evidence_log10{signal="all"} / on (namespace, model, channel, signal) group_left '
                "tidegauge_evidence_threshold_log10"
            )
            return {labels["channel"]: value for labels, value in pairs} == pytest.approx(moved)

        until(whole)
        values = {labels["verdict"]: (labels, value) for labels, value in asked.query("tidegauge_verdict")}
        assert {verdict: value for verdict, (_, value) in values.items()} == {
            str(v): float(v is known.verdict) for v in Verdict
        }
        labels = values["steady"][0]
        assert (labels["namespace"], labels["model"], labels["job"]) == ("demo", demo.MODEL, "tidegauge")
        assert asked.query("up") == [
            ({"__name__": "up", "instance": f"127.0.0.1:{server.port}", "job": "tidegauge"}, 1)
        ]


@on_each_prometheus
def test_a_real_prometheus_sees_the_demo_turn(prometheus_folder, tmp_path):
    """The command itself, with its pauses: from the first batch, too few to say, to a first verdict."""
    with subprocess.Popen(
        [sys.executable, "-m", "monitor", "demo", "--port", "0"],
        stdout=subprocess.PIPE,
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
    ) as process:
        try:
            line = process.stdout.readline().decode()
            target = re.search(r"http://(127\.0\.0\.1:\d+)/", line)[1]
            with scraping(prometheus_folder, target, tmp_path / "prometheus") as asked:
                until(lambda: asked.query('tidegauge_verdict{verdict="steady",model="support-bot"} == 1'))
                assert until(lambda: asked.query('tidegauge_evidence_log10{channel="behaviour",signal="all"}'))
        finally:
            process.send_signal(signal.SIGINT)
            process.stdout.read()
    assert process.returncode == 0
