"""Bets on ranks: functions e(u) >= 0 with mean 1 under a uniform u, so that their products are evidence.

Shifts are bet on the normal score z of the rank, e = exp(s z - s^2 / 2); spread on its distance from the middle,
e = 1 + s (2 |2u - 1| - 1); the tail on the event u > 0.95.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

SHIFT_STAKES = (0.15, 0.3, 0.6, 1.0)
SPREAD_STAKES = (0.45, 0.9)
TAIL, TAIL_STAKES = 0.05, (0.05, 0.15, 0.4)
_CLIP = 1e-12


@dataclass(frozen=True, slots=True)
class Bets:
    """A family of bets for k columns. `weights` (k, b) sums to one over all; `direction` (b,) says what a bet that
    wins means: +1 higher than the baseline, -1 lower, 0 more or less spread."""

    tail_only: bool
    weights: NDArray[np.float64]
    direction: NDArray[np.int8]

    def log_e(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, k, b) logs of the bets' e-values for ranks `u` (n, k); 0 where the rank is NaN (no bet, no news)."""
        u = u[:, :, None]
        if self.tail_only:
            stakes = np.array(TAIL_STAKES)
            out = np.log1p(stakes * ((u > 1 - TAIL) / TAIL - 1))
        else:
            z = ndtri(np.clip(u, _CLIP, 1 - _CLIP))
            shift = np.array([*SHIFT_STAKES, *(-s for s in SHIFT_STAKES)])
            spread = np.array([*SPREAD_STAKES, *(-s for s in SPREAD_STAKES)])
            away = 2 * np.abs(2 * u - 1) - 1
            out = np.concatenate([shift * z - shift**2 / 2, np.log1p(spread * away)], axis=2)
        return np.where(np.isnan(u), 0.0, out)


def shift_and_spread(harm: NDArray[np.int8]) -> Bets:
    """Bets for columns with a direction of harm (+1, -1) or none (0): half of a column's weight is for its harmful
    direction alone where it has one, the rest is two-sided; a fifth is for spread."""
    up, down, spread = len(SHIFT_STAKES), len(SHIFT_STAKES), 2 * len(SPREAD_STAKES)
    share = np.select(
        [harm[:, None] > 0, harm[:, None] < 0], [np.array([[0.65, 0.15, 0.2]]), np.array([[0.15, 0.65, 0.2]])], [0.4, 0.4, 0.2]
    )
    weights = np.repeat(share / [up, down, spread], [up, down, spread], axis=1) / max(len(harm), 1)
    direction = np.repeat(np.array([1, -1, 0], np.int8), [up, down, spread])
    return Bets(tail_only=False, weights=weights, direction=direction)


def upper_tail(k: int) -> Bets:
    """Bets that more than one value in twenty lies beyond the baseline's own upper 5 %."""
    b = len(TAIL_STAKES)
    return Bets(tail_only=True, weights=np.full((k, b), 1 / (k * b)), direction=np.ones(b, np.int8))
