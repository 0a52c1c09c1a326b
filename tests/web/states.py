"""States of the page as a real monitor comes to them: the recording of the demonstration, batch by batch."""

from dataclasses import dataclass
from types import SimpleNamespace

from monitor import demo
from monitor.report import Blind, as_seen_at
from monitor.verdict import Verdict, words
from reports import changed

REACHED = {"steady": 560, "explained": 1_000, "unexplained": 1_500, "over": 2_200}
"""Exchanges after which each state is looked at."""


def reached():
    """By name, what a board holds in each state: `report`, `looks`, `during`."""
    states = {}
    with demo.prepared(host="127.0.0.1", port=0, pause_secs=0.0, wait=lambda _: None) as monitor:
        (feed,) = monitor.pipeline._feeds.items()
        for batch in feed[1].source.batches({}):
            monitor.pipeline.take(feed[0], batch)
            report = monitor.pipeline.report()
            report = changed(report, at=report.models[0].last_record_time or report.at, ready=True)
            monitor.board.export(report)
            for name, exchanges in REACHED.items():
                if report.models[0].exchanges == exchanges:
                    states[name] = _held(report, monitor.board)
    states["blind"] = _held(_blind(states["unexplained"].report), SimpleNamespace(**vars(states["unexplained"])))
    return states


def _held(report, board):
    return SimpleNamespace(report=report, looks=board.looks, during=board.during)


def _blind(report):
    (model,) = report.models
    silent = changed(model, verdict=Verdict.BLIND, blind=Blind.NO_RECORDS, meaning=words(Verdict.BLIND))
    return changed(report, models=(silent,))
