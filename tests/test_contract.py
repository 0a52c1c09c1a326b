"""The lines of the verdict's contract (docs/verdict.md) and the tests that fail when one is broken; below, those that
stand nowhere else.

 1 one error budget          test_bank: the error budget and the traffic make the threshold; detectors: false alarms
                             stay within the run length; stats/test_bets: weights sum to one
 2 any mix of inputs         here; detectors: a mix of strata that turns is no move
 3 finite baselines          detectors: false alarms stay within the run length, over random baselines of several sizes
 4 out of support            test_bank: prompts of another kind are out of support and no behaviour
 5 direction of harm         here; stats/test_bets: weights favour the harmful direction
 6 size                      here; test_conformal: a change smaller than the tolerance never alarms
 7 slow drift                test_conformal: a slow drift is found
 8 dependent traffic         test_bank: retries and later turns are counted once; stats/test_repeats
 9 ugly signals              here; test_conformal: a column that vanishes, values that tell nothing
10 evidence of an incident   test_bank: another model is unexplained; test_sensitivity: what would have been seen
11 end                       test_bank: effects have intervals that start at the onset; here
12 reproducible              test_bank, detectors: cuts and restarts change nothing
"""

import msgspec
import numpy as np
import pytest
from traffic import EVEN, TURNED, exchanges

from monitor import baseline
from monitor.bank import Bank
from monitor.baseline import Gauge, open_baseline
from monitor.verdict import Channel, Verdict

GAUGE = Gauge.standard()
CUT = "finish_length"


def cut_off(stream, share, seed):
    """Of these exchanges `share` ended at the token limit: of any ten in a row so many, but for one."""
    cut = (np.arange(seed, seed + len(stream)) * 0.6180339887) % 1 < share
    return [
        msgspec.structs.replace(e, finish_reason="length" if c else "stop", logprob=-0.5 - 0.1 * (i % 7))
        for i, (e, c) in enumerate(zip(stream, cut, strict=True))
    ]


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    """A baseline in which half of the answers ended at the token limit, and log-probabilities were recorded."""
    place = tmp_path_factory.mktemp("baselines") / "bot"
    baseline.write(baseline.build(cut_off(exchanges(0, 500), 0.5, 1), model="bot", data={}, gauge=GAUGE), place)
    return open_baseline(place, GAUGE)


def bank(known, **options):
    return Bank(name="bot", baseline=known, **{"exchanges_per_month": 20_000, **options})


def column(b, name):
    return next(c for c in b.report().channels[Channel.BEHAVIOUR].columns if c.name == name)


def test_line_2_no_mix_of_known_inputs_is_a_change_of_the_model(known):
    b = bank(known)
    for part, topics in enumerate((TURNED, EVEN, {"delivery": 1.0}, TURNED, {"account": 1.0, "refund": 1.0})):
        b.update(cut_off(exchanges(2, 300, topics=topics, first=10_000 * (part + 1)), 0.5, part))
    assert {s.verdict for s in b.course.spans} == {Verdict.INSUFFICIENT, Verdict.STEADY, Verdict.EXPLAINED}


def test_line_5_a_harmful_move_weighs_more_than_the_same_move_back(known):
    def evidence(share):
        b = bank(known)
        b.update(cut_off(exchanges(3, 100, first=10_000), share, 5))
        return column(b, CUT).evidence_log10

    assert evidence(0.75) > evidence(0.25) + 0.3


def test_line_6_a_change_smaller_than_the_least_effect_never_pages(known):
    """Cut-off answers rise from 50 to 70 of 100, so complete ones fall; in no other way do answers change."""

    def opened(**options):
        b = bank(known, **options)
        b.update(cut_off(exchanges(4, 2_500, first=10_000), 0.7, 6))
        return [i for i in b.course.incidents if i.channel is Channel.BEHAVIOUR]

    assert not opened(min_effect={CUT: 0.3, "finish_stop": 0.3})
    assert opened()


def test_line_9_a_signal_that_vanishes_is_not_measured_and_no_move(known):
    b = bank(known)
    b.update(cut_off(exchanges(5, 100, first=10_000), 0.5, 7))
    before = column(b, "logprob")
    assert before.recent == pytest.approx(-0.8, abs=0.05)
    gone = [msgspec.structs.replace(e, logprob=None) for e in cut_off(exchanges(5, 1_100, first=20_000), 0.5, 8)]
    b.update(gone)
    after = column(b, "logprob")
    assert after.recent is None
    assert after.samples == before.samples
    assert after.evidence_log10 == before.evidence_log10
    assert b.report().verdict is Verdict.STEADY


def test_line_11_one_change_that_two_channels_see_is_one_incident(known):
    b = bank(known)
    b.update(cut_off(exchanges(6, 200, first=10_000), 0.5, 9))
    b.update(cut_off(exchanges(6, 500, style="swapped", first=20_000), 0.95, 10))
    moved = [c for c, channel in b.report().channels.items() if channel.level == "moved"]
    assert {Channel.BEHAVIOUR, Channel.STYLE} <= set(moved)
    b.update(cut_off(exchanges(6, 1_500, first=30_000), 0.5, 11))
    assert b.report().verdict is Verdict.STEADY
    (incident,) = [i for i in b.course.incidents if i.verdict is Verdict.UNEXPLAINED]
    assert 200 < incident.opened < 300
    assert incident.closed > 700
