"""Where to cut a line of scores into groups, and how much the groups tell of something else."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from monitor.stats.midranks import mid_ranks


def natural_cuts(scores: NDArray[np.float64], groups: int, least: int) -> NDArray[np.float64]:
    """(groups - 1,) ascending cuts of (n,) `scores`: again and again the cut that takes away most variance within
    groups, of those that leave at least `least` scores on each side (a regression tree in one dimension); +inf where
    no such cut is left. A score at a cut belongs to the upper group. O(groups^2 n)."""
    ordered = np.sort(scores)
    sums = np.concatenate([[0.0], np.cumsum(ordered)])
    bounds = [0, len(ordered)]
    while len(bounds) <= groups:
        gain, cut = max(_split(ordered, sums, start, stop, least) for start, stop in pairwise(bounds))
        if gain <= 0:
            break
        bounds = sorted([*bounds, cut])
    inner = [(ordered[b - 1] + ordered[b]) / 2 for b in bounds[1:-1]]
    return np.array(inner + [np.inf] * (groups - 1 - len(inner)))


def told_by(scores: NDArray[np.float64], values: NDArray[np.float64], groups: int, least: int) -> float:
    """How much groups of `scores` (n,) tell of the distribution of `values` (n,): the part of the variance of the
    values' ranks that lies between groups, plus that of the ranks' distance from the middle; 0 to 2. NaN values are
    left out, 0 when too few are left for two groups."""
    seen = ~np.isnan(values)
    n = int(seen.sum())
    if n < 2 * least:
        return 0.0
    rank = mid_ranks(values[seen]) / n - 0.5
    group = np.searchsorted(natural_cuts(scores[seen], groups, least), scores[seen], side="right")
    return _between(rank, group, groups) + _between(np.abs(rank), group, groups)


def _between(values: NDArray[np.float64], group: NDArray[np.int64], groups: int) -> float:
    apart = values - values.mean()
    size = np.maximum(np.bincount(group, minlength=groups), 1)
    sums = np.bincount(group, weights=apart, minlength=groups)
    return float((sums**2 / size).sum() / max(float((apart**2).sum()), 1e-12))


def _split(
    ordered: NDArray[np.float64], sums: NDArray[np.float64], start: int, stop: int, least: int
) -> tuple[float, int]:
    """The variance (times n) that the best cut of start:stop takes away, and the cut; 0 when there is none."""
    at = np.arange(start + least, stop - least + 1)
    at = at[ordered[at - 1] < ordered[at]] if len(at) else at
    if not len(at):
        return 0.0, 0
    below, above = at - start, stop - at
    apart = (sums[at] - sums[start]) / below - (sums[stop] - sums[at]) / above
    gain = apart**2 * below * above / (stop - start)
    return float(gain.max()), int(at[np.argmax(gain)])
