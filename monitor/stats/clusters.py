"""k-means, seeded, the best of a few starts."""

import numpy as np
from numpy.typing import NDArray

_RESTARTS = 8


def clusters(places: NDArray[np.float64], most: int, seed: int) -> list[NDArray[np.int64]]:
    """The rows of each of at most `most` clusters of (n, r) places; one of all where no start finds so many."""
    # Only a baseline that is built needs it: a monitor starts faster and smaller without.
    from scipy.cluster.vq import ClusterError, kmeans2  # noqa: PLC0415

    best, labels = np.inf, np.zeros(len(places), int)
    for start in range(_RESTARTS):
        rng = np.random.default_rng([seed, start])
        try:
            centres, found = kmeans2(places, most, minit="++", rng=rng, missing="raise", iter=30)
        except ClusterError:  # a cluster without rows: this start is no use
            continue
        spread = float(((places - centres[found]) ** 2).sum())
        if spread < best:
            best, labels = spread, found
    return [np.flatnonzero(labels == t) for t in np.unique(labels)]
