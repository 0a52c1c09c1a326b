"""States of the page as a real monitor comes to them: the recording of the demonstration, batch by batch."""

from types import SimpleNamespace

from reports import changed

from monitor import demo
from monitor.report import Blind
from monitor.verdict import Verdict, words

REACHED = {"steady": 600, "explained": 1_000, "unexplained": 1_500, "over": 2_200}
"""Exchanges after which each state is looked at."""

EVERY = 100
"""Exchanges between two reports."""


def reached():
    """By name, what a board holds in each state: `report`, `looks`, `during`."""
    states = {}
    source = demo.Recording(demo.recording()[1], pause_secs=0.0, wait=lambda _: None)
    with demo.prepared(host="127.0.0.1", port=0, pause_secs=0.0, wait=lambda _: None) as monitor:
        for batch in source.batches({}):
            monitor.pipeline.take(source.name, batch)
            read = batch.position[source.name]
            if read % EVERY:
                continue
            report = monitor.pipeline.report()
            monitor.board.export(changed(report, at=report.models[0].last_record_time, ready=True))
            for name in (name for name, exchanges in REACHED.items() if exchanges == read):
                states[name] = _held(monitor.board)
    seen = states["unexplained"]
    (model,) = seen.report.models
    silent = changed(model, verdict=Verdict.BLIND, blind=Blind.NO_RECORDS, meaning=words(Verdict.BLIND))
    states["blind"] = SimpleNamespace(
        report=changed(seen.report, models=(silent,)), looks=seen.looks, during=seen.during
    )
    return states


def _held(board):
    return SimpleNamespace(report=board._report, looks=board.looks, during=board.during)
