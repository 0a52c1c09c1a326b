"""Means and spreads of columns in which some values do not apply."""

import numpy as np
from numpy.typing import NDArray


def column_means(x: NDArray[np.float64], *, none: float = np.nan) -> NDArray[np.float64]:
    """(k,) means of the columns of `x` (n, k) over the values that are not NaN; `none` for a column without any."""
    seen = ~np.isnan(x)
    n = seen.sum(axis=0)
    return np.where(n > 0, np.where(seen, x, 0.0).sum(axis=0) / np.maximum(n, 1), none)


def column_spreads(x: NDArray[np.float64], *, none: float = np.nan) -> NDArray[np.float64]:
    """(k,) standard deviations of the columns, as `column_means` takes their means."""
    spreads: NDArray[np.float64] = np.sqrt(column_means((x - column_means(x, none=0.0)) ** 2, none=none))
    return spreads
