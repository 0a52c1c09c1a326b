"""Bets on ranks: functions e(u) >= 0 with mean 1 under a uniform u, so that their products are evidence.

Shifts are bet on the normal score z of the rank, e = exp(s z - s^2 / 2); spread on its distance from the middle,
e = 1 + s (2 |2u - 1| - 1); the tail on the event u > 0.9. A rank that is only known to be uniform over an interval
is paid the mean of the bet over the interval: still mean 1, and nothing is left to chance. A value that says nothing,
such as a constant, is paid exactly 1.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from monitor.stats.ranks import Ranks
from monitor.stats.shares import Shares

SHIFT_STAKES = (0.15, 0.3, 0.6, 1.0)
SPREAD_STAKES = (0.45, 0.9)
TAIL, TAIL_STAKES = 0.1, (0.05, 0.15, 0.4)


@dataclass(frozen=True, slots=True)
class Bets:
    """A family of bets for k columns. `weights` (k, b) sums to one over all; `direction` (b,) says what a bet that
    wins means: +1 higher than the baseline, -1 lower, 0 more or less spread."""

    tail_only: bool
    weights: NDArray[np.float64]
    direction: NDArray[np.int8]

    def pay(self, ranks: Ranks) -> NDArray[np.float64]:
        """(n, k, b) e-values of the bets for (n, k) ranks; 1 where there is no rank (no bet, no news), NaN
        where one has no width."""
        width = ranks.high - ranks.low
        # A value without a rank, or with one that may lie anywhere, is paid 1 by every bet.
        tells = (width < 1).reshape(-1).nonzero()[0]
        low, high, width = ranks.low.reshape(-1)[tells], ranks.high.reshape(-1)[tells], width.reshape(-1)[tells]
        if self.tail_only:
            share = (np.maximum(high, 1 - TAIL) - np.maximum(low, 1 - TAIL)) / width
            paid = 1 + np.array(TAIL_STAKES) * (share[:, None] / TAIL - 1)
        else:
            paid = _won().between(low, high)
            with np.errstate(invalid="ignore"):  # no width, no mean: NaN
                paid /= np.repeat(width, paid.shape[1]).reshape(paid.shape)
        e = np.ones((ranks.low.size, paid.shape[1]))
        e[tells] = paid
        return e.reshape(*ranks.low.shape, paid.shape[1])

    def price_of(self, tolerance: NDArray[np.float64], known: NDArray[np.float64]) -> NDArray[np.float64]:
        """(groups, k, b) what bets are multiplied with so that a shift of a column by up to `tolerance` (k,) spreads
        wins them nothing on average, against a reference of `known` (groups, k) values that learns nothing: for a bet
        on a shift exp(-s t - 2 (s + s^2) / sqrt(known)), two standard errors of the reference's mean and about those
        of its spread; no bet on spread. 1 where the tolerance is 0."""
        stake = np.array([*SHIFT_STAKES, *SHIFT_STAKES])
        error = 2 * (stake + stake**2) / np.sqrt(np.maximum(known, 1.0))[:, :, None]
        price = np.exp(-stake * tolerance[:, None] - error)
        price = np.concatenate([price, np.zeros((*known.shape, 2 * len(SPREAD_STAKES)))], axis=2)
        return np.where(tolerance[:, None] > 0, price, 1.0)


@cache
def _won() -> Shares:
    """What the bets on shifts and on spread win over (0, u)."""
    shift = np.array([*SHIFT_STAKES, *(-s for s in SHIFT_STAKES)])
    spread = np.array([*SPREAD_STAKES, *(-s for s in SPREAD_STAKES)])

    def won(u: NDArray[np.float64]) -> NDArray[np.float64]:
        away = (1 + (2 * u - 1) * np.abs(2 * u - 1)) / 2  # the integral of 2 |2u - 1|
        u = u[:, None]
        return np.hstack([ndtr(ndtri(u) - shift), u + spread * (away[:, None] - u)])

    return Shares(won)


def shift_and_spread(harm: NDArray[np.int8]) -> Bets:
    """Bets for columns with a direction of harm (+1, -1) or none (0): two thirds of a column's weight are for its
    harmful direction alone where it has one, else both directions share; a fifth is for spread."""
    sizes = [len(SHIFT_STAKES), len(SHIFT_STAKES), 2 * len(SPREAD_STAKES)]
    up = np.select([harm > 0, harm < 0], [0.65, 0.15], 0.4)
    share = np.column_stack([up, 0.8 - up, np.full(len(harm), 0.2)])
    weights = np.repeat(share / sizes, sizes, axis=1) / max(len(harm), 1)
    direction = np.repeat(np.array([1, -1, 0], np.int8), sizes)
    return Bets(tail_only=False, weights=weights, direction=direction)


def upper_tail(k: int) -> Bets:
    """Bets that more than one value in ten lies beyond the upper tenth."""
    b = len(TAIL_STAKES)
    return Bets(tail_only=True, weights=np.full((k, b), 1 / (k * b)), direction=np.ones(b, np.int8))
