"""`tidegauge backtest`: the course it finds, the figures it prints, and what an operator's mistake looks like."""

import gzip
import json
import os
import re
import subprocess
import sys
from functools import partial
from html.parser import HTMLParser

import numpy as np
import pytest
from prometheus import ROOT
from scipy import stats
from traffic import EVEN, exchanges, line

from monitor import backtest, baseline, demo
from monitor.backtest import history
from monitor.backtest.words import short
from monitor.bank import BUDGET
from monitor.baseline import Gauge
from monitor.formats import FORMATS
from monitor.interfaces import Role
from monitor.records import Record
from monitor.stats.opinions import OPINIONS
from monitor.verdict import TRAFFIC, Channel
from monitor.web.numbers import readable

PER_MONTH = ("--exchanges-per-month", 20_000)


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """The demonstration's recording as files, and its baseline."""
    folder = tmp_path_factory.mktemp("backtest")
    evaluated, traffic = demo.recording()
    decode = FORMATS["jsonl"]().decode
    run = [decode(Record(raw, "evaluation", i)) for i, raw in enumerate(evaluated)]
    baseline.write(baseline.build(run, model=demo.MODEL, data={}, gauge=Gauge.standard()), folder / "baseline")
    (folder / "traffic.jsonl").write_bytes(b"\n".join(traffic))
    (folder / "first.jsonl").write_bytes(b"\n".join(traffic[:300]))
    (folder / "second.jsonl.gz").write_bytes(gzip.compress(b"\n".join(traffic[300:600])))
    (folder / "other.jsonl").write_bytes(b"\n".join(line(e) for e in exchanges(1, 12, model="other")))
    (folder / "prose.jsonl").write_bytes(b"This is not JSON.\n")
    (folder / "empty.jsonl").write_bytes(b"")
    (folder / "cut.jsonl.gz").write_bytes(gzip.compress(b"\n".join(traffic))[:4000])
    return folder


@pytest.fixture(scope="module")
def opened(shop):
    return baseline.open_baseline(shop / "baseline", Gauge.standard())


@pytest.fixture
def tested(shop, tmp_path, cli, monkeypatch):
    """Runs the command in this process, in a folder of its own with the files at hand: exit code, stdout, stderr."""
    for file in shop.iterdir():
        (tmp_path / file.name).symlink_to(file)
    monkeypatch.chdir(tmp_path)
    return partial(cli, "backtest", "--baseline", "baseline")


# The course


def test_the_recording_pages_once_as_it_does_in_the_demonstration(tested):
    ran = tested("--traffic", "traffic.jsonl", *PER_MONTH, "--json")
    assert (ran.code, ran.err) == (1, "")
    found = json.loads(ran.out)
    assert found["verdicts"] == demo.headless()["verdicts"]
    assert [s["verdict"] for s in found["verdicts"]] == ["insufficient", "steady", "explained", "unexplained", "steady"]
    (page,) = [i for i in found["incidents"] if i["pages"]]
    assert (page["verdict"], found["pages"], found["exchanges"]) == ("unexplained", 1, 2_200)
    assert 1_150 < page["onset"] <= page["opened"] < 1_230
    assert page["opened_time"] == pytest.approx(found["first_time"] + 3 * page["opened"], abs=600)
    assert all(mover["move"] for mover in page["movers"])
    assert [opinion["name"] for opinion in page["opinions"]] == list(OPINIONS)
    last = found["looks"][-1]
    assert (last["exchange"], set(last["evidence_log10"])) == (2_200, {str(c) for c in TRAFFIC})


def test_unchanged_traffic_in_several_files_does_not_page(tested):
    ran = tested("--traffic", "first.jsonl", "second.jsonl.gz", "other.jsonl", "prose.jsonl", *PER_MONTH, "--json")
    found = json.loads(ran.out)
    assert (ran.code, found["pages"], found["verdict"], found["exchanges"]) == (0, 0, "steady", 600)
    assert found["left_out"] == {"other_model": 12, "not_json": 1}


def test_few_exchanges_are_insufficient(tested, tmp_path):
    (tmp_path / "few.jsonl").write_bytes(b"\n".join(demo.recording()[1][:5]))
    ran = tested("--traffic", "few.jsonl")
    assert ran.code == 0
    assert ran.out.startswith("Too few exchanges to say\nAt the end: insufficient.")


def test_looks_grow_rare_and_hide_no_peak(shop, opened, monkeypatch):
    paths = [shop / "traffic.jsonl"]
    every = backtest.replay(paths, opened, exchanges_per_month=20_000)
    monkeypatch.setattr(history, "MOST_LOOKS", 8)
    few = backtest.replay(paths, opened, exchanges_per_month=20_000)
    assert len(few.looks) <= 8 < len(every.looks)
    assert (few.spans, few.incidents) == (every.spans, every.incidents)
    for channel in few.report.channels:
        peak = [max(look.evidence_log10[channel] or 0 for look in r.looks) for r in (few, every)]
        assert peak[0] == pytest.approx(peak[1], abs=1.0)


def test_another_served_name_is_replayed_when_asked_for(tested):
    ran = tested("--traffic", "other.jsonl", "--model", "oth*", "--json")
    assert json.loads(ran.out)["exchanges"] == 12


# What is printed


def test_the_summary_says_what_paged(tested):
    ran = tested("--traffic", "traffic.jsonl", *PER_MONTH)
    assert (ran.code, ran.err) == (1, "")
    lines = ran.out.splitlines()
    assert lines[0] == "Would have paged once"
    assert re.fullmatch(
        r"Page at exchange 1,2\d\d \(02 Mar 2026 09:\d\d UTC\), \d+ exchanges after it began: .+\.", lines[1]
    )
    assert re.search(r"^ unexplained +yes +1,\d+ ", ran.out, re.MULTILINE)
    assert re.search(r"^ explained +no ", ran.out, re.MULTILINE)
    assert re.search(r"^ refusal +\w+ refusals +\d\.\d% ", ran.out, re.MULTILINE)


def test_a_pipe_in_and_a_pipe_out(shop):
    command = [sys.executable, "-m", "monitor", "backtest", "--baseline", "baseline", "--traffic", "-", "--json"]
    ran = subprocess.run(
        command,
        cwd=shop,
        input=(shop / "first.jsonl").read_bytes(),
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert json.loads(ran.stdout)["exchanges"] == 300


class Page(HTMLParser):
    """What a page is made of; raises on tags that do not nest."""

    VOID = ("meta", "rect", "line", "polyline")

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.attributes, self.texts = [], [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in ("meta",):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def test_the_report_is_one_file_that_asks_for_nothing(tested, tmp_path):
    ran = tested("--traffic", "traffic.jsonl", *PER_MONTH, "--html", "report.html")
    assert ran.code == 1
    assert ran.out.endswith("Report with plots: report.html\n")
    text = (tmp_path / "report.html").read_text()
    page = Page(text)
    assert not {"script", "link", "img", "iframe", "object", "a"} & set(page.tags)
    assert not {"src", "href", "onload", "srcset"} & {name for name, _ in page.attributes}
    assert not re.search(r"url\(|@import|https?:", text)
    assert page.tags.count("svg") == 2 + len(TRAFFIC)
    said = " ".join(page.texts)
    for part in ("Would have paged once", "Promised, not measured.", "unexplained", "answer length"):
        assert part in said
    assert re.search(r"ADWIN (1,1[89]\d|1,2[01]\d), Page-Hinkley (1,1[89]\d|1,2[01]\d), KSWIN (–|1,[12]\d\d)", said)


def test_names_of_others_are_escaped(tmp_path):
    name = "<b>&bot"
    run = exchanges(1, 120, model=name)
    baseline.write(baseline.build(run, model=name, data={}, gauge=Gauge.standard()), tmp_path / "baseline")
    path = tmp_path / "<i>.jsonl"
    path.write_bytes(b"\n".join(line(e) for e in exchanges(2, 60, topics=EVEN, model=name)))
    text = backtest.render(backtest.replay([path], baseline.open_baseline(tmp_path / "baseline", Gauge.standard())))
    assert name not in text
    assert "<i>" not in text
    assert "&lt;b&gt;&amp;bot" in text
    Page(text)


def test_a_report_is_overwritten_only_by_force(tested, tmp_path):
    report = tmp_path / "report.html"
    report.write_text("mine")
    ran = tested("--traffic", "first.jsonl", "--html", "report.html")
    said = "tidegauge: --html: report.html exists already: choose another name, or overwrite it with --force\n"
    assert (ran.code, ran.out, ran.err) == (2, "", said)
    assert report.read_text() == "mine"
    assert tested("--traffic", "first.jsonl", "--html", "report.html", "--force").code == 0
    assert report.read_text().startswith("<!doctype html>")


# Mistakes


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--traffic", "empty.jsonl"], "nothing to replay in empty.jsonl: no records at all"),
        (["--traffic", "nowhere.jsonl"], "nowhere.jsonl: cannot be read: No such file or directory"),
        (["--traffic", "."], ".: cannot be read: Is a directory"),
        (["--traffic", "first.jsonl", "first.jsonl"], "paths: a path is named twice"),
        (["--traffic", "prose.jsonl"], "no usable exchange of model 'support-bot' in prose.jsonl: left out 1 not_json"),
        (
            ["--traffic", "other.jsonl"],
            "no usable exchange of model 'support-bot' in other.jsonl: left out 12 other_model (other): see --model",
        ),
        (["--traffic", "cut.jsonl.gz"], "cut.jsonl.gz: damaged gzip file"),
        (["--traffic", "first.jsonl", "--format", "xml"], "format: unknown format 'xml'"),
        (["--traffic", "first.jsonl", "--baseline", "nowhere"], "no baseline at nowhere: cannot read manifest.json"),
        (["--traffic", "first.jsonl", "--exchanges-per-month", "0"], "--exchanges-per-month: must be a number above 0"),
        (["--traffic", "first.jsonl", "--false-pages-per-month", "nan"], "--false-pages-per-month: must be a number"),
        (["--traffic", "first.jsonl", "--html", "no/where.html"], "--html: cannot write no/where.html: No such file"),
    ],
)
def test_a_mistake_is_one_line(tested, args, said):
    ran = tested(*args)
    assert (ran.code, ran.out) == (2, "")
    assert re.fullmatch(r"tidegauge: .+\n", ran.err), ran.err
    assert ran.err.removeprefix("tidegauge: ").startswith(said)


# False pages


def test_the_promise_is_the_share_of_the_month_that_was_replayed(shop, opened):
    known = backtest.replay(
        [shop / "first.jsonl"], opened, exchanges_per_month=20_000, false_pages_per_month=2
    ).false_pages
    of_traffic = 1 - BUDGET[Channel.PROBES] - BUDGET[Channel.IDENTITY]
    assert known.over_replay == pytest.approx(of_traffic * 2 * 300 / 20_000)
    assert (known.pages, known.seen_per_month, known.seen_low) == (0, 0, 0)
    assert known.seen_high == pytest.approx(stats.chi2.ppf(0.95, 2) / 2 * 20_000 / 300)


def test_pages_seen_have_the_interval_of_a_poisson_count(shop, opened):
    known = backtest.replay([shop / "traffic.jsonl"], opened, exchanges_per_month=20_000).false_pages
    low, high = stats.chi2.ppf(0.025, 2) / 2, stats.chi2.ppf(0.975, 4) / 2
    found = np.array([known.seen_low, known.seen_per_month, known.seen_high])
    assert found == pytest.approx(np.array([low, 1, high]) * 20_000 / 2_200)


# The smallest change


def test_the_smallest_changes_are_those_of_the_last_report(shop, opened):
    done = backtest.replay([shop / "first.jsonl"], opened, exchanges_per_month=20_000)
    told = {s["signal"]: s for s in backtest.plain(done)["smallest_change"]}
    assert list(told) == [c.name for c in opened.gauge.columns(Role.SIGNAL)]
    for column in done.report.channels[Channel.BEHAVIOUR].columns:
        known, said = column.detectable, told[column.name]
        assert (said["n"], said["spreads"], said["topic"]) == (column.samples, known.effect, known.topic)
        assert (said["changed"] is None) is (known.change is None)
        assert said["changed"] is None or said["changed"] == column.baseline + known.change
    assert told["answer_length"]["changed"] is not None


@pytest.mark.parametrize(
    ("x", "unit", "said"),
    [
        (None, "0/1", "–"),
        (0.0, "0/1", "0.0%"),
        (0.0009, "share of characters", "0.09%"),
        (0.411, "score 0..1", "41.1%"),
        (np.log(1 + 274), "log(1 + characters)", "274 characters"),
        (np.log(14.7), "log(words per sentence)", "14.7 words per sentence"),
        (4.35, "bytes per word", "4.35 bytes per word"),
    ],
)
def test_numbers_are_readable(x, unit, said):
    assert readable(x, unit) == said


def test_rates_are_readable():
    assert [short(x) for x in (0.0312, 0.23, 9.1, 99.86, 1234.0)] == ["0.031", "0.23", "9.1", "100", "1,234"]
