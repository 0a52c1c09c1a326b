"""The HTTP face: a real server on a free port, the page as a browser gets it, a real Prometheus that scrapes it."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise

import httpx
import pytest
from faces import serving
from prometheus import ROOT, on_each_prometheus, scraping, until
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from reports import NOW, bare_model, changed, channel, column, detectable, incident, model, probes, report

from monitor import demo
from monitor.errors import ConfigError
from monitor.exporters.prometheus import process_registry
from monitor.interfaces import Level
from monitor.looks import Look
from monitor.report import STALE_SECS, Blind, TopicReport
from monitor.settings import Settings, masked
from monitor.settings.display import mask
from monitor.verdict import TRAFFIC, Channel, Mover, Opinion, Span, Verdict, words
from monitor.web.advice import RUNBOOKS
from monitor.web.app import HANG_SECS, application
from monitor.web.board import DETAILED, MOST_LOOKS, Board
from monitor.web.bundle import Bundle
from monitor.web.fleet import SHOWN_FIRST
from monitor.web.page import render
from monitor.web.plot import effect
from monitor.web.sections.effects import AT_ONCE
from monitor.web.server import Server

HOSTILE = '<script>alert("x")</script>\'"&'


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
    assert ("h1", {"class": f"answer {verdict}"}) in page.elements
    said = "No record of this model has come" if blind else words(verdict)
    plain = verdict.replace("_", " ")
    assert page.text.startswith(f"{plain} – Tidegauge Skip to the answer Tidegauge shop / bot {plain} {said}")


@pytest.mark.parametrize("reason", Blind)
def test_a_blind_page_says_why(reason):
    text = Page(render(report(model(verdict=Verdict.BLIND, blind=reason)))).text
    assert "Behaviour is not being watched." in text
    assert text.count("blind") >= 2


def test_the_answer_comes_first_then_since_when_then_who_then_what():
    moved = model().channels | {Channel.BEHAVIOUR: channel(6.0, level=Level.MOVED)}
    lasting = changed(incident(Channel.BEHAVIOUR), topics=("refund, card",), examples=("id-7",))
    shown = model(verdict=Verdict.UNEXPLAINED, incidents=(lasting,), channels=moved, probes=probes())
    text = Page(render(report(shown))).text
    places = [
        text.index(part)
        for part in (
            words(Verdict.UNEXPLAINED),
            "Since About exchange 31 21 Sep 14:03 UTC , 10 min before the latest record.",
            "How sure Certain since exchange 40 21 Sep 14:08 UTC : evidence 10 4.5 , now 10 6.0 ; 10 4.3 is needed.",
            "so much comes once in at least 20,000 exchanges.",
            "Users or model The model : answers, given their prompts; answers to probes; which one answers.",
            "Users ask as before.",
            "Where Most evidence: more refusals. Most in prompts about refund, card. Look at id-7 .",
            "What to do Find out which model answers",
            "Runbook: IdentityChanged , SafetyEroded , BehaviourUnexplained .",
            "Is it the model or its users?",
            "Evidence over time",
            "Prompts: topics",
            "Probes: the same prompts",
            "Which model answers",
            "Incidents, latest first",
            "Verdicts so far",
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
    assert "answer length characters 147 → 244 -0.20 -0.5" in text  # expm1(5.0), expm1(5.5)
    assert "refusal 10.0% → 30.0% +0.70 +0.50 to +0.88 1.2" in text


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


def test_a_move_is_put_in_words_once_there_is_evidence_for_it():
    columns = (
        column("moved", 2.2, baseline=0.1, recent=0.3),
        column("hardly", 2.1, baseline=0.1, recent=0.2),
    )
    channels = dict(model().channels) | {Channel.BEHAVIOUR: channel(3.0, *columns, threshold=4.3)}
    text = Page(render(report(model(channels=channels)))).text
    assert "moved more moved 10.0% → 30.0% – 2.2 hardly 10.0% → 20.0% – 2.1 Effect" in text


def test_the_surest_effects_come_first_and_the_many_are_folded():
    columns = [column(f"s{i}", None, recent=0.0, effect=1.0, effect_low=i / 40, effect_high=2.0) for i in range(40)]
    page = Page(render(report(model(channels=model().channels | {Channel.BEHAVIOUR: channel(None, *columns)}))))
    drawn = [a["aria-label"] for tag, a in page.elements if tag == "svg" and a["class"] == "effect"]
    assert len(drawn) == 40
    assert drawn[0] == "s39: effect +1.00, between +0.97 to +2.00 spreads"
    tags = [(tag, a.get("class")) for tag, a in page.elements]
    assert tags[: tags.index(("details", None))].count(("svg", "effect")) == AT_ONCE
    assert "30 more signals" in page.text


def test_an_effect_far_off_is_drawn_at_the_edge_and_an_interval_without_zero_stronger():
    assert 'cx="118.0"' in effect("", 9.0, 8.0, 10.0, 3.0)
    assert ['class="sure"' in effect("", 0.5, low, 1.0, 3.0) for low in (0.1, 0.0, -0.1)] == [True, False, False]
    assert "<rect" not in effect("", 0.5, None, None, 3.0)


@pytest.mark.parametrize(
    ("verdict", "about", "page"),
    [
        (Verdict.UNEXPLAINED, Channel.BEHAVIOUR, "BehaviourUnexplained"),
        (Verdict.UNEXPLAINED, Channel.STYLE, "BehaviourUnexplained"),
        (Verdict.UNEXPLAINED, Channel.PROBES, "SafetyEroded"),
        (Verdict.UNEXPLAINED, Channel.IDENTITY, "IdentityChanged"),
        (Verdict.OUT_OF_SUPPORT, Channel.SUPPORT, "OutOfSupport"),
        (Verdict.EXPLAINED, Channel.INPUTS, "InputShift"),
        (Verdict.BLIND, None, "MonitorBlind"),
        (Verdict.STEADY, None, None),
    ],
)
def test_each_alert_has_its_runbook(verdict, about, page):
    seen = {c: channel(5.0, level=Level.MOVED if c is about else Level.STEADY) for c in Channel}
    shown = model(verdict=verdict, channels=seen, blind=Blind.NO_RECORDS if verdict is Verdict.BLIND else None)
    linked = [a["href"] for tag, a in Page(render(report(shown))).elements if tag == "a" and "runbooks" in a["href"]]
    assert linked == ([] if page is None else [f"{RUNBOOKS}/{page}.md"])


def test_a_blind_model_that_moved_before_keeps_both_runbooks_and_what_was_known():
    lasting = incident(Channel.BEHAVIOUR)
    text = Page(render(report(model(verdict=Verdict.BLIND, blind=Blind.NO_RECORDS, incidents=(lasting,))))).text
    assert "Nothing can be said of now. Before, it was unexplained. Certain since exchange 40" in text
    assert "Runbook: MonitorBlind , BehaviourUnexplained ." in text


def test_a_steady_model_says_what_calm_is_worth():
    text = Page(render(report(model()))).text
    assert "50 exchanges compared; the most evidence is 35% of what is needed." in text
    assert "would have been seen, for example more refusals from 10.0% to 16.2%." in text
    assert "Users or model Neither. What to do Nothing to do." in text


def test_explained_says_what_users_ask_more_about():
    shown = model(verdict=Verdict.EXPLAINED, incidents=(incident(Channel.INPUTS),))
    assert "More prompts about parcel, courier (25% → 50%)." in Page(render(report(shown))).text


def test_evidence_is_drawn_over_time_against_what_is_needed():
    looks = [Look.at(model(exchanges=n, last_record_time=NOW + n)) for n in (20, 40, 60)]
    page = Page(render(report(model()), looks={"bot": looks}))
    said = [a["aria-label"] for tag, a in page.elements if tag == "svg" and a["class"] == "plot"]
    assert said[0] == (
        "Model: answers, given their prompts: evidence 10 to the 1.5 at exchange 60, at most 10 to the 1.5, "
        "needed 10 to the 4.3"
    )
    assert len(said) == len(model().channels)
    assert "Over exchanges 20 to 60 (21 Sep 14:13 UTC to 21 Sep 14:14 UTC)" in page.text
    assert "The course begins with the next exchanges." in Page(render(report(model()))).text


# One incident


def test_an_incident_shows_what_was_seen_while_it_lasted():
    open_one = incident(Channel.BEHAVIOUR)
    during = report(model(topics=(TopicReport("then", 0.5, 0.75),), incidents=(open_one,)), at=NOW - 200)
    over = changed(open_one, closed=50, closed_time=NOW - 100)
    now = report(model(topics=(TopicReport("now", 0.5, 0.5),), incidents=(over,)))
    page = Page(render(now, "bot", over.id, during={over.id: during}))
    assert "Incident: unexplained Began about exchange 31" in page.text
    assert "Certain at exchange 40 21 Sep 14:08 UTC , 9 exchanges, 5 min after it began" in page.text
    assert "Over at exchange 50 21 Sep 14:11 UTC" in page.text
    assert "as of 2026-09-21 14:10:00 UTC, the last look while this incident was open" in page.text
    assert "then 50% 75% +25" in page.text
    assert "now 50%" not in page.text
    lost = Page(render(now, "bot", over.id)).text
    assert "not of the incident: no look from while it lasted is kept any more" in lost
    assert "now 50% 50% 0" in lost


def test_incidents_lead_to_their_pages():
    with serving(report(model(incidents=(incident(Channel.BEHAVIOUR, name='b/o"t &'),)))) as face:
        page = Page(face.get("/").text)
        (link,) = [a["href"] for tag, a in page.elements if tag == "a" and "incident=" in a["href"]]
        assert "Incident: unexplained" in Page(face.get(link).text).text
        assert "No incident has this name" in Page(face.get("/?model=bot&incident=x").text).text


# Board


def test_a_board_keeps_few_looks_however_long_it_runs():
    board = Board(now=lambda: NOW)
    for n in range(1, 3 * MOST_LOOKS):
        peak = model().channels | {Channel.BEHAVIOUR: channel(9.0 if n == 101 else 1.0)}
        board.export(report(model(exchanges=n, channels=peak)))
    looks = board.looks["bot"]
    assert MOST_LOOKS / 2 <= len(looks) <= MOST_LOOKS
    assert looks[-1].exchange == 3 * MOST_LOOKS - 1
    assert [look.exchange for look in looks] == sorted({look.exchange for look in looks})
    assert max(look.evidence_log10[Channel.BEHAVIOUR] for look in looks) == 9.0


def test_a_board_keeps_the_latest_incidents_as_they_were_while_open():
    board = Board(now=lambda: NOW)
    known = [incident(Channel.BEHAVIOUR, opened=40 * n) for n in range(1, DETAILED + 3)]
    for n, one in enumerate(known, 1):
        over = [changed(i, closed=i.opened + 5) for i in known[: n - 1]]
        board.export(report(model(exchanges=one.opened, incidents=(*over, one))))
        board.export(report(model(exchanges=one.opened + 5, incidents=(*over, changed(one, closed=one.opened + 5)))))
    assert list(board.during) == [i.id for i in known[-DETAILED:]]
    assert board.during[known[-1].id].models[0].exchanges == known[-1].opened


def test_hostile_names_stay_text():
    bad = model(
        HOSTILE,
        Verdict.UNEXPLAINED,
        meaning=HOSTILE,
        baseline_id=HOSTILE,
        incidents=(
            changed(
                incident(Channel.BEHAVIOUR, name=HOSTILE),
                movers=(Mover(HOSTILE, HOSTILE, 1.0),),
                topics=(HOSTILE,),
                examples=(HOSTILE,),
                opinions=(Opinion(HOSTILE, 1),),
            ),
        ),
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
    kept = bad.incidents[0].id
    for text in (
        render(hostile),
        render(hostile, only=HOSTILE),
        render(hostile, only=HOSTILE + "?"),
        render(hostile, only=HOSTILE, incident=kept),
    ):
        page = Page(text)
        assert [a for tag, a in page.elements if tag == "script"] == [{"src": "/page.js", "defer": None}]
        assert not any(name.startswith("on") for _, attributes in page.elements for name in attributes)
        assert text.count("<script") == 1
    assert HOSTILE in unescape(Page(render(hostile)).text)
    alone = Bundle.of(hostile, kept, looks={}, during={}).page()
    assert not {tag for tag, _ in Page(alone).elements} & {"script", "link", "img"}
    assert HOSTILE in unescape(alone)


def test_the_page_loads_from_the_monitor_alone(face):
    answer = face.get("/")
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy == {
        "default-src": "'none'",
        "style-src": "'self'",
        "script-src": "'self'",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    page = Page(answer.text)
    assert not {tag for tag, _ in page.elements} & {"img", "iframe", "object", "form", "style"}
    assert not any("style" in a for _, a in page.elements)
    loaded = [a.get("href") or a.get("src") for tag, a in page.elements if tag in {"link", "script"}]
    assert loaded == ["/page.css", "/page.js"]
    assert all(a["href"].startswith(("/", "#main", f"{RUNBOOKS}/")) for tag, a in page.elements if tag == "a")
    for text in (answer.text, *(face.get(path).text for path in loaded)):
        assert not re.search(r"https?://|url\(|@import|innerHTML", text.replace(f"{RUNBOOKS}/", ""))


def test_what_the_page_loads_is_served_with_its_type(face):
    for path, kind in (("/page.css", "text/css"), ("/page.js", "text/javascript")):
        answer = face.get(path)
        assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, kind)


def test_the_page_renews_itself_and_has_a_language_a_title_and_headings(face):
    page = Page(face.get("/").text)
    assert ("html", {"lang": "en"}) in page.elements
    assert ("meta", {"http-equiv": "refresh", "content": "5"}) in page.elements
    assert page.text.startswith("unexplained – Tidegauge")
    assert ("noscript", {}) in page.elements, "with script it is renewed in place"
    heads = [int(tag[1]) for tag, _ in page.elements if re.fullmatch("h[1-6]", tag)]
    assert (heads[0], heads.count(1)) == (1, 1)
    assert all(after - before <= 1 for before, after in pairwise(heads))


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
    listed = [link for link in links if link.startswith("/?model=")][SHOWN_FIRST:]
    assert (listed[0], len(listed)) == ("/?model=a-model-with-a-long-name-40", 50)
    assert "10 of 50 models need a look 10 unexplained, 40 steady" in page.text
    assert [tag for tag, a in page.elements if a.get("class") == "model"] == ["section"] * SHOWN_FIRST
    assert len(render(report(*many), only=many[0].name).encode()) < 150_000


def test_of_one_verdict_the_model_with_most_evidence_comes_first():
    near, far = (model(n, channels={Channel.BEHAVIOUR: channel(x)}) for n, x in (("near", 4.0), ("far", 0.5)))
    text = Page(render(report(far, near))).text
    assert "near steady 93% 30 far steady 12% 30" in text
    assert "None of 2 models needs a look" in text


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
        rects = [a for tag, a in page.elements if tag == "rect" and a.get("width") == "100"]
        return [a["class"].removeprefix("block ") for a in rects if a["class"].startswith("block")]

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
