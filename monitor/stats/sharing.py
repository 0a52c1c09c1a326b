"""How a rate that is too high is thinned: rare kinds are kept whole, common ones bear it."""

import numpy as np
from numpy.typing import NDArray

PROPORTIONAL = 0.5
"""So much of what is kept is shared in proportion to the rates. It bounds how uneven the chances are: none is less than
this part of the chance that all would have together, so no weight is more than 1 / PROPORTIONAL times the mean weight,
and weighted values are worth at least PROPORTIONAL of their number."""


def shared(target: float, rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """(k,) chances in (0, 1] at which of `rates` (k,) together `target` > 0 are kept: of each kind its part of the
    proportional share, and beyond it up to one common level, as water fills a vessel. All 1 when `rates` sum to no more
    than `target`; 1 for a kind without a rate."""
    total = rates.sum()
    if target >= total:
        return np.ones(len(rates))
    least = PROPORTIONAL * target * (rates / total)
    marks = np.unique(np.concatenate([least, rates]))
    level = np.interp(target, np.clip(marks[:, None], least, rates).sum(axis=1), marks)
    chances: NDArray[np.float64] = np.divide(
        np.clip(level, least, rates), rates, out=np.ones(len(rates)), where=rates > 0
    )
    return chances
