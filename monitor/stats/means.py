"""Means and spreads of columns in which some values do not apply."""

import numpy as np
from numpy.typing import NDArray


def column_means(
    x: NDArray[np.float64], weights: NDArray[np.float64] | None = None, *, none: float = np.nan
) -> NDArray[np.float64]:
    """(k,) means of the columns of `x` (n, k) over the values that are not NaN, each as often as its row's weight (n,)
    says (None: once); `none` for a column without any."""
    seen = ~np.isnan(x)
    weight = seen.astype(np.float64) if weights is None else seen * weights[:, None]
    n = weight.sum(axis=0)
    total = (np.where(seen, x, 0.0) * weight).sum(axis=0)
    means: NDArray[np.float64] = np.divide(total, n, out=np.full(n.shape, none), where=n > 0)
    return means


def column_spreads(x: NDArray[np.float64], *, none: float = np.nan) -> NDArray[np.float64]:
    """(k,) standard deviations of the columns, as `column_means` takes their means."""
    spreads: NDArray[np.float64] = np.sqrt(column_means((x - column_means(x, none=0.0)) ** 2, none=none))
    return spreads
