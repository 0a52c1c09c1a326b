"""Means of unevenly sampled streams are those of the streams, and their intervals hold at all looks together."""

import numpy as np
import pytest

from monitor.stats.confidence import ALPHA, FEWEST, radius
from monitor.stats.sharing import PROPORTIONAL, shared
from monitor.stats.weighted import SUMS, added, mean_of

STREAMS, KEPT = 400, 2_000
MIX, MEANS = np.array([0.6, 0.3, 0.08, 0.02]), np.array([0.0, 0.5, -1.0, 2.0])
SPREAD = np.sqrt(1 + MIX @ (MEANS - MIX @ MEANS) ** 2)

AT = np.arange(KEPT)
TRAFFIC = {
    "all_kept": np.full(KEPT, 0.5),
    "steady": np.full(KEPT, 10.0),
    "waves": 1 + 9.5 * (1 - np.cos(2 * np.pi * AT / 250)),
    "one_step": np.where(AT < KEPT / 4, 1.0, 100.0),
    "growing": 1000 ** (AT / KEPT),
    "bursts": np.where(AT % 250 < 225, 1.0, 100.0),
}
"""Rate of the traffic in units of the target, at each exchange that is kept."""


def sampled(rate, rng):
    """(streams, kept) values in spreads and their weights: four kinds with means of their own, by their chances."""
    chances = np.array([shared(1.0, MIX * r) for r in rate])
    mix = chances * MIX
    edges = np.cumsum(mix / mix.sum(axis=1, keepdims=True), axis=1)[:, :3]
    kind = (rng.random((STREAMS, KEPT, 1)) > edges).sum(axis=2)
    return (MEANS[kind] + rng.normal(size=kind.shape)) / SPREAD, 1 / chances[AT, kind]


def course(values, weights):
    """(SUMS, streams, kept) the sums after each value; `added` itself is held to them below."""
    square = weights**2
    parts = [weights, weights * values, square, square * values, square * values**2]
    return np.cumsum(np.stack(parts), axis=2)


def off(rate, *, weighted=True):
    """(streams, kept) how far means are from the mean of the traffic, and half the widths of their intervals."""
    values, weights = sampled(rate, np.random.default_rng(5))
    sums = course(values, weights if weighted else np.ones_like(weights))
    mean, n, variance = mean_of(sums.reshape(SUMS, -1))
    wide = radius(n, variance, sums[2].ravel())
    return (
        np.abs(mean - MIX @ MEANS / SPREAD).reshape(values.shape),
        wide.reshape(values.shape),
        n.reshape(values.shape),
    )


@pytest.mark.parametrize("traffic", TRAFFIC)
def test_the_weighted_mean_is_that_of_the_traffic_at_all_looks_together(traffic):
    """At most 5 % of the streams ever leave, plus three standard errors."""
    apart, wide, n = off(TRAFFIC[traffic])
    assert (apart > wide).any(axis=1).mean() <= ALPHA + 3 * np.sqrt(ALPHA * (1 - ALPHA) / STREAMS)
    assert np.isfinite(wide[n >= FEWEST]).all()
    assert np.isnan(wide[:, : FEWEST - 1]).all()


def test_the_plain_mean_is_not():
    apart, wide, _ = off(TRAFFIC["steady"], weighted=False)
    assert (apart > wide).any(axis=1).mean() > 0.95


def test_weights_cost_at_most_half_of_the_values_and_a_part_of_the_width():
    _, wide, n = off(TRAFFIC["steady"])
    assert n[:, -1].min() >= PROPORTIONAL * KEPT
    _, even, _ = off(TRAFFIC["all_kept"])
    assert 1.0 < np.median(wide[:, -1]) / np.median(even[:, -1]) < 1.6


def test_sums_are_the_same_bits_however_they_are_cut():
    rng = np.random.default_rng(3)
    values, weights = rng.normal(size=(500, 7)), 1 / rng.uniform(0.01, 1, 500)
    values[rng.random(values.shape) < 0.2] = np.nan
    whole = added(np.zeros((SUMS, 7)), values, weights)
    cut, at = np.zeros((SUMS, 7)), 0
    while at < 500:
        to = at + int(rng.integers(1, 60))
        cut, at = added(cut, values[at:to], weights[at:to]), to
    assert whole.tobytes() == cut.tobytes()
    seen = ~np.isnan(values[:, 0])
    x, w = values[seen, 0], weights[seen]
    mean, n, variance = mean_of(whole)
    assert mean[0] == pytest.approx(np.average(x, weights=w))
    assert n[0] == pytest.approx(w.sum() ** 2 / np.square(w).sum())
    assert variance[0] / n[0] == pytest.approx((w**2 * (x - mean[0]) ** 2).sum() / w.sum() ** 2)


def test_equal_weights_give_the_usual_numbers_and_no_value_none():
    x = np.random.default_rng(4).normal(size=(200, 3))
    x[:, 2] = np.nan
    for weight in (1.0, 7.0):
        mean, n, variance = mean_of(added(np.zeros((SUMS, 3)), x, np.full(200, weight)))
        assert n == pytest.approx([200, 200, 0])
        assert mean[:2] == pytest.approx(x[:, :2].mean(axis=0))
        assert variance[:2] == pytest.approx(x[:, :2].var(axis=0))
        assert np.isnan([mean[2], variance[2]]).all()
