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
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from monitor.stats.uniform import uniform_at

BINS = 32
"""Bins per group: narrow in the tails (equal steps of a normal score), so that a large move keeps its size."""

WORD = 64
"""Rows that one integer tells apart, a bit for each."""

Counts = NDArray[np.uint64]

_LEVELS = ndtr(np.linspace(-2.8, 2.8, BINS - 1))
_MOST_ATOMS = (BINS - 1) // 2
_HALVES = (16, 8, 4, 2, 1)


@dataclass(frozen=True, slots=True)
class Bags:
    """The baseline's values as bins. Arrays are (groups, k, ...): the group is the first index, the column the second.

    `edges` with their `ties` (groups, k, BINS) part the bins in lexicographic order, the last of them and those that a
    group does not need +inf; `mass` (groups, k, BINS) is what the baseline gives each bin; `own` (groups, k) is what a
    new value adds to its own bin: 1 where values are atoms, 0 where they are continuous and the gaps hold its place
    already.
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
            np.full((groups, k, BINS), np.inf),
            np.full((groups, k, BINS), np.inf),
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
            # An atom lies between the last number below it and itself.
            self.edges[at][: 2 * len(atoms)] = np.column_stack([np.nextafter(atoms, -np.inf), atoms]).reshape(-1)
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
        first, edges, value = np.maximum(_cells(strata), 0) * BINS, self.edges.reshape(-1), values.reshape(-1)
        at = first
        for step in _HALVES:
            at = at + step * (edges[step - 1 :].take(at) < value)
        # The edges before `at` are less. Those that are equal are passed one by one, as far as their ties are less.
        edge_ties, tie = self.ties.reshape(-1), ties.reshape(-1)
        equal = (edges.take(at) == value).nonzero()[0]
        while len(equal := equal[edge_ties.take(at[equal]) < tie[equal]]):
            at[equal] += 1
            equal = equal[edges.take(at[equal]) == value[equal]]
        bins: NDArray[np.int64] = (at - first).reshape(values.shape)
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
    not depend on how a stream is cut.
    """
    seen, cells = strata >= 0, _cells(strata)
    below, alike, total = _standing(bins, cells, mass, seen & learning)
    more = own.take(cells).astype(np.uint64).reshape(strata.shape)
    high, total = below + alike + more, total + more
    total = np.where(seen & (total > 0), total, np.nan)
    return Ranks(below / total, high / total)


def seen_before(bins: NDArray[np.int64], strata: NDArray[np.int32], mass: NDArray[np.int32]) -> tuple[Counts, Counts]:
    """(n, k) how many values before each fell into its bin, and into its group: those of `mass` and the rows before."""
    _, alike, total = _standing(bins, _cells(strata), mass, strata >= 0)
    return alike, total


def _standing(
    bins: NDArray[np.int64], cells: NDArray[np.int64], mass: NDArray[np.int32], counts: NDArray[np.bool_]
) -> tuple[Counts, Counts, Counts]:
    """(n, k) of the values before each in its group, how many stand in bins below its own, in its own, and anywhere:
    those of `mass`, and of the rows before where they count."""
    (n, k), words = bins.shape, -(-len(bins) // WORD)
    groups, column = _present(cells, mass.size // BINS)
    # Of each bin of each group, word by word of rows: how many values came before the word, and a bit for each row of
    # it that fell there. Sums of either over bins are those of the parts.
    table = np.zeros((BINS, words, 2, len(groups)), np.uint64)
    known, rows = table[:, :, 0], table[:, :, 1]
    row = np.arange(n)
    column = column + np.repeat(row // WORD * (2 * len(groups)), k)
    at = bins.reshape(-1) * (2 * words * len(groups)) + column
    bit = np.repeat(np.uint64(1) << (row % WORD).astype(np.uint64), k)
    np.add.at(table.reshape(-1), at + len(groups), bit * counts.reshape(-1))
    known[:, 0] = mass.reshape(-1, BINS)[groups].T
    for w in range(1, words):
        known[:, w] = known[:, w - 1] + np.bitwise_count(rows[:, w - 1])
    bit -= np.uint64(1)

    def number(at: NDArray[np.int64]) -> Counts:
        found: Counts = table.take(at) + np.bitwise_count(table.take(at + len(groups)) & bit)
        return found.reshape(n, k)

    alike = number(at)
    for below, upto in pairwise(table):
        np.add(upto, below, out=upto)  # in half the time of numpy's cumsum
    return number(at) - alike, alike, number(column + (BINS - 1) * 2 * words * len(groups))


def _present(cells: NDArray[np.int64], count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Those of `count` cells that occur, or all where they are few; and the place of each among them."""
    if count <= len(cells):
        return np.arange(count), cells
    used, place = np.zeros(count, bool), np.empty(count, np.int64)
    used[cells] = True
    present = used.nonzero()[0]
    place[present] = np.arange(len(present))
    return present, place[cells]


def _cells(strata: NDArray[np.int32]) -> NDArray[np.int64]:
    """(n k,) the place of each value's group and column in a table (groups, k) laid flat, of some other group from its
    end where the stratum is -1."""
    k = strata.shape[1]
    cells: NDArray[np.int64] = np.multiply(strata, k, dtype=np.int64)
    cells += np.arange(k)
    return cells.reshape(-1)


def count(mass: NDArray[np.int32], bins: NDArray[np.int64], strata: NDArray[np.int32]) -> None:
    """Adds live values to `mass` in place: the bag has seen them from now on."""
    at = _cells(strata) * BINS + bins.reshape(-1)
    np.add.at(mass.reshape(-1), at, (strata >= 0).reshape(-1).astype(np.int32))
