"""Intervals for a mean that hold at all times at once, however often one looks."""

import numpy as np
from numpy.typing import NDArray

ALPHA = 0.05
FEWEST = 30
"""Below so many values the variance is not known well enough for an interval."""

_TUNED_FOR = 500


def radius(
    n: NDArray[np.float64], variance: NDArray[np.float64], squares: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """(k,) half the width of an asymptotic confidence sequence for the mean of `n` (k,) values with this sample
    `variance` (k,), in spreads of a reference: over all n from FEWEST on together it fails with a chance of about ALPHA
    (Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, arXiv 2103.06476). The variance leans on the reference's, 1, as
    if FEWEST values had shown it: a few values of a rare event may all be alike. Narrowest around 500 values; NaN below
    FEWEST.

    For a weighted mean, `n` is how many values of one weight it is worth (`stats.weighted`), and `squares` (k,) the sum
    of the squared weights, each 1 or more: the sequence's clock. `n` is none: it goes back when heavier values come,
    and a sequence whose clock is set back leaves the mean more often than ALPHA."""
    log = -2 * np.log(ALPHA)
    tune = (log + np.log(log + 1)) / _TUNED_FOR
    n = np.maximum(n, 1.0)
    variance = (n * np.nan_to_num(variance, nan=1.0) + FEWEST) / (n + FEWEST)
    clock = n if squares is None else np.maximum(squares, 1.0)
    within = clock * tune + 1
    wide: NDArray[np.float64] = np.sqrt(variance * 2 * within / (n * clock * tune) * np.log(np.sqrt(within) / ALPHA))
    return np.where(n >= FEWEST, wide, np.nan)
