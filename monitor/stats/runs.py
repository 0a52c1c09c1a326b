"""Evidence that runs over rows, R = (R + 1) e, in many runs at once."""

import numpy as np
from numpy.typing import NDArray

GROUP = 8
"""So many rows make one step of R, worked out beside the steps of all other groups."""

CAP = 1e15
"""Evidence stops growing here: far over every threshold, and a number that people can read."""


class Runs:
    """Runs of R over rows, all from 0, each with its weight (runs,) in the whole.

    A row makes a R + b of R, and so do the rows of a group together: a and b are worked out for all groups at once, and
    only then R goes from group to group. Groups are counted from the first row of all, and one that is under way goes
    on where it was, so that the same rows give the same bits however they are cut into calls.
    """

    def __init__(self, weights: NDArray[np.float64]) -> None:
        self._weights, self._rows = weights, 0
        self._begun = np.zeros(len(weights))  # R before the group under way
        self._ab = _nothing(len(weights))  # what its rows so far make of that

    @property
    def now(self) -> NDArray[np.float64]:
        """(runs,) R after the last row."""
        r: NDArray[np.float64] = np.minimum(self._ab[0] * self._begun + self._ab[1], CAP)
        return r

    def over(self, e: NDArray[np.float64], news: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n,) the weighted sum of R after each of n rows. `e` (n, runs) is what R is multiplied with; `news` is the
        same where there is any and 0 where there is none, which makes e R of R in place of e (R + 1)."""
        lead, n = self._rows % GROUP, len(e)
        e, news = _grouped(e, lead, 1.0), _grouped(news, lead, 0.0)
        if lead:
            e[0, 0], news[0, 0] = self._ab  # rows that change nothing stand between this and the first
        ab = np.empty((GROUP, 2, *e.shape[1:]))
        ab[0, 0], ab[0, 1] = e[0], news[0]
        for row, gained, before, after in zip(e[1:], news[1:], ab, ab[1:], strict=False):
            np.multiply(row, before, out=after)
            after[1] += gained
        begun = np.empty((e.shape[1] + 1, e.shape[2]))
        begun[0] = self._begun
        for before, after, a, b in zip(begun, begun[1:], *ab[-1], strict=False):
            np.multiply(a, before, out=after)
            np.add(after, b, out=after)
            np.minimum(after, CAP, out=after)
        sums: NDArray[np.float64] = np.einsum("igr,gr->gi", ab[:, 0], begun[:-1] * self._weights)
        sums += np.einsum("igr,r->gi", ab[:, 1], self._weights)
        self._rows += n
        group, at = divmod(lead + n, GROUP)
        self._begun, self._ab = begun[group].copy(), ab[at - 1, :, group].copy() if at else _nothing(len(begun[0]))
        np.minimum(sums, CAP, out=sums)
        return sums.reshape(-1)[lead : lead + n]

    def stop(self) -> None:
        """All runs are at 0 again."""
        self._begun, self._ab = np.zeros_like(self._begun), _nothing(len(self._begun))

    @property
    def state(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """With the number of rows, all that `go_on` needs to be here again: (runs,) and (2, runs)."""
        return self._begun, self._ab

    def go_on(self, state: tuple[NDArray[np.float64], NDArray[np.float64]], rows: int) -> None:
        """From a state after so many rows."""
        self._rows, (self._begun, self._ab) = rows, state


def _nothing(runs: int) -> NDArray[np.float64]:
    """(2, runs) a and b of no rows."""
    return np.stack([np.ones(runs), np.zeros(runs)])


def _grouped(rows: NDArray[np.float64], lead: int, none: float) -> NDArray[np.float64]:
    """(GROUP, groups, runs) a copy of rows (n, runs), with as much of `none` before and after as whole groups want."""
    n, runs = rows.shape
    groups = -(-(lead + n) // GROUP)
    if n < groups * GROUP:
        whole = np.full((groups * GROUP, runs), none)
        whole[lead : lead + n] = rows
        rows = whole
    return rows.reshape(groups, GROUP, runs).swapaxes(0, 1).copy()
