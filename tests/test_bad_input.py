"""Bad input through the whole monitor: counted by reason and kept, never a traceback, and no trace in the verdict."""

import json

import msgspec
import pytest
from traffic import exchanges, line

from monitor import baseline
from monitor.bank import Bank
from monitor.baseline import Gauge, open_baseline
from monitor.formats import FORMATS
from monitor.pipeline import Feed, Pipeline, Watch
from monitor.report import Blind
from monitor.sampler import Sampler
from monitor.state import State
from monitor.testing import ListSource, ManualClock, Pause
from monitor.verdict import Verdict

GOOD = exchanges(2, 120)
MIB = 2**20


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    place = tmp_path_factory.mktemp("bad") / "bot"
    baseline.write(baseline.build(exchanges(1, 150), model="bot", data={}, gauge=Gauge.standard()), place)
    return open_baseline(place, Gauge.standard())


class Last:
    def export(self, report):
        self.report = report


def watched(known, items, *, wall=None, clock=None, letters=100):
    """Runs the records through a monitor of one model; its last report and its dead letters."""
    clock = clock or ManualClock()
    state, last = State(None, dead_letters=letters), Last()
    bank = Bank(name="bot", baseline=known, exchanges_per_month=20_000)
    Pipeline(
        namespace="shop",
        feeds={"list": Feed(ListSource(items), FORMATS["auto"]())},
        watches={"bot": Watch("bot", None, bank, Sampler(None))},
        state=state,
        exporters=[last],
        now=wall or clock,
        clock=clock,
        wait=clock.wait,
    ).run()
    kept = state.dead_letters()
    state.close()
    return last.report, kept


def with_answer(e, **changes):
    return json.dumps(json.loads(line(e)) | changes).encode()


def test_records_that_cannot_be_read_are_counted_kept_and_change_nothing(known):
    deep = b'{"model": "bot", "prompt": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    bad = {
        b"": "empty",
        b"not json at all": "not_json",
        b"\xff\xfe{}": "not_utf8",
        b"[1, 2]": None,
        b'{"model": "bot", "prompt": "a", "response": "b': "not_json",
        b'{"model": "bot", "prompt": 1, "response": "b"}': None,
        b'{"model": "bot", "prompt": "\xc3\x28", "response": "b"}': None,
        b'{"model": "bot", "prompt": "a", "response": "b", "time": NaN}': "not_finite",
        b'{"model": "bot", "prompt": "a", "response": "b", "time": 1e999}': None,
        deep: None,
        b"\x00" * 1_000: "not_json",
    }
    lines = [line(e) for e in GOOD]
    mixed = list(lines)
    for i, value in enumerate(bad):
        mixed.insert(7 * i + 3, value)
    clean, _ = watched(known, lines)
    report, kept = watched(known, mixed)
    assert report.records["list", "dead_letter"] == len(bad) == sum(report.dead_letters.values())
    assert report.records["list", "measured"] == len(lines)
    assert [letter.size for letter in kept] == [len(value) for value in bad]
    assert all(letter.body is None and len(letter.sha256) == 64 for letter in kept), "metadata only"
    reasons = dict(zip(bad, (letter.reason for letter in kept), strict=True))
    assert {value: reasons[value] for value, reason in bad.items() if reason} == {v: r for v, r in bad.items() if r}
    assert msgspec.json.encode(report.models) == msgspec.json.encode(clean.models)


def test_a_record_of_50_mb_is_measured_by_its_head_and_tail(known):
    long = with_answer(GOOD[0], id="long", response="word " * (10 * MIB))
    assert len(long) > 50 * MIB
    report, kept = watched(known, [line(e) for e in GOOD[:60]] + [long] + [line(e) for e in GOOD[60:]])
    assert report.records["list", "measured"] == 121
    assert kept == []
    assert report.models[0].verdict is Verdict.STEADY


def test_numbers_out_of_all_bounds_are_no_numbers(known):
    odd = [
        with_answer(e, id=f"odd-{i}", logprobs={"content": [{"token": "a", "logprob": value}]})
        for i, (e, value) in enumerate(zip(GOOD, [-1e308, 1e308, 0, -1e-320] * 10, strict=False))
    ]
    report, _ = watched(known, odd)
    assert report.records["list", "measured"] + report.records["list", "dead_letter"] == len(odd)
    text = msgspec.json.encode(report.models)
    assert b"NaN" not in text
    assert b"Infinity" not in text


@pytest.mark.parametrize("at", [0.0, 1.0, 4e9])
def test_a_wrong_time_in_one_record_changes_no_verdict_and_no_threshold(known, at):
    wrong = [line(e) for e in GOOD]
    wrong[50] = with_answer(GOOD[50], time=at)
    report, clean = watched(known, wrong)[0].models[0], watched(known, [line(e) for e in GOOD])[0].models[0]
    assert report.verdict is clean.verdict is Verdict.STEADY
    assert report.channels == clean.channels


@pytest.mark.parametrize("at", [-5e9, 1e15])
def test_a_time_that_is_none_makes_its_record_a_dead_letter(known, at):
    wrong = [line(e) for e in GOOD]
    wrong[50] = with_answer(GOOD[50], time=at)
    report, (letter,) = watched(known, wrong)
    assert report.models[0].verdict is Verdict.STEADY
    assert "time" in letter.detail


def test_a_wall_clock_that_jumps_makes_nobody_blind(known):
    """The machine's clock is set a day forward, and back, while records flow."""
    wall, clock = ManualClock(1.8e9), ManualClock()

    class Jumping(ListSource):
        def batches(self, start):
            for i, batch in enumerate(super().batches(start)):
                clock.advance(1.0)
                wall.advance(86_400.0 if i == 2 else 1.0)
                yield batch

    seen = []

    class Every:
        def export(self, report):
            seen.append(report.models[0].blind)

    state = State(None)
    Pipeline(
        namespace="shop",
        feeds={"list": Feed(Jumping([line(e) for e in GOOD], batch_records=20), FORMATS["auto"]())},
        watches={"bot": Watch("bot", None, Bank(name="bot", baseline=known), Sampler(None))},
        state=state,
        exporters=[Every()],
        now=wall,
        clock=clock,
        wait=clock.wait,
    ).run()
    state.close()
    assert len(seen) > 2
    assert set(seen) == {None}


def test_silence_is_blind_whatever_the_wall_clock_says(known):
    clock = ManualClock()

    class Silent(ListSource):
        def batches(self, start):
            for batch in super().batches(start):
                yield batch
                clock.advance(400.0)

    last, state = Last(), State(None)
    Pipeline(
        namespace="shop",
        feeds={"list": Feed(Silent([line(GOOD[0]), Pause(), Pause(), Pause()]), FORMATS["auto"]())},
        watches={"bot": Watch("bot", None, Bank(name="bot", baseline=known), Sampler(None))},
        state=state,
        exporters=[last],
        now=lambda: 1.8e9,
        clock=clock,
        wait=clock.wait,
    ).run()
    state.close()
    assert last.report.models[0].blind is Blind.NO_RECORDS
    assert last.report.models[0].verdict is Verdict.BLIND
