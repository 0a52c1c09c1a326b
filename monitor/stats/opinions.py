"""Second opinions on where a change began: three detectors of river over ranks.

Ranks are independent and uniform on (0, 1) while nothing changes, whatever was ranked, so each detector is calibrated
once and for all: the chance that it sees a change anywhere in LENGTH such ranks is at most about 1 %. Its defaults
promise nothing of the kind. `python -m benchmarks.onsets --unchanged 4000` is the simulation that made the constants.

Each takes (n,) ranks, oldest first, at most LENGTH, and says with which of them, counted from 0, the latest change that
it sees began; None when it sees none. river says whether there was a change. Where it began ADWIN and Page-Hinkley do
not say; it is read off the sums that they compare. The same ranks give the same answer.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

LENGTH, KSWIN_LENGTH = 1_024, 512
"""KSWIN looks at the latest ranks only: a rank costs it half a millisecond, the others a microsecond each."""

ADWIN_DELTA, ADWIN_LEAST = 0.12, 5
PAGE_HINKLEY_THRESHOLD, PAGE_HINKLEY_DELTA = 8.0, 0.05
KSWIN_ALPHA, KSWIN_WINDOW, KSWIN_RECENT = 1e-4, 100, 50

Ranks = NDArray[np.float64]


def adwin(ranks: Ranks, delta: float = ADWIN_DELTA) -> int | None:
    """Where the means before and after are furthest apart, in standard errors."""
    alarms = _alarms(_river().ADWIN(delta=delta, clock=1, min_window_length=ADWIN_LEAST), ranks)
    if not alarms:
        return None
    start = _fresh(alarms)
    seen = ranks[start:]
    n, total = len(seen), np.cumsum(seen)
    before = np.arange(ADWIN_LEAST, n - ADWIN_LEAST + 1)
    apart = total[before - 1] / before - (total[-1] - total[before - 1]) / (n - before)
    return start + int(before[np.argmax(apart**2 * before * (n - before))])


def page_hinkley(ranks: Ranks, threshold: float = PAGE_HINKLEY_THRESHOLD) -> int | None:
    """After where the sum that reached the threshold was lowest."""
    alarms = _alarms(_river().PageHinkley(delta=PAGE_HINKLEY_DELTA, threshold=threshold, alpha=1.0), ranks)
    if not alarms:
        return None
    start = _fresh(alarms)
    seen = ranks[start : alarms[-1] + 1]
    away = seen - np.cumsum(seen) / np.arange(1, len(seen) + 1)
    rise, fall = np.cumsum(away - PAGE_HINKLEY_DELTA), np.cumsum(-away - PAGE_HINKLEY_DELTA)
    reached = rise if rise[-1] - rise.min() > fall[-1] - fall.min() else fall
    return start + int(np.argmin(reached)) + 1


def kswin(ranks: Ranks, alpha: float = KSWIN_ALPHA) -> int | None:
    """The first of the recent ranks that differ from those before them."""
    late = ranks[-KSWIN_LENGTH:]
    alarms = _alarms(_river().KSWIN(alpha=alpha, window_size=KSWIN_WINDOW, stat_size=KSWIN_RECENT, seed=0), late)
    return len(ranks) - len(late) + alarms[-1] + 1 - KSWIN_RECENT if alarms else None


OPINIONS: Mapping[str, Callable[[Ranks], int | None]] = {
    "ADWIN": adwin,
    "Page-Hinkley": page_hinkley,
    "KSWIN": kswin,
}


def _river() -> Any:
    from river import drift  # noqa: PLC0415 - loads scipy.stats: a start would take half as long again, for an incident

    return drift


def _alarms(detector: Any, ranks: Ranks) -> list[int]:
    """At which ranks it alarms; after each it starts afresh."""
    alarms = []
    for i, rank in enumerate(ranks.tolist()):
        detector.update(rank)
        if detector.drift_detected:
            alarms.append(i)
    return alarms


def _fresh(alarms: list[int]) -> int:
    """The rank with which a detector started afresh before its last alarm."""
    return alarms[-2] + 1 if len(alarms) > 1 else 0
