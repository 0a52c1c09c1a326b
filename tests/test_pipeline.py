"""When the pipeline shows what it counted."""

from itertools import pairwise

import pytest

from monitor.errors import TemporaryError
from monitor.formats import FORMATS
from monitor.pipeline import Feed, Pipeline
from monitor.state import State
from monitor.telemetry import Counts
from monitor.testing import ListSource, ManualClock, Pause

LINE = b'{"model": "unknown", "prompt": "a", "response": "b"}'


class Shown(list):
    """Keeps, per report, when it came, how many records it counted, and how many the state then held."""

    def __init__(self, clock, state):
        super().__init__()
        self.clock, self.state = clock, state

    def export(self, report):
        stored = Counts.load(self.state.load().counts.get("counts", Counts().dump()))
        self.append((self.clock(), sum(report.records.values()), sum(sum(c.values()) for c in stored.records.values())))


class Slow(ListSource):
    """A batch takes 0.3 s to come."""

    def __init__(self, items, clock):
        super().__init__(items, batch_records=1)
        self.clock = clock

    def batches(self, start):
        for batch in super().batches(start):
            self.clock.advance(0.3)
            yield batch


@pytest.fixture
def shown():
    """shown(items, ...): every report of a pipeline over these items."""

    def run(items, *, snapshot_secs=2.0, state=None):
        clock, state = ManualClock(), state or State(None)
        reports = Shown(clock, state)
        feeds = {"list": Feed(Slow(items, clock), FORMATS["jsonl"]())}
        Pipeline(
            namespace="shop",
            feeds=feeds,
            watches={},
            state=state,
            exporters=[reports],
            now=clock,
            clock=clock,
            wait=clock.wait,
            snapshot_secs=snapshot_secs,
        ).run()
        state.close()
        return reports

    return run


def pauses(reports):
    return [after - before for before, after in pairwise(at for at, _, _ in reports)]


def test_nothing_is_shown_that_a_crash_could_take_back(shown):
    """Prometheus takes a counter that falls for one that began anew, and adds all of it once more."""
    reports = shown([LINE] * 50)
    assert all(counted == stored for _, counted, stored in reports)
    assert reports[-1][1] == 50
    assert max(pauses(reports)) < 2.0 + 0.6


def test_silence_is_shown_every_second(shown):
    reports = shown([LINE, *[Pause() for _ in range(50)]])
    assert max(pauses(reports)[2:-1]) < 1.0 + 0.6


class Full(State):
    def save(self, *_):
        raise TemporaryError("the disk is full")


def test_a_save_that_is_long_in_coming_holds_no_report_back_for_ever(shown):
    for reports in (shown([LINE] * 100, snapshot_secs=3_600.0), shown([LINE] * 100, state=Full(None))):
        assert 9.0 < max(pauses(reports)) < 10.0 + 0.6
        assert reports[-1][1] == 100
