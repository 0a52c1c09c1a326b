"""A bank that sees a stream thinned unevenly says of it what one that sees all of it says."""

import msgspec
import numpy as np
import pytest
from traffic import TOPICS, exchanges

from monitor import baseline
from monitor.bank import Bank
from monitor.baseline import Gauge, open_baseline
from monitor.interfaces import Role
from monitor.records import EVERY, Tool
from monitor.sampler import Sampler
from monitor.verdict import Channel

GAUGE = Gauge.standard()
MIX = {"delivery": 0.5, "refund": 0.2, "account": 0.2, "assembly": 0.1}
PER_SEC, TARGET = 100.0, 20.0


def traffic(seed, n, *, first, style="evaluated"):
    """A hundred a second; requests for assembly, one in ten, come with a tool: a rare kind. Their answers are lists."""
    return [
        msgspec.structs.replace(
            e,
            time=1.7e9 + (first + i) / PER_SEC,
            tools=(Tool("manual"),) if e.response.startswith("1. ") else (),
        )
        for i, e in enumerate(exchanges(seed, n, topics=MIX, first=first, style=style))
    ]


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    place = tmp_path_factory.mktemp("baselines") / "bot"
    baseline.write(baseline.build(traffic(0, 800, first=0), model="bot", data={}, gauge=GAUGE), place)
    return open_baseline(place, GAUGE)


@pytest.fixture(scope="module")
def stream():
    return traffic(1, 4_500, first=10_000)


def sampled(stream):
    """What is measured of a stream once its rates are known, and that part of the stream."""
    sampler, since = Sampler(TARGET, by_kind=True), stream[0].time + 10
    kept = [(e, draw) for e in stream if (draw := sampler.draw(e)) is not None]
    return [(e, draw) for e, draw in kept if e.time >= since], [e for e in stream if e.time >= since]


def bank(known, drawn, *, exchanges_per_month=100_000):
    made = Bank(name="bot", baseline=known, exchanges_per_month=exchanges_per_month)
    made.update([e for e, _ in drawn], [draw for _, draw in drawn])
    return made


def signal(report, name):
    return next(c for c in report.channels[Channel.BEHAVIOUR].columns if c.name == name)


def test_a_mix_that_is_thinned_unevenly_is_no_shift_of_inputs(known, stream):
    kept, _ = sampled(stream)
    assert np.mean([bool(e.tools) for e, _ in kept]) == pytest.approx(0.5, abs=0.05), "one in ten of the traffic"
    report = bank(known, kept).report()
    assert [str(s.verdict) for s in report.spans] == ["insufficient", "steady"]
    inputs, support = report.channels[Channel.INPUTS], report.channels[Channel.SUPPORT]
    assert inputs.n == sum(draw.even for _, draw in kept) > 200
    assert support.n == inputs.n
    assert inputs.evidence_log10 < inputs.threshold_log10 - 1
    assert report.input_shift < 0.1


def test_taken_for_even_it_would_be_one(known, stream):
    kept, _ = sampled(stream)
    report = bank(known, [(e, EVERY) for e, _ in kept]).report()
    assert Channel.INPUTS in {incident.channel for incident in report.incidents}
    assert report.input_shift > 0.3


def test_recent_means_and_shares_are_those_of_the_traffic(known, stream):
    kept, part = sampled(stream)
    names = [c.name for c in GAUGE.columns(Role.SIGNAL)]
    whole = GAUGE.measure(part).signals
    plain = GAUGE.measure([e for e, _ in kept]).signals
    report = bank(known, kept).report()
    assembly = next(t for t in report.topics if any(word in t.name for word in TOPICS["assembly"].split()))
    for name in ("answer_length", "list_lines"):
        values = whole[:, names.index(name)]
        error = values.std() / np.sqrt(300)
        assert abs(signal(report, name).recent - values.mean()) < 3 * error, name
        assert abs(plain[:, names.index(name)].mean() - values.mean()) > 6 * error, name
    assert assembly.recent < 0.2


def test_an_effect_in_a_rare_kind_is_shown_as_the_traffic_has_it(known):
    """The model has changed for one request in ten, and half of what is measured is of these."""
    changed = [
        swapped if swapped.tools else usual
        for usual, swapped in zip(
            traffic(2, 4_500, first=20_000), traffic(2, 4_500, first=20_000, style="swapped"), strict=True
        )
    ]
    kept, part = sampled(changed)
    never = {"exchanges_per_month": 1e14}  # an incident would start the sums anew
    whole = signal(bank(known, [(e, EVERY) for e in part], **never).report(), "answer_length")
    weighted = signal(bank(known, kept, **never).report(), "answer_length")
    plain = signal(bank(known, [(e, EVERY) for e, _ in kept], **never).report(), "answer_length")
    assert weighted.effect_low < whole.effect < weighted.effect_high
    assert abs(weighted.effect - whole.effect) < 0.1
    assert plain.effect < whole.effect - 0.13
    assert 1.0 < (weighted.effect_high - weighted.effect_low) / (plain.effect_high - plain.effect_low) < 2.0


@pytest.mark.parametrize("seed", range(2))
def test_cuts_and_restarts_change_nothing(known, stream, seed):
    kept, _ = sampled([*stream[:2_500], *traffic(3, 1_500, first=12_500, style="swapped")])
    rng = np.random.default_rng(seed)
    whole, cut, at = bank(known, kept), bank(known, []), 0
    while at < len(kept):
        stored, to = cut.snapshot(), at + int(rng.integers(1, 200))
        cut = bank(known, [])
        cut.restore(stored)
        cut.update([e for e, _ in kept[at:to]], [draw for _, draw in kept[at:to]])
        at = to
    assert whole.course.incidents
    assert msgspec.json.encode(whole.report()) == msgspec.json.encode(cut.report())
    final = cut.snapshot()
    for name, array in whole.snapshot().items():
        assert array.tobytes() == final[name].tobytes(), name
