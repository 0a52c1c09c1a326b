"""States of the page as a real monitor comes to them: the recording of the demonstration, batch by batch."""

from reports import changed

from monitor import demo
from monitor.report import Blind
from monitor.verdict import Verdict, words

REACHED = {"steady": 600, "explained": 1_000, "unexplained": 1_500}
"""Exchanges after which each state is looked at."""

EVERY = 100
"""Exchanges between two reports."""


def reached():
    """By the name of a state the reports that lead to it, in order."""
    source = demo.Recording(demo.recording()[1], pause_secs=0.0, wait=lambda _: None)
    reports = []
    with demo.prepared(host="127.0.0.1", port=0, pause_secs=0.0, wait=lambda _: None) as monitor:
        for batch in source.batches({}):
            monitor.pipeline.take(source.name, batch)
            if batch.position[source.name] % EVERY == 0:
                report = monitor.pipeline.report()
                reports.append(changed(report, at=report.models[0].last_record_time, ready=True))
            if batch.position[source.name] == max(REACHED.values()):
                break
    states = {name: reports[: exchanges // EVERY] for name, exchanges in REACHED.items()}
    (model,) = reports[-1].models
    silent = changed(model, verdict=Verdict.BLIND, blind=Blind.NO_RECORDS, meaning=words(Verdict.BLIND))
    return states | {"blind": [*reports, changed(reports[-1], models=(silent,))]}
