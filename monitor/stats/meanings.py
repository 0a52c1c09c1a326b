"""Where prompts stand by their vectors: topics, main directions, and how far a prompt is from all that is known."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.stats.blocks import rowwise_product, unit_rows
from monitor.stats.clusters import clusters

_RANK, _MOST_ROWS = 32, 4_000
_ROWS_PER_TOPIC = 20
_ROWS_PER_PLACE, _MOST_PLACES = 8, 64
_FEWEST = 4
"""A centre of fewer rows is not kept: nobody shall tell from it what one text was."""

Vectors = NDArray[np.float64]
"""(n, e): rows of length one, all NaN for a text that has none."""


@dataclass(frozen=True, slots=True)
class Meanings:
    """j clusters of vectors. `centres` (j, e), of length one."""

    centres: Vectors

    @property
    def count(self) -> int:
        """Number of topics, with the last one for prompts that have no vector."""
        return len(self.centres) + 1

    @staticmethod
    def fit(vectors: Vectors, topics: int, *, seed: int) -> "Meanings":
        """Learns at most `topics` clusters. A second at 4,000 rows; more are not looked at."""
        known = _some(vectors, seed)
        count = min(topics, len(known) // _ROWS_PER_TOPIC)
        if count == 0:
            return Meanings(known[:0])
        _, places, _ = _spread(known)
        return Meanings(_centres(known, places, count, seed))

    def assign(self, vectors: Vectors) -> NDArray[np.int32]:
        """(n,) the topic whose centre is nearest."""
        if not len(self.centres):
            return np.zeros(len(vectors), np.int32)
        nearest = _likeness(vectors, self.centres).argmax(axis=1)
        return np.where(np.isnan(vectors[:, 0]), len(self.centres), nearest).astype(np.int32)


@dataclass(frozen=True, slots=True)
class Senses:
    """`centre` (e,) and `basis` (e, r) span the main directions of vectors; `known` (m, e) are centres of clusters of
    a few rows or more."""

    centre: NDArray[np.float64]
    basis: NDArray[np.float64]
    known: Vectors

    @staticmethod
    def fit(vectors: Vectors, rank: int, *, seed: int) -> "Senses":
        """The `rank` first directions; none of vectors without numbers (e = 0). A second at 4,000 rows."""
        known, width = _some(vectors, seed), vectors.shape[1]
        if not len(known):
            return Senses(np.zeros(width), np.zeros((width, 0)), np.zeros((0, width)))
        centre, places, basis = _spread(known)
        centres = _centres(known, places, min(len(known) // _ROWS_PER_PLACE, _MOST_PLACES), seed)
        return Senses(centre, np.ascontiguousarray(basis[:rank].T), centres)

    def place(self, vectors: Vectors) -> NDArray[np.float64]:
        """(n, r) where each vector points; 0 for a row without one."""
        return rowwise_product(np.nan_to_num(vectors - self.centre), self.basis)

    def distance(self, vectors: Vectors) -> NDArray[np.float64]:
        """(n,) 1 - cosine to the nearest known place; 0 for a row without a vector, of which it says nothing."""
        if not len(self.known):
            return np.zeros(len(vectors))
        return np.where(np.isnan(vectors[:, 0]), 0.0, 1.0 - _likeness(vectors, self.known).max(axis=1))


def _some(vectors: Vectors, seed: int) -> Vectors:
    """The rows that have a vector; of many a random part."""
    if not vectors.shape[1]:
        return vectors[:0]
    known = vectors[~np.isnan(vectors[:, 0])]
    if len(known) <= _MOST_ROWS:
        return known
    return known[np.sort(np.random.default_rng([seed, 0]).choice(len(known), _MOST_ROWS, replace=False))]


def _spread(vectors: Vectors) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """(e,) the centre of n vectors, (n, r) where each stands along the main directions from there, and the directions,
    (min(n, e), e)."""
    centre = vectors.mean(axis=0)
    _, _, basis = np.linalg.svd(vectors - centre, full_matrices=False)
    return centre, (vectors - centre) @ basis[:_RANK].T, basis


def _likeness(vectors: Vectors, places: Vectors) -> NDArray[np.float64]:
    """(n, m) cosine of each vector to each place; 0 for a row without a vector."""
    return rowwise_product(np.nan_to_num(vectors), places.T.copy())


def _centres(vectors: Vectors, places: NDArray[np.float64], count: int, seed: int) -> Vectors:
    """Of at most `count` clusters of the places (n, r) of n vectors."""
    if count == 0:
        return np.zeros((0, vectors.shape[1]))
    found = [rows for rows in clusters(places, count, seed) if len(rows) >= _FEWEST]
    return unit_rows(np.array([vectors[rows].mean(axis=0) for rows in found]).reshape(-1, vectors.shape[1]))
