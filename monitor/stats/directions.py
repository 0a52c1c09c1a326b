"""The main directions of rows of hashed n-grams."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.stats.blocks import rowwise_product, unit_rows


@dataclass(frozen=True, slots=True)
class Directions:
    """`idf` (d,) weighs rare n-grams up, `basis` (d, r) spans the main directions."""

    idf: NDArray[np.float64]
    basis: NDArray[np.float64]

    @staticmethod
    def fit(ngrams: NDArray[np.float64], rank: int) -> "Directions":
        """The `rank` first singular directions of `ngrams` (n, d)."""
        idf = np.log((1 + len(ngrams)) / (1 + np.count_nonzero(ngrams, axis=0))) + 0.1
        _, _, right = np.linalg.svd(unit_rows(ngrams * idf), full_matrices=False)
        return Directions(idf, np.ascontiguousarray(right[:rank].T))

    def place(self, ngrams: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, r) where each row of `ngrams` (n, d) points along the directions."""
        return rowwise_product(unit_rows(ngrams * self.idf), self.basis)
