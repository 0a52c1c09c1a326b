"""What would have been seen by now: checked by simulation with the detector itself, and that it is never made up."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.special import ndtr, ndtri
from traffic import exchanges

from monitor import baseline
from monitor.baseline import Gauge, open_baseline
from monitor.detectors.conformal import ConformalMartingale
from monitor.interfaces import Level, Role
from monitor.sensitivity import FIRST, Sensitivity, next_look
from monitor.stats.bets import shift_and_spread
from monitor.stats.power import intervals
from monitor.stats.ranks import Bags

GAUGE = Gauge.standard()
COLUMNS = GAUGE.columns(Role.SIGNAL)
NAMES = [c.name for c in COLUMNS]
N = 622
THRESHOLD = 2e4
STREAMS = 16


@pytest.fixture(scope="module")
def known(tmp_path_factory):
    place = tmp_path_factory.mktemp("baselines") / "bot"
    baseline.write(baseline.build(exchanges(0, 500), model="bot", data={}, gauge=GAUGE), place)
    return open_baseline(place, GAUGE)


def compared(known):
    """(n, k) strata of the baseline's values, -1 where there is none."""
    seen = known.known
    return np.where(seen.supported[:, None] & ~np.isnan(seen.residuals), seen.strata, -1).astype(np.int32)


def after(known, n, *, tolerance=0.0, mix=None):
    """A monitor that has seen n exchanges like the baseline's, of which `mix` gives the rows."""
    sensitivity = Sensitivity(known, np.full(len(COLUMNS), tolerance))
    rows = np.arange(len(known.ids)) if mix is None else mix
    rows = np.resize(rows, n)
    sensitivity.count(0, compared(known)[rows], known.known.topic[rows])
    return sensitivity


@pytest.fixture(scope="module")
def found(known):
    return after(known, N).smallest(np.log10(THRESHOLD))


def changed_streams(known, at, change, inside):
    """Residuals and strata of streams drawn from the baseline, in which the mean of one signal is changed so far in the
    rows `inside`: by a shift of its normal scores, or by some of the no that become yes, or the reverse."""
    seen, strata = known.known, compared(known)
    rows = np.flatnonzero(strata[:, at] >= 0)
    here, values, weight, flips = inside[rows], known.signals[rows, at], np.ones(len(rows)), 0.0
    mean = values[here].mean()
    if COLUMNS[at].unit == "0/1" or np.ptp(values) == 0:
        flips = change / (1 - mean) if change > 0 else -change / mean
    else:
        low, high = (x[here, None] for x in intervals(seen.residuals[rows, at], strata[rows, at]))
        shifts = np.linspace(-4, 4, 2_001)
        by_shift = (ndtr(ndtri(high) - shifts) - ndtr(ndtri(low) - shifts)) / (high - low)
        by_shift /= by_shift.sum(axis=0)
        weight[here] = len(values[here]) * by_shift[:, np.argmin(np.abs(values[here] @ by_shift - mean - change))]
    for seed in range(STREAMS):
        rng = np.random.default_rng(seed)
        pick = rng.integers(0, len(strata), (N, len(COLUMNS)))
        pick[:, at] = rng.choice(rows, N, p=weight / weight.sum())
        residuals, of = (np.take_along_axis(x, pick, 0) for x in (seen.residuals, strata))
        residuals[(rng.random(N) < flips) & inside[pick[:, at]], at] = float(change > 0)
        yield seed, residuals, of


def share_seen(known, at, change, inside):
    """How many of the streams with this change alarm."""
    bags = Bags.fit(known.known.residuals, compared(known), known.conditional.groups, seed=0)
    bets = shift_and_spread(np.array([c.harm for c in COLUMNS], np.int8))
    count = 0
    for seed, residuals, strata in changed_streams(known, at, change, inside):
        detector = ConformalMartingale(bags=bags, bets=bets, seed=seed)
        crossings = detector.update(residuals, strata, np.log(THRESHOLD))
        count += any(c.reading.level is Level.MOVED for c in crossings)
    return count / STREAMS


@pytest.mark.parametrize("name", ["answer_length", "hedges", "opens_here", "opens_structure", "new_secret"])
def test_a_change_of_that_size_is_seen_and_a_third_of_it_is_not(known, found, name):
    at, everywhere = NAMES.index(name), np.ones(len(known.ids), bool)
    change = found.change[at]
    assert share_seen(known, at, change, everywhere) >= 0.4
    assert share_seen(known, at, change / 3, everywhere) <= 0.15


def test_a_change_within_the_topic_that_was_met_least_has_to_be_larger(known, found):
    at, inside = NAMES.index("new_secret"), known.known.topic == found.topic
    change = found.topic_change[at]
    assert change > 3 * found.change[at]
    assert share_seen(known, at, change, inside) >= 0.4
    assert share_seen(known, at, change / 3, inside) <= 0.15


def test_the_topic_is_the_one_that_was_met_least(known):
    topic = known.known.topic
    for least in (2, 5):
        rows = np.concatenate([np.flatnonzero(topic != least), np.flatnonzero(topic == least)[:4]])
        assert after(known, N, mix=rows).smallest(4.0).topic == least


@pytest.mark.parametrize("n", [0, 5, FIRST - 1])
def test_before_there_is_enough_nothing_would_have_been_seen(known, n):
    nothing = after(known, n).smallest(np.log10(THRESHOLD))
    assert np.isnan(nothing.change).all()
    assert np.isnan(nothing.topic_change).all()


def test_a_few_exchanges_show_no_change_of_any_size_against_a_threshold_that_is_high(known):
    assert np.isnan(after(known, FIRST).smallest(60.0).change).all()
    assert np.isnan(after(known, FIRST).smallest(4.3).topic_change).all()


def test_what_does_not_apply_or_may_become_anything_has_no_smallest_change(known, found):
    for name in ("json_valid", "logprob", "headings"):
        assert np.isnan(found.change[NAMES.index(name)])


def test_it_is_never_none_at_all_goes_in_the_direction_of_harm_and_leaves_shares_shares(known, found):
    mean = np.nanmean(known.signals[:, ~np.isnan(known.signals).all(axis=0)], axis=0)
    mean = dict(zip(np.array(NAMES)[~np.isnan(known.signals).all(axis=0)], mean, strict=True))
    seen = {name: x for name, x in zip(NAMES, found.change, strict=True) if not np.isnan(x)}
    assert len(seen) > 30
    for column in (c for c in COLUMNS if c.name in seen):
        change = seen[column.name]
        assert change != 0
        assert not column.harm or change * column.harm > 0
        assert column.unit != "0/1" or 0 <= mean[column.name] + change <= 1


def test_more_exchanges_show_smaller_changes_and_a_higher_threshold_larger_ones(known):
    sizes = [np.abs(after(known, n).smallest(5.0).change) for n in (200, 622, 20_000, 200_000)]
    for few, many in pairwise(sizes):
        both = ~np.isnan(few)
        assert (many[both] <= few[both] * 1.001).all()
    assert sizes[1][NAMES.index("answer_length")] < 0.8 * sizes[0][NAMES.index("answer_length")]
    strict = np.abs(after(known, 622).smallest(7.0).change)
    assert (strict[~np.isnan(strict)] > sizes[1][~np.isnan(strict)]).all()


def test_what_is_tolerated_has_to_be_exceeded(known, found):
    at = NAMES.index("answer_length")
    spread = np.sqrt(np.mean((known.signals[:, at] - known.known.expected[:, at]) ** 2))
    tolerant = after(known, 20_000, tolerance=0.5).smallest(np.log10(THRESHOLD)).change
    assert abs(tolerant[at]) > 0.5 * spread


def test_it_is_renewed_at_fixed_ordinals_however_it_was_cut_and_after_a_restart(known):
    rng, strata, topic = np.random.default_rng(0), compared(known), known.known.topic
    looks = [next_look(0)]
    while looks[-1] < N:
        looks.append(next_look(looks[-1]))
    assert (looks[0], looks[-1]) == (FIRST, N)
    whole, between = after(known, N), after(known, N + N // 8 - 1)
    cut, at = Sensitivity(known, np.zeros(len(COLUMNS))), 0
    rows = np.resize(np.arange(len(strata)), N)
    while at < N:
        cut.smallest(4.3)
        restored = Sensitivity(known, np.zeros(len(COLUMNS)))
        restored.load(cut.dump())
        cut, to = restored, min(at + int(rng.integers(1, 90)), N)
        cut.count(at, strata[rows[at:to]], topic[rows[at:to]])
        at = to
    for other in (cut, between):
        for one, two in zip(whole.smallest(4.3), other.smallest(4.3), strict=True):
            np.testing.assert_array_equal(one, two)
    assert not np.array_equal(between.dump(), whole.dump())
