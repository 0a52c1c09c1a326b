"""Uniform numbers that are a function of their place, so that a restart or another batch size draws the same."""

import numpy as np
from numpy.typing import NDArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)


def uniform_at(rows: NDArray[np.int64], columns: int, *, seed: int) -> NDArray[np.float64]:
    """(n, columns) numbers in (0, 1), one for each pair of row ordinal and column: SplitMix64 of the pair.

    Up to a million columns. Neither 0 nor 1 is ever drawn. Equal (row, column, seed) give equal bytes on every machine.
    """
    # Whole Python numbers, since a single one of numpy's warns where it wraps round.
    salt = np.uint64((seed % (1 << 62) * int(_GOLDEN) + int(_GOLDEN)) % (1 << 64))
    state = rows.astype(np.uint64)[:, None] * np.uint64(1 << 20) + (np.arange(columns, dtype=np.uint64) + salt)
    state *= _GOLDEN
    for shift, mix in ((30, _MIX_1), (27, _MIX_2)):
        state ^= state >> np.uint64(shift)
        state *= mix
    state ^= state >> np.uint64(31)
    state >>= np.uint64(12)
    numbers = state.astype(np.float64)
    numbers += 0.5
    numbers *= 2.0**-52
    return numbers
