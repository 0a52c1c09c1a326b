"""Whether values became larger, set by set, when all that is known is that an unchanged set shuffles its own."""

import numpy as np
from numpy.typing import NDArray

DRAWS = 20_000


def larger_than_before(now: NDArray[np.float64], before: NDArray[np.float64], *, seed: int = 0) -> float:
    """The chance, when nothing changed, that the sum over sets of their present values is as large or larger.

    `now` is (sets,), `before` (sets, m) with NaN where there are fewer. Each set's present value is one of its m + 1
    values, any of them with the same chance: a permutation test by DRAWS draws, so never below 1 / (DRAWS + 1), and
    exact at any number of them. 1.0 without sets. Values far larger than others weigh more.
    """
    if not len(now):
        return 1.0
    rng, total = np.random.default_rng(seed), np.zeros(DRAWS)
    for value, known in zip(now, before, strict=True):
        places = np.append(known[~np.isnan(known)], value)
        total += rng.choice(places, DRAWS)
    return float((1 + np.count_nonzero(total >= now.sum() - 1e-9)) / (DRAWS + 1))
