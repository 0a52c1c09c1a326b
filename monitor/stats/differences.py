"""Whether a difference grew, item by item: an exact test of the difference of differences.

Of an item there are pairs of answers, then and now: with a trigger and with its control, or of a model and of another
beside it. A pair's difference is -1, 0 or 1. When nothing changed, which of an item's pairs are those of now is chance,
whatever difference there always was; so their sum is that of so many drawn without putting back.
"""

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


def grew(before: Sequence[Sequence[int]], now: Sequence[Sequence[int]]) -> float:
    """The chance, when nothing changed, of so large a sum of differences now, or a larger one. Of each item its
    differences then and now, each -1, 0 or 1. 1.0 when nothing can be compared; ValueError when there are not as many
    items then as now."""
    law, least, seen = np.ones(1), 0, 0
    for then, later in zip(before, now, strict=True):
        if len(then) and len(later):
            every = [*then, *later]
            law = np.convolve(law, _drawn(every.count(-1), every.count(0), every.count(1), len(later)))
            least -= len(later)
            seen += sum(later)
    return float(min(1.0, law[seen - least :].sum()))


@lru_cache(maxsize=1 << 14)
def _drawn(minus: int, zero: int, plus: int, n: int) -> NDArray[np.float64]:
    """(2n + 1,) the chances of each sum, from -n on, of n drawn of so many values. Not to be written to."""
    ways, whole = np.zeros(2 * n + 1), math.comb(minus + zero + plus, n)
    for up in range(min(plus, n) + 1):
        for down in range(min(minus, n - up) + 1):
            some = math.comb(plus, up) * math.comb(minus, down) * math.comb(zero, n - up - down)
            ways[n + up - down] += some / whole  # of whole numbers, which may be larger than a float can be
    return ways
