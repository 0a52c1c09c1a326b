"""A pipeline whose exchanges a worker reads: nothing is lost, nothing counted twice, and a live source never waits."""

import msgspec
import pytest
from traffic import exchanges, line

from monitor import baseline
from monitor.bank import Bank
from monitor.baseline import Gauge, open_baseline
from monitor.formats import FORMATS
from monitor.pipeline import Feed, Pipeline, Watch
from monitor.readers import Reader
from monitor.report import Blind
from monitor.sampler import Sampler
from monitor.state import State
from monitor.testing import Gated, ListSource, ManualClock, WordMeaning
from monitor.verdict import Channel, Verdict

RUN, LIVE = exchanges(0, 240), exchanges(1, 200, first=5_000)
LINES = [line(e) for e in LIVE]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("baselines") / "bot"
    made = Gauge.standard([Reader("meaning", WordMeaning())])
    baseline.write(baseline.build(RUN, model="bot", data={}, gauge=made), place)
    return place


class Stepping(ListSource):
    """Calls `after` with the number of batches that were taken so far, once each was, and with 0 when closed."""

    def __init__(self, items, after, **options):
        super().__init__(items, **options)
        self.after = after

    def batches(self, start):
        for n, batch in enumerate(super().batches(start), 1):
            yield batch
            self.after(n)

    def close(self):
        super().close()
        self.after(0)


class Ticking(ManualClock):
    """Goes on by a second each time that it is looked at."""

    def __call__(self):
        self.advance(1.0)
        return super().__call__()


class Run:
    """A pipeline over LINES, its worker behind a gate."""

    def __init__(self, folder, *, live=True, queue=1_024, state=None, after=lambda _: None, open_gate=True, clock=None):
        self.meaning = WordMeaning()
        self.gate, self.clock = Gated(self.meaning), clock or ManualClock()
        known = open_baseline(folder, Gauge.standard([Reader("meaning", self.gate)]))
        self.gate.await_one()  # the anchors
        self.gate.open = open_gate
        self.bank = Bank(name="bot", baseline=known, exchanges_per_month=20_000)
        self.source = Stepping(LINES, after, batch_records=50)
        self.state = state or State(None)
        self.pipeline = Pipeline(
            namespace="shop",
            feeds={"list": Feed(self.source, FORMATS["jsonl"](), live=live)},
            watches={"bot": Watch("bot", None, self.bank, Sampler(None))},
            state=self.state,
            exporters=[],
            now=self.clock,
            clock=self.clock,
            wait=self.clock.wait,
            queue=queue,
        )

    def counted(self):
        return {outcome: n for (_, outcome), n in self.pipeline.report().records.items() if n}

    def let_all_pass(self):
        self.gate.open = True
        self.gate.pass_on(100)


def evidence(bank):
    known = bank.report().channels[Channel.STYLE]
    return known.n, known.evidence_log10


@pytest.fixture(scope="module")
def at_once(folder):
    known = open_baseline(folder, Gauge.standard([Reader("meaning", WordMeaning())]))
    bank = Bank(name="bot", baseline=known, exchanges_per_month=20_000)
    bank.update(LIVE)
    return evidence(bank)


@pytest.mark.parametrize(("live", "queue"), [(False, 1), (False, 16), (True, 1_024)])
def test_all_is_measured_as_if_it_had_been_read_at_once(folder, at_once, live, queue):
    run = Run(folder, live=live, queue=queue)
    run.pipeline.run()
    assert run.counted() == {"measured": 200}
    assert run.pipeline.stored
    assert run.source.committed[-1] == {"list/0": 200}
    assert evidence(run.bank) == at_once


def test_a_source_that_waited_for_readers_goes_on_after_a_restart(folder, at_once, tmp_path):
    run = Run(folder, live=False, queue=16, state=State(tmp_path))
    run.pipeline.run()
    run.state.close()
    again = Run(folder, live=False, queue=16, state=State(tmp_path))
    again.pipeline.run()
    assert again.counted() == {"measured": 200}
    assert evidence(again.bank) == at_once
    again.state.close()


def test_no_batch_is_measured_before_all_of_its_models_were_read(folder):
    def other(exchange, model):
        return msgspec.structs.replace(exchange, id=f"{model}-{exchange.id}", model=model)

    def over(name, known):
        return Bank(name=name, baseline=known, exchanges_per_month=20_000)

    known = open_baseline(folder, Gauge.standard([Reader("meaning", WordMeaning())]))
    both = [other(exchange, model) for exchange in LIVE for model in ("a", "b")]
    at_once = [over(model, known) for model in ("a", "b")]
    for bank in at_once:
        bank.update([exchange for exchange in both if exchange.model == bank.report().name])
    clock, banks = ManualClock(), [over(model, known) for model in ("a", "b")]
    Pipeline(
        namespace="shop",
        feeds={"list": Feed(ListSource([line(e) for e in both], batch_records=50), FORMATS["jsonl"](), live=False)},
        watches={model: Watch(model, None, bank, Sampler(None)) for model, bank in zip("ab", banks, strict=True)},
        state=State(None),
        exporters=[],
        now=clock,
        clock=clock,
        wait=clock.wait,
        queue=16,
    ).run()
    assert [evidence(bank) for bank in banks] == [evidence(bank) for bank in at_once]


def test_under_load_a_live_source_goes_on_and_what_is_left_out_is_said(folder):
    run = Run(folder, queue=8, open_gate=False, after=lambda n: run.let_all_pass() if n == 4 else None)
    run.pipeline.run()
    assert run.counted() == {"measured": 8, "sampled_out": 192}
    assert run.bank.report().exchanges == 8
    assert run.pipeline.report().sampled_ratio["bot"] == pytest.approx(1 - 0.96 * (1 - (127 / 128) ** 200), abs=0.05)
    assert run.source.committed[-1] == {"list/0": 200}


def test_what_waits_is_neither_counted_nor_stored_and_read_again_after_a_stop(folder, at_once, tmp_path):
    def after(n):
        if n == 1:
            run.gate.await_one()
            run.gate.pass_on()
        elif n == 3:
            run.pipeline.stop()
        elif n == 0:
            run.let_all_pass()

    run = Run(folder, open_gate=False, after=after, state=State(tmp_path), clock=Ticking())
    run.pipeline.run()
    assert run.counted() == {"measured": 50}
    assert run.source.committed[-1] == {"list/0": 50}
    run.state.close()
    again = Run(folder, state=State(tmp_path), live=False)
    again.pipeline.run()
    assert again.counted() == {"measured": 200}
    assert evidence(again.bank) == at_once
    again.state.close()


def test_what_cannot_be_read_is_counted_and_a_model_of_which_most_cannot_is_blind(folder):
    run = Run(folder, live=False)
    run.meaning.broken = True
    run.pipeline.run()
    assert run.counted() == {"skipped": 200}
    report = run.pipeline.report()
    assert report.skipped["not_read"] == 200
    assert (report.models[0].verdict, report.models[0].blind) == (Verdict.BLIND, Blind.READERS)
    assert run.source.committed[-1] == {"list/0": 200}


def test_readers_are_put_to_the_anchors_every_day(folder):
    def day_passes(n):
        if n == 2:
            run.clock.advance(86_401.0)
            run.meaning.turn = 0.5

    run = Run(folder, live=False, queue=50, after=day_passes)
    run.pipeline.run()
    assert run.bank.report().readers == {"meaning": "the anchors moved by 0.50 since the start"}
    assert run.counted()["skipped"] >= 50
