"""Topics of prompts: clusters of the words they use."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.batch import Words
from monitor.stats.blocks import unit_rows
from monitor.stats.clusters import clusters

CELLS = 1 << 12
"""Words share so many cells, by their hash: nobody can tell from a topic that a word was used."""

_SHIFT = np.uint64(52)
_HEAD = 256
_RANK, _MOST_ROWS = 16, 4_000
_ROWS_PER_TOPIC = 20
_MOST_SHARE = 0.2
_STEPS = 4_096


@dataclass(frozen=True, slots=True)
class Topics:
    """j clusters of prompts. `weights` (CELLS, j): what a word tells of a topic, in whole steps, so that sums are exact
    in any order; 0 for words of one prompt alone, or of more than a fifth of them."""

    weights: NDArray[np.int32]

    @property
    def count(self) -> int:
        """Number of topics, with the last one for prompts that use none of the words."""
        return int(self.weights.shape[1]) + 1

    @staticmethod
    def fit(words: Words, topics: int, *, seed: int) -> "Topics":
        """Learns at most `topics` clusters from n texts: k-means (seeded, best of a few starts) along the main
        directions of those that use a word of use at all. A second at 4,000 rows; more are not looked at."""
        # Only a baseline that is built needs these: a monitor starts faster and smaller without.
        from scipy.sparse import csr_array, diags_array  # noqa: PLC0415
        from scipy.sparse.linalg import svds  # noqa: PLC0415

        rng = np.random.default_rng([seed, 0])
        chosen = np.arange(len(words.counts))
        if len(chosen) > _MOST_ROWS:
            chosen = np.sort(rng.choice(chosen, _MOST_ROWS, replace=False))
        at = _uses(words)
        uses = csr_array((np.ones(len(at[0])), at), shape=(len(words.counts), CELLS))[chosen]
        prompts = np.bincount(uses.indices, minlength=CELLS)
        idf = np.log(len(chosen) / np.maximum(prompts, 1))
        idf[(prompts < 2) | (prompts > _MOST_SHARE * len(chosen))] = 0.0
        weighed = uses @ diags_array(idf)
        size = np.sqrt((weighed**2).sum(axis=1))
        told = csr_array(diags_array(1 / size[size > 0]) @ weighed[size > 0])
        topics = min(topics, len(chosen) // _ROWS_PER_TOPIC)
        rank = min(_RANK, min(told.shape) - 1)
        if topics == 0 or rank < topics:
            return Topics(np.zeros((CELLS, 0), np.int32))
        places = told @ svds(told, rank, v0=rng.normal(size=min(told.shape)))[2].T
        means = unit_rows(np.array([told[labels].mean(axis=0) for labels in clusters(places, topics, seed)]))
        return Topics(np.rint(means * idf * _STEPS).astype(np.int32).T.copy())

    def assign(self, words: Words) -> NDArray[np.int32]:
        """(n,) the topic that the words of each text are most like; the last one for a text without any."""
        n, last = len(words.counts), self.count - 1
        out = np.full(n, last, np.int32)
        if last == 0:
            return out
        some = words.head(_HEAD)
        likeness = np.zeros((n, last), np.int64)
        full = np.flatnonzero(some.counts)
        if len(full):
            told = self.weights[some.hash >> _SHIFT].astype(np.int64)
            likeness[full] = np.add.reduceat(told, some.bounds[:-1][full], axis=0)
        return np.where((likeness > 0).any(axis=1), np.argmax(likeness, axis=1), last).astype(np.int32)


def _uses(words: Words) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Each text and each cell of which it uses a word, once."""
    some = words.head(_HEAD)
    pairs = np.unique(some.row.astype(np.int64) * CELLS + (some.hash >> _SHIFT).astype(np.int64))
    return pairs // CELLS, pairs % CELLS
