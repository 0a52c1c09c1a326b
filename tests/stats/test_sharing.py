"""What is kept adds up to the target, rare kinds first, and no weight is more than twice the mean weight."""

import numpy as np
import pytest

from monitor.stats.sharing import PROPORTIONAL, shared


@pytest.mark.parametrize("seed", range(200))
def test_any_rates_are_thinned_to_the_target(seed):
    rng = np.random.default_rng(seed)
    rates = np.where(rng.random(12) < 0.2, 0.0, rng.lognormal(sigma=3, size=12))
    target = rates.sum() * rng.uniform(0.001, 1.0)
    chances = shared(target, rates)
    kept = chances * rates
    assert ((chances > 0) & (chances <= 1)).all()
    assert kept.sum() == pytest.approx(target)
    assert chances.min() >= PROPORTIONAL * target / rates.sum() * (1 - 1e-12)
    assert (chances[rates == 0] == 1).all()
    by_rate = chances[np.argsort(rates)]
    assert (np.diff(by_rate) <= 1e-12).all(), "a rarer kind has no smaller chance"
    # sum of weights squared over sum of squares, per exchange kept
    used = rates > 0
    worth = rates.sum() ** 2 / (rates[used] / chances[used]).sum()
    assert worth >= PROPORTIONAL * target * (1 - 1e-9)


def test_what_rare_kinds_leave_goes_to_the_common_ones():
    assert shared(10.0, np.array([1.0, 2.0, 97.0])) * [1, 2, 97] == pytest.approx([1, 2, 7])
    # Alone the levels would be 1, 2.5 and 2.5; in proportion half of the target gives the last 4.85 at least.
    assert shared(6.0, np.array([1.0, 50.0, 1000.0])) * [1, 50, 1000] == pytest.approx(
        [1, 5 - 3 * 1000 / 1051, 3 * 1000 / 1051]
    )


def test_one_kind_has_the_chance_that_all_would_have():
    assert shared(20.0 * 10.013, np.array([2_037.0]))[0] == 20.0 * 10.013 / 2_037.0


@pytest.mark.parametrize("rates", [[0.0, 0.0], [3.0, 7.0], [10.0, 0.0]])
def test_nothing_is_thinned_without_need(rates):
    assert (shared(10.0, np.array(rates)) == 1).all()
