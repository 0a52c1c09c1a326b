"""How the false alarms that a category may raise are dealt to its looks: windows of time, and forms of the test."""

from collections.abc import Iterable, Mapping
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from monitor.stats.stratified import BROAD, FOCUSED, more_than_before

DAY_SECS = 86_400.0

Counts = tuple[NDArray[np.int64], NDArray[np.int64]]
"""(asks,) bad and judged answers."""


class Window(StrEnum):
    """The latest run, the last seven days, the last four weeks."""

    RUN = "run"
    WEEK = "week"
    MONTH = "month"


SHARES: Mapping[Window, float] = {Window.RUN: 0.3, Window.WEEK: 0.5, Window.MONTH: 0.2}
"""Of the level: a run shows a collapse at once, a week most losses, four weeks the small and lasting ones."""

SECS: Mapping[Window, float] = {Window.WEEK: 7 * DAY_SECS, Window.MONTH: 28 * DAY_SECS}

FORMS = (BROAD, FOCUSED)


def worse_than_before(windows: Mapping[Window, Counts], before: Counts) -> tuple[float, Window]:
    """The chance, when nothing changed, of one that is as much worse as this in any window and form, each paying its
    share; and the window that shows most."""
    tests = [
        (more_than_before(*counts, *before, form) * len(FORMS) / SHARES[window], window)
        for window, counts in windows.items()
        for form in FORMS
    ]
    p, window = min(tests, default=(1.0, Window.RUN))
    return min(1.0, p), window


def confirmation(fresh: Counts, before: Counts) -> float:
    """p-value of fresh answers in the better of the two forms, which both pay for."""
    return min(1.0, len(FORMS) * min(more_than_before(*fresh, *before, form) for form in FORMS))


def most_moved(counts: Counts, before: Counts, most: int) -> list[int]:
    """Rows of the asks with most more bad answers than their own history lets one expect, most first, none that has not
    more."""
    bad, n = counts
    bad_before, n_before = before
    excess = bad - n * (bad + bad_before) / np.maximum(n + n_before, 1)
    order = np.argsort(-excess, kind="stable")[:most]
    return [int(i) for i in order if excess[i] > 0]


def newest(times: Iterable[float]) -> float:
    """The latest of these times, 0 of none."""
    return max(times, default=0.0)
