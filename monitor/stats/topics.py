"""Topics of prompts: clusters of the words they use."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.vq import ClusterError, kmeans2

from monitor.stats.blocks import rowwise_product, unit_rows

_RANK = 16
_RESTARTS = 8
_ROWS_PER_TOPIC = 20


@dataclass(frozen=True, slots=True)
class Topics:
    """j clusters of rows of 0/1 words. `idf` (v,) weighs rare words up, `centroids` (v, j) are the unit means."""

    idf: NDArray[np.float64]
    centroids: NDArray[np.float64]

    @property
    def count(self) -> int:
        """Number of topics, with the last one for prompts that use none of the words."""
        return int(self.centroids.shape[1]) + 1

    @staticmethod
    def fit(words: NDArray[np.float64], topics: int, *, seed: int) -> "Topics":
        """Learns at most `topics` clusters from `words` (n, v): k-means (seeded, best of a few starts) along the main
        directions of the rows that use a word at all."""
        idf = np.log((1 + len(words)) / (1 + words.sum(axis=0)))
        unit = unit_rows(words[words.any(axis=1)] * idf)
        topics = min(topics, len(unit) // _ROWS_PER_TOPIC)
        if topics == 0:
            return Topics(idf, np.zeros((words.shape[1], 0)))
        _, _, right = np.linalg.svd(unit, full_matrices=False)
        places = unit @ right[:_RANK].T
        best, labels = np.inf, np.zeros(len(unit), int)
        for start in range(_RESTARTS):
            rng = np.random.default_rng([seed, start])
            try:
                centres, found = kmeans2(places, topics, minit="++", rng=rng, missing="raise", iter=30)
            except ClusterError:  # a topic without prompts: this start is no use
                continue
            spread = float(((places - centres[found]) ** 2).sum())
            if spread < best:
                best, labels = spread, found
        means = np.array([unit[labels == t].mean(axis=0) for t in np.unique(labels)])
        return Topics(idf, np.ascontiguousarray(unit_rows(means).T))

    def assign(self, words: NDArray[np.float64]) -> NDArray[np.int32]:
        """(n,) the topic whose centroid each row of `words` (n, v) is most like; the last one without a word."""
        last = self.count - 1
        if last == 0:
            return np.zeros(len(words), np.int32)
        nearest = np.argmax(rowwise_product(unit_rows(words * self.idf), self.centroids), axis=1)
        return np.where(words.any(axis=1), nearest, last).astype(np.int32)
