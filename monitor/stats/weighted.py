"""Means of values that came with different chances, from sums that are the same bits however a stream is cut."""

import numpy as np
from numpy.typing import NDArray

SUMS = 5
"""Of the weights, of weight x value, of the squared weights, of squared weight x value, and x squared value."""


def added(sums: NDArray[np.float64], values: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """(SUMS, k) `sums` with (n, k) values, NaN left out, and their (n,) weights added, row after row."""
    weight = np.where(np.isnan(values), 0.0, weights[:, None])
    value = np.nan_to_num(values, nan=0.0)
    square = weight**2
    rows = np.stack([weight, weight * value, square, square * value, square * value**2], axis=1)
    # A running sum has one order; numpy's plain sum takes an order that depends on how many rows there are.
    total: NDArray[np.float64] = np.cumsum(np.concatenate([sums[None], rows]), axis=0)[-1]
    return total


def mean_of(
    sums: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Of `sums` (SUMS, k): the weighted mean, how many values of one weight it is worth, and their variance, each (k,);
    mean and variance are NaN, and the number 0, where there is no value.

    With n = (sum w)^2 / (sum w^2) and the variance around the mean weighed by w^2, variance / n is the usual estimate
    of the squared error of a weighted mean: sum w^2 (x - mean)^2 / (sum w)^2. Equal weights give the usual numbers.
    """
    weight, total, square, across, squares = sums
    with np.errstate(invalid="ignore", divide="ignore"):
        mean, about, n = total / weight, across / square, weight**2 / square
        variance = np.maximum(squares / square - about**2, 0.0) + (about - mean) ** 2
    return mean, np.nan_to_num(n, nan=0.0), variance
