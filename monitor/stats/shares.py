"""Distribution functions on (0, 1), looked up in a table: far cheaper than the normal distribution over and over.

The table is fine near both ends, where bets change fast: cells are so many to each halving of the distance from the
nearer end. In a cell a cubic goes through the function at both ends and two places between, so that what is looked up
has no steps, and is 0 at 0 and 1 at 1. It departs from the function by 2e-12 at most; the sum over any parts of (0, 1)
is exact.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

_BITS, _HALVINGS = 7, 29
_SHIFT = np.int64(52 - _BITS)
_FIRST = ((1022 - _HALVINGS) << _BITS) - 1
_ENDS = np.ldexp(1 + np.arange(1 << _BITS) / (1 << _BITS), np.arange(-1 - _HALVINGS, -1)[:, None]).reshape(-1)
_LEFT = np.concatenate([[0.0], _ENDS, [0.5]])
"""Where cells begin: one at the very end, those of all halvings, and one for the middle itself."""

_AT_ONCE = 1_024
"""So many values fit a core's own memory, with all that is made of them."""

_NODES = np.array([0.0, 0.25, 0.75, 1.0])


class Shares:
    """`functions` of u (n,), (n, b), with all of b rising from 0 to 1; smooth but at the ends and in the middle."""

    def __init__(self, functions: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> None:
        size = np.diff(_LEFT, append=np.nextafter(0.5, 1.0))
        places = _LEFT[:, None] + size[:, None] * _NODES
        cubics = []
        for u in (places, 1 - places):
            through = functions(u.reshape(-1)).reshape(len(_LEFT), len(_NODES), -1)
            # Of the last part before the end itself only the mean is kept: none of the functions is a cubic there.
            through[0] = through[0, 0] + _NODES[:, None] * (through[0, -1] - through[0, 0])
            powers = np.linalg.inv(np.vander(_NODES, increasing=True)) @ through
            cubics.append(powers / size[:, None, None] ** np.arange(4)[:, None])
        self._powers = [np.ascontiguousarray(p) for p in np.concatenate(cubics).swapaxes(0, 1)]

    def between(self, low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, b) by how much the functions rise from `low` to `high`, (n,) each in [0, 1]."""
        out = np.empty((len(low), self._powers[0].shape[1]))
        for i in range(0, len(low), _AT_ONCE):
            some = low[i : i + _AT_ONCE]
            upto = self._upto(np.concatenate([some, high[i : i + _AT_ONCE]]))
            np.subtract(upto[len(some) :], upto[: len(some)], out=out[i : i + _AT_ONCE])
        return out

    def _upto(self, u: NDArray[np.float64]) -> NDArray[np.float64]:
        from_end = np.minimum(u, 1 - u)
        # The bits of a float64 count its cells: the exponent is the halving, the first bits behind it the cell.
        cell = np.maximum((from_end.view(np.int64) >> _SHIFT) - _FIRST, 0)
        from_end -= _LEFT.take(cell)
        cell[u > 0.5] += len(_LEFT)
        *lower, highest = self._powers
        out: NDArray[np.float64] = highest.take(cell, axis=0)
        x = np.repeat(from_end, out.shape[1]).reshape(out.shape)
        for power in reversed(lower):
            out *= x
            out += power.take(cell, axis=0)
        return out
