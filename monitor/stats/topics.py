"""Topics of prompts: clusters of hashed n-grams, and how far a prompt lies from all of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.vq import ClusterError, kmeans2

from monitor.stats.blocks import rowwise_product

_RESTARTS = 8


@dataclass(frozen=True, slots=True)
class Topics:
    """Clusters of rows of hashed n-grams. `idf` (d,) weighs rare n-grams up, `basis` (d, r) spans the main directions,
    `centroids` (d, j) are the unit means of the topics."""

    idf: NDArray[np.float64]
    basis: NDArray[np.float64]
    centroids: NDArray[np.float64]

    @staticmethod
    def fit(ngrams: NDArray[np.float64], topics: int, rank: int, *, seed: int) -> "Topics":
        """Learns from `ngrams` (n, d): singular directions, then k-means (seeded, best of a few starts) in them."""
        idf = np.log((1 + len(ngrams)) / (1 + np.count_nonzero(ngrams, axis=0))) + 0.1
        unit = _unit(ngrams * idf)
        _, _, right = np.linalg.svd(unit, full_matrices=False)
        basis = np.ascontiguousarray(right[:rank].T)
        places = unit @ basis
        best, labels = np.inf, np.zeros(len(ngrams), int)
        for start in range(_RESTARTS):
            rng = np.random.default_rng([seed, start])
            try:
                centres, found = kmeans2(places, topics, minit="++", rng=rng, missing="raise", iter=30)
            except ClusterError:  # a topic without prompts: this start is no use
                continue
            spread = float(((places - centres[found]) ** 2).sum())
            if spread < best:
                best, labels = spread, found
        means = np.array(
            [unit[labels == t].mean(axis=0) if (labels == t).any() else unit.mean(axis=0) for t in range(topics)]
        )
        return Topics(idf, basis, np.ascontiguousarray(_unit(means).T))

    def place(self, ngrams: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int32], NDArray[np.float64]]:
        """Of each row of `ngrams` (n, d): its place (n, r) along the main directions, its topic (n,), and its novelty
        (n,) in [0, 2]: one minus the cosine to that topic. A prompt without words has novelty 1 and topic 0."""
        unit = _unit(ngrams * self.idf)
        both = rowwise_product(unit, np.hstack([self.basis, self.centroids]))
        rank = self.basis.shape[1]
        likeness = both[:, rank:]
        return both[:, :rank], np.argmax(likeness, axis=1).astype(np.int32), 1 - likeness.max(axis=1)


def _unit(x: NDArray[np.float64]) -> NDArray[np.float64]:
    # Sums of squares row by row: numpy's pairwise order depends on the row's length alone.
    size: NDArray[np.float64] = np.maximum(np.sqrt(np.square(x).sum(axis=1)), 1e-12)
    return x / size[:, None]
