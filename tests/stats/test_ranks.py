"""The ranks must be uniform and independent, exactly, for any baseline, distribution and order of strata."""

import numpy as np
import pytest
from scipy import stats

from monitor.stats.ranks import Bags, count, ranks
from monitor.stats.uniform import uniform_at


def live_ranks(base, live, base_strata=None, live_strata=None, *, groups=1, seed=0):
    """(n, k) ranks of `live`, taken in blocks of 32, each drawn uniformly from its interval."""
    base_strata = np.zeros(base.shape, np.int32) if base_strata is None else base_strata
    live_strata = np.zeros(live.shape, np.int32) if live_strata is None else live_strata
    bags = Bags.fit(base, base_strata, groups, seed=seed)
    mass, out = bags.mass.copy(), []
    for i in range(0, len(live), 32):
        rows = np.arange(i, min(i + 32, len(live)))
        strata = np.where(np.isnan(live[rows]), np.int32(-1), live_strata[rows])
        bins = bags.bins(live[rows], strata, uniform_at(rows, live.shape[1], seed=seed + 1))
        u = ranks(bins, strata, mass, bags.own, learning=True)
        out.append(u.low + uniform_at(rows, live.shape[1], seed=seed + 2) * (u.high - u.low))
        count(mass, bins, strata)
    return np.concatenate(out)


DISTRIBUTIONS = {
    "normal": lambda rng, n: rng.normal(size=n),
    "heavy_tail": lambda rng, n: rng.standard_cauchy(size=n),
    "coin_one_in_a_hundred": lambda rng, n: (rng.random(n) < 0.01).astype(float),
    "constant": lambda rng, n: np.ones(n),
    "counts": lambda rng, n: rng.poisson(0.7, n).astype(float),
    "zeros_among_many": lambda rng, n: np.where(rng.random(n) < 0.4, 0.0, rng.normal(size=n)),
}


@pytest.mark.parametrize("name", DISTRIBUTIONS)
@pytest.mark.parametrize("n_base", [3, 20, 200])
def test_ranks_are_uniform_over_baselines(name, n_base):
    """Over 3,000 baselines, the ranks of the 1st, 30th and 60th live value pass a Kolmogorov-Smirnov test."""
    rng = np.random.default_rng(7)
    draw, many = DISTRIBUTIONS[name], 3_000
    base = np.column_stack([draw(rng, n_base) for _ in range(many)])
    live = np.column_stack([draw(rng, 60) for _ in range(many)])
    u = live_ranks(base, live)
    for row in (0, 29, 59):
        assert stats.kstest(u[row], "uniform").pvalue > 1e-3


def test_ranks_are_independent_of_earlier_ranks():
    rng = np.random.default_rng(8)
    u = live_ranks(rng.normal(size=(40, 4_000)), rng.normal(size=(50, 4_000)))
    for earlier, later in ((0, 1), (0, 49), (20, 40)):
        assert abs(stats.spearmanr(u[earlier], u[later]).statistic) < 4 / np.sqrt(4_000)


def test_intervals_are_those_of_a_growing_bag():
    """Oracle: conformal p-values [less, less + equal + 1] / (n + 1) by counting, where bins are as fine as values."""
    rng = np.random.default_rng(9)
    for base, live in (
        (rng.normal(size=10), rng.normal(size=1)),  # a gap for each value; the first live value alone
        (rng.integers(0, 4, 40).astype(float), rng.integers(-1, 6, 60).astype(float)),  # atoms, and unseen atoms
    ):
        bags = Bags.fit(base[:, None], np.zeros((len(base), 1), np.int32), 1, seed=3)
        zeros = np.zeros((len(live), 1), np.int32)
        bins = bags.bins(live[:, None], zeros, np.full((len(live), 1), 0.5))
        u = ranks(bins, zeros, bags.mass, bags.own, learning=True)
        bag = list(base)
        for i, x in enumerate(live):
            if 0 <= x <= 3 or len(live) == 1:
                less, equal = sum(b < x for b in bag), sum(b == x for b in bag)
                assert u.low[i, 0] == pytest.approx(less / (len(bag) + 1))
                assert u.high[i, 0] == pytest.approx((less + equal + 1) / (len(bag) + 1))
            bag.append(x)


def test_a_constant_that_stays_has_the_whole_interval_and_one_that_moves_has_an_end():
    base, live = np.ones((50, 1)), np.array([[1.0], [1.0], [2.0]])
    bags, zeros = Bags.fit(base, np.zeros((50, 1), np.int32), 1, seed=0), np.zeros((3, 1), np.int32)
    u = ranks(bags.bins(live, zeros, np.full((3, 1), 0.5)), zeros, bags.mass, bags.own, learning=True)
    assert u.low[:, 0].tolist() == [0, 0, 52 / 53]
    assert u.high[:, 0].tolist() == [1, 1, 1]


def test_strata_are_ranked_apart_whatever_their_order():
    """A stratum with quite other values changes nothing in the ranks of the first."""
    rng = np.random.default_rng(10)
    base_strata, live_strata = (
        np.repeat([0, 1], 30)[:, None].astype(np.int32),
        rng.integers(0, 2, (400, 1)).astype(np.int32),
    )
    base = rng.normal(size=(60, 1)) + 100 * base_strata
    live = rng.normal(size=(400, 1)) + 100 * live_strata
    u = live_ranks(base, live, base_strata, live_strata, groups=2)
    for stratum in (0, 1):
        assert stats.kstest(u[live_strata[:, 0] == stratum, 0], "uniform").pvalue > 1e-3


def test_values_that_do_not_apply_have_no_rank_and_leave_the_bag_alone():
    base = np.linspace(0, 1, 30)[:, None]
    live = np.array([[0.5], [np.nan], [0.5]])
    u = live_ranks(base, live)
    assert np.isnan(u[1, 0])
    assert np.isfinite(u[[0, 2], 0]).all()


def test_uniform_numbers_are_a_function_of_their_place():
    whole = uniform_at(np.arange(1_000), 5, seed=2)
    assert np.array_equal(whole[400:500], uniform_at(np.arange(400, 500), 5, seed=2))
    assert stats.kstest(whole.ravel(), "uniform").pvalue > 1e-3
    assert not np.array_equal(whole, uniform_at(np.arange(1_000), 5, seed=3))
