"""Conformal ranks of live values among a baseline, exact at any baseline size, in bounded memory.

A group's n baseline values cut the line into n + 1 gaps. When live values come from the same continuous distribution,
the probabilities of the gaps are Dirichlet(1, ..., 1), hence those of bins made of whole gaps are
Dirichlet(gaps per bin), and the bins of the live values are a Polya urn that starts with the gaps. So the predictive
probability of a bin is (its gaps + its live values so far) / (n + 1 + live values so far), and the interval

    [mass below the bin, mass below it + mass of the bin]

holds the randomised conformal rank (Vovk, Gammerman and Shafer, *Algorithmic Learning in a Random World*), which is
uniform on (0, 1) given everything before it, with a table of counts in place of a growing bag. Where the baseline has
only a few distinct values, each is a bin of its own and the interval is that of the conformal p-value,
[less, less + equal + 1] / (n + 1). Between the two (zeros among many values), ties are made continuous by a second,
random coordinate.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from monitor.stats.uniform import uniform_at

BINS = 32
"""Bins per group: narrow in the tails (equal steps of a normal score), so that a large move keeps its size."""

_LEVELS = ndtr(np.linspace(-2.8, 2.8, BINS - 1))
_MOST_ATOMS = (BINS - 1) // 2


@dataclass(frozen=True, slots=True)
class Bags:
    """The baseline's values as bins. Arrays are (groups, k, ...): the group is the first index, the column the second.

    `edges` with their `ties` (groups, k, BINS - 1) part the bins in lexicographic order, +inf where a group needs
    fewer; `mass` (groups, k, BINS) is what the baseline gives each bin; `own` (groups, k) is what a new value adds to
    its own bin: 1 where values are atoms, 0 where they are continuous and the gaps hold its place already.
    """

    edges: NDArray[np.float64]
    ties: NDArray[np.float64]
    mass: NDArray[np.int32]
    own: NDArray[np.int32]

    @staticmethod
    def fit(values: NDArray[np.float64], strata: NDArray[np.int32], groups: int, *, seed: int) -> "Bags":
        """Bins of `values` (n, k) within `strata` (n, k, -1 = set aside); NaN values are left out."""
        n, k = values.shape
        ties = uniform_at(np.arange(n), k, seed=seed)
        bags = Bags(
            np.full((groups, k, BINS - 1), np.inf),
            np.full((groups, k, BINS - 1), np.inf),
            np.zeros((groups, k, BINS), np.int32),
            np.zeros((groups, k), np.int32),
        )
        for column in range(k):
            seen = ~np.isnan(values[:, column])
            for group in range(groups):
                rows = np.flatnonzero(seen & (strata[:, column] == group))
                bags._fill(group, column, values[rows, column], ties[rows, column])
        return bags

    def _fill(self, group: int, column: int, values: NDArray[np.float64], ties: NDArray[np.float64]) -> None:
        at = (group, column)
        atoms, counts = np.unique(values, return_counts=True)
        if len(atoms) <= min(_MOST_ATOMS, len(values) // 2):
            # An atom lies between two edges of its own value: no tie is under 0 or over 1.
            self.edges[at][: 2 * len(atoms)] = np.repeat(atoms, 2)
            self.ties[at][: 2 * len(atoms)] = np.tile([0.0, 1.0], len(atoms))
            self.mass[at][1 : 2 * len(atoms) : 2] = counts
            self.own[at] = 1
            return
        order = np.lexsort((ties, values))
        places = np.unique(np.rint(_LEVELS * (len(order) + 1)).astype(int))
        places = places[(places >= 1) & (places <= len(order))]
        self.edges[at][: len(places)] = values[order[places - 1]]
        self.ties[at][: len(places)] = ties[order[places - 1]]
        self.mass[at][: len(places) + 1] = np.diff(places, prepend=0, append=len(order) + 1)

    def bins(
        self, values: NDArray[np.float64], strata: NDArray[np.int32], ties: NDArray[np.float64]
    ) -> NDArray[np.int64]:
        """(n, k) bin of each value in its group; meaningless where the value is NaN or the stratum -1."""
        columns = np.arange(values.shape[1])
        edges = self.edges[strata, columns]
        above = edges < values[:, :, None]
        equal = edges == values[:, :, None]
        if equal.any():
            above |= equal & (self.ties[strata, columns] < ties[:, :, None])
        bins: NDArray[np.int64] = np.add.reduce(above, axis=2, dtype=np.int64)
        return bins


@dataclass(frozen=True, slots=True)
class Ranks:
    """(n, k) intervals within (0, 1) over which the ranks are uniform; NaN where there is none."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]


def ranks(
    bins: NDArray[np.int64],
    strata: NDArray[np.int32],
    mass: NDArray[np.int32],
    own: NDArray[np.int32],
    *,
    learning: bool | NDArray[np.bool_],
) -> Ranks:
    """The conformal ranks of a few values in order.

    `mass` (groups, k, BINS) is that of the baseline plus the live values before these rows, `own` that of `Bags`. When
    `learning` (all columns, or those (k,) that do), each row also counts the rows before it, so that the result does
    not depend on how a stream is cut; cost is then quadratic in n: call it with a few dozen rows at a time.
    """
    columns = np.arange(bins.shape[1])
    seen = strata >= 0
    cumulated = np.cumsum(mass[strata, columns], axis=2)
    high, total = np.take_along_axis(cumulated, bins[:, :, None], axis=2)[:, :, 0], cumulated[:, :, -1]
    low = high - mass[strata, columns, bins]
    if np.any(learning):
        earlier, place = _earlier(strata) & np.asarray(learning), bins.astype(np.int8)
        low = low + _count(earlier & (place[None, :, :] < place[:, None, :]))
        high = high + _count(earlier & (place[None, :, :] <= place[:, None, :]))
        total = total + _count(earlier)
    more = own[strata, columns]
    high, total = high + more, total + more
    with np.errstate(invalid="ignore", divide="ignore"):
        good = seen & (total > 0)
        return Ranks(np.where(good, low / total, np.nan), np.where(good, high / total, np.nan))


def seen_before(
    bins: NDArray[np.int64], strata: NDArray[np.int32], mass: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(n, k) how many values before each fell into its bin, and into its group: those of `mass` and the rows before."""
    columns = np.arange(bins.shape[1])
    earlier, place = _earlier(strata), bins.astype(np.int8)
    alike = mass[strata, columns, bins] + _count(earlier & (place[None, :, :] == place[:, None, :]))
    return alike, mass.sum(axis=2)[strata, columns] + _count(earlier)


def _earlier(strata: NDArray[np.int32]) -> NDArray[np.bool_]:
    """(n, n, k): in this column, is the second row before the first and of its group."""
    group = strata.astype(np.int16)
    earlier: NDArray[np.bool_] = np.tri(len(strata), k=-1, dtype=bool)[:, :, None] & (group[:, None] == group[None, :])
    return earlier


def _count(chosen: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """(n, k) how many along the second axis, which must be shorter than 256."""
    counts: NDArray[np.uint8] = np.add.reduce(chosen.view(np.uint8), axis=1, dtype=np.uint8)
    return counts


def count(mass: NDArray[np.int32], bins: NDArray[np.int64], strata: NDArray[np.int32]) -> None:
    """Adds live values to `mass` in place: the bag has seen them from now on."""
    k = strata.shape[1]
    cell = (strata.astype(np.int64) * k + np.arange(k)) * BINS + bins
    np.add.at(mass.reshape(-1), cell[strata >= 0], 1)
