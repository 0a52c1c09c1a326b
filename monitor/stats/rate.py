"""How many exchanges a month a stream brings, from the times of its records."""

import numpy as np
from numpy.typing import NDArray

MONTH_SECS = 30 * 86_400.0
_FIRST_SECS = 3_600.0
_JUMP_SECS = 3_600.0


class MonthlyRate:
    """Exchanges per 30 days, measured. Until an hour has been seen, the hour is taken as just seen: the rate is then
    underestimated, as is fit for a run length that is only needed later.

    Time moves with the latest time seen; steps forward of more than an hour count as an hour, so that one wrong clock
    cannot stretch the past, and a step back of more than an hour sets the clock back.
    """

    def __init__(self) -> None:
        self.n, self.elapsed, self.latest = 0, 0.0, float("nan")

    def update(self, times: NDArray[np.float64]) -> None:
        """Takes the times of exchanges in order, Unix seconds; NaN = unknown, counts but moves no clock."""
        self.n += len(times)
        for t in times[~np.isnan(times)].tolist():
            step = t - self.latest
            if step > 0:
                self.elapsed += min(step, _JUMP_SECS)
                self.latest = t
            elif step < -_JUMP_SECS or np.isnan(step):
                self.latest = t

    def per_month(self) -> float:
        """Exchanges per 30 days; 0 before the first."""
        return self.n / max(self.elapsed, _FIRST_SECS) * MONTH_SECS

    def dump(self) -> list[float]:
        return [float(self.n), self.elapsed, self.latest]

    @staticmethod
    def load(stored: list[float]) -> "MonthlyRate":
        rate = MonthlyRate()
        rate.n, rate.elapsed, rate.latest = int(stored[0]), stored[1], stored[2]
        return rate
