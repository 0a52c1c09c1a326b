"""A bet's e-value must have mean one under a uniform rank, and its weights must sum to one."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate
from scipy.special import ndtri

from monitor.stats.bets import shift_and_spread, upper_tail
from monitor.stats.ranks import Ranks

FAMILIES = {"shift_and_spread": shift_and_spread(np.zeros(1, np.int8)), "upper_tail": upper_tail(1)}


def pay(bets, low, high):
    return bets.pay(Ranks(np.array([[low]]), np.array([[high]])))[0, 0]


@pytest.mark.parametrize("name", FAMILIES)
@pytest.mark.parametrize("cuts", [[0, 1], [0, 0.01, 0.3, 0.5, 0.949, 0.96, 1], [0, 1e-6, 1 - 1e-6, 1]])
def test_every_bet_has_mean_one_over_any_intervals(name, cuts):
    bets = FAMILIES[name]
    mean = sum((high - low) * pay(bets, low, high) for low, high in pairwise(cuts))
    assert mean == pytest.approx(np.ones(bets.weights.shape[1]))


def test_an_interval_is_paid_the_mean_of_its_points():
    """Oracle: numerical integration of the bets as they are defined."""
    low, high, s = 0.2, 0.7, 0.6
    shift, _ = integrate.quad(lambda u: np.exp(s * ndtri(u) - s**2 / 2), low, high)
    spread, _ = integrate.quad(lambda u: 1 + 0.9 * (2 * abs(2 * u - 1) - 1), low, high)
    paid = pay(FAMILIES["shift_and_spread"], low, high)
    assert paid[2] == pytest.approx(shift / (high - low))
    assert paid[9] == pytest.approx(spread / (high - low))
    assert pay(FAMILIES["upper_tail"], 0.94, 0.96)[2] == pytest.approx(1 + 0.4 * (0.5 / 0.05 - 1))


@pytest.mark.parametrize("harm", [[0, 0, 0], [1, -1, 0]])
def test_weights_sum_to_one_and_favour_the_harmful_direction(harm):
    bets = shift_and_spread(np.array(harm, np.int8))
    assert bets.weights.sum() == pytest.approx(1)
    up, down = (bets.weights[:, bets.direction == d].sum(axis=1) for d in (1, -1))
    assert (np.sign(np.round(up - down, 9)) == np.sign(harm)).all()


def test_no_rank_is_no_bet():
    assert (pay(FAMILIES["shift_and_spread"], np.nan, np.nan) == 1).all()
    assert (pay(FAMILIES["upper_tail"], np.nan, np.nan) == 1).all()
