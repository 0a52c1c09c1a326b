"""Conformal ranks of live values among a baseline, exact at any baseline size, in bounded memory.

A group's n baseline values cut the line into n + 1 gaps. When live values come from the same continuous distribution,
the probabilities of the gaps are Dirichlet(1, ..., 1), hence those of bins made of whole gaps are
Dirichlet(gaps per bin), and the bins of the live values are a Polya urn that starts with the gaps. So the predictive
probability of a bin is (its gaps + its live values so far) / (n + 1 + live values so far), and

    u = (mass below the bin + v * mass of the bin),    v uniform,

is uniform on (0, 1) given everything before it: the randomised conformal rank (Vovk, Gammerman and Shafer,
*Algorithmic Learning in a Random World*), with a table of counts in place of a growing bag. Ties are made continuous
by a second, random coordinate that is compared when the values are equal.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from monitor.stats.uniform import uniform_at

BINS = 32
"""Bins per group: narrow in the tails (equal steps of a normal score), so that a large move keeps its size."""

_LEVELS = ndtr(np.linspace(-2.8, 2.8, BINS - 1))


@dataclass(frozen=True, slots=True)
class Bags:
    """The baseline's values as bins. Arrays are (groups, k, ...): the group is the first index, the column the second.

    `edges` and `ties` (groups, k, BINS - 1) are the order statistics that part the bins, +inf where a group is too
    small for another edge; `gaps` (groups, k, BINS) is the number of gaps in each bin, in all n + 1 of the group.
    """

    edges: NDArray[np.float64]
    ties: NDArray[np.float64]
    gaps: NDArray[np.int32]

    @staticmethod
    def fit(values: NDArray[np.float64], strata: NDArray[np.int32], groups: int, *, seed: int) -> "Bags":
        """Bins of `values` (n, k) within `strata` (n, k, -1 = set aside); NaN values are left out."""
        n, k = values.shape
        ties = uniform_at(np.arange(n), k, seed=seed ^ 0x7135)
        edges, tie_edges = np.full((groups, k, BINS - 1), np.inf), np.full((groups, k, BINS - 1), np.inf)
        gaps = np.zeros((groups, k, BINS), np.int32)
        for column in range(k):
            seen = ~np.isnan(values[:, column])
            for group in range(groups):
                rows = np.flatnonzero(seen & (strata[:, column] == group))
                order = rows[np.lexsort((ties[rows, column], values[rows, column]))]
                places = np.unique(np.rint(_LEVELS * (len(order) + 1)).astype(int))
                places = places[(places >= 1) & (places <= len(order))]
                chosen = order[places - 1]
                edges[group, column, : len(chosen)] = values[chosen, column]
                tie_edges[group, column, : len(chosen)] = ties[chosen, column]
                gaps[group, column, : len(chosen) + 1] = np.diff(places, prepend=0, append=len(order) + 1)
        return Bags(edges, tie_edges, gaps)

    def bins(
        self, values: NDArray[np.float64], strata: NDArray[np.int32], ties: NDArray[np.float64]
    ) -> NDArray[np.intp]:
        """(n, k) bin of each value in its group; meaningless where the value is NaN or the stratum -1."""
        columns = np.arange(values.shape[1])
        edges = self.edges[strata, columns]
        above = edges < values[:, :, None]
        equal = edges == values[:, :, None]
        if equal.any():
            above |= equal & (self.ties[strata, columns] < ties[:, :, None])
        return np.count_nonzero(above, axis=2)


def ranks(
    bins: NDArray[np.intp],
    strata: NDArray[np.int32],
    mass: NDArray[np.int32],
    v: NDArray[np.float64],
    *,
    learning: bool,
) -> NDArray[np.float64]:
    """(n, k) conformal ranks in (0, 1) of a few values in order, NaN where the stratum is -1.

    `mass` (groups, k, BINS) is gaps plus live values before these rows. When `learning`, each row also counts the rows
    before it, so that the result does not depend on how a stream is cut; cost is then quadratic in n: call it with a
    few dozen rows at a time.
    """
    n, k = bins.shape
    columns = np.arange(k)
    seen = strata >= 0
    own = mass[strata, columns]
    below_end = np.cumsum(own, axis=2)
    at = np.take_along_axis(own, bins[:, :, None], 2)[:, :, 0]
    below = np.take_along_axis(below_end, bins[:, :, None], 2)[:, :, 0] - at
    total = below_end[:, :, -1]
    if learning:
        earlier = np.tri(n, k=-1, dtype=bool)[:, :, None] & (strata[:, None, :] == strata[None, :, :])
        below = below + np.count_nonzero(earlier & (bins[None, :, :] < bins[:, None, :]), axis=1)
        at = at + np.count_nonzero(earlier & (bins[None, :, :] == bins[:, None, :]), axis=1)
        total = total + np.count_nonzero(earlier, axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        u = (below + v * at) / total
    return np.where(seen & (total > 0), u, np.nan)


def count(
    mass: NDArray[np.int32], bins: NDArray[np.intp], strata: NDArray[np.int32]
) -> None:
    """Adds live values to `mass` in place: the bag has seen them from now on."""
    row, column = np.nonzero(strata >= 0)
    np.add.at(mass, (strata[row, column], column, bins[row, column]), 1)
