"""Ridge regression of one quantity on a few dozen others, with the penalty chosen by generalised cross-validation."""

import numpy as np
from numpy.typing import NDArray

_PENALTIES = np.logspace(-2, 4, 25)


def ridge_all(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """(1 + d, m) the same for many quantities `y` (n, m) without NaN, each with a penalty of its own."""
    n, d = x.shape
    if n < 2:
        return np.zeros((1 + d, y.shape[1]))
    centre, level = x.mean(axis=0), y.mean(axis=0)
    left, size, right = np.linalg.svd(x - centre, full_matrices=False)
    target = left.T @ (y - level)
    rest = ((y - level) ** 2).sum(axis=0) - (target**2).sum(axis=0)
    keep = size**2 / (size**2 + _PENALTIES[:, None])
    freedom = np.maximum(n - 1 - keep.sum(axis=1), 1e-9)[:, None]
    score = (rest + (1 - keep) ** 2 @ target**2) / freedom**2
    penalty = _PENALTIES[np.argmin(score, axis=0)]
    weights = right.T @ (size[:, None] / (size[:, None] ** 2 + penalty) * target)
    return np.vstack([level - centre @ weights, weights])


def ridge(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """(1 + d,) intercept and weights of `y` (n,) on `x` (n, d), columns of `x` on a common scale.

    The intercept is not penalised. NaN in `y` leaves its row out; fewer than two rows give the constant 0.
    The penalty minimises the generalised cross-validation score (Golub, Heath and Wahba, 1979).
    """
    seen = ~np.isnan(y)
    x, y = x[seen], y[seen]
    n, d = x.shape
    if n < 2:
        return np.zeros(1 + d)
    centre, level = x.mean(axis=0), y.mean()
    left, size, right = np.linalg.svd(x - centre, full_matrices=False)
    target = left.T @ (y - level)
    rest = float(((y - level) ** 2).sum() - (target**2).sum())
    keep = size**2 / (size**2 + _PENALTIES[:, None])
    freedom = n - 1 - keep.sum(axis=1)
    error = rest + (((1 - keep) * target) ** 2).sum(axis=1)
    score = np.where(freedom > 0, error / np.maximum(freedom, 1e-9) ** 2, np.inf)
    best = int(np.argmin(score))
    weights = right.T @ (size / (size**2 + _PENALTIES[best]) * target)
    return np.concatenate([[level - centre @ weights], weights])
