import numpy as np
import pytest

from monitor.stats.rate import MONTH_SECS, MonthlyRate


def test_measures_a_steady_stream():
    rate = MonthlyRate()
    rate.update(1.7e9 + 2.0 * np.arange(50_000))
    assert rate.per_month() == pytest.approx(MONTH_SECS / 2, rel=1e-3)


def test_is_the_same_however_the_stream_is_cut():
    times = 1.7e9 + np.cumsum(np.random.default_rng(0).exponential(3.0, 1_000))
    whole, cut = MonthlyRate(), MonthlyRate()
    whole.update(times)
    for t in times:
        cut.update(np.array([t]))
    assert whole.dump() == cut.dump()


@pytest.mark.parametrize("jump", [1e9, -1e9])
def test_a_clock_that_jumps_once_hardly_changes_the_rate(jump):
    rate, times = MonthlyRate(), 1.7e9 + np.arange(40_000.0)
    times[20_000] += jump
    rate.update(times)
    assert rate.per_month() == pytest.approx(MONTH_SECS, rel=0.15)


def test_a_clock_that_stays_wrong_is_followed():
    rate, times = MonthlyRate(), 1.7e9 + np.arange(40_000.0)
    times[20_000:] -= 1e8
    rate.update(times)
    assert rate.per_month() == pytest.approx(MONTH_SECS, rel=0.01)


def test_unknown_times_count_and_nothing_is_no_rate():
    rate = MonthlyRate()
    assert rate.per_month() == 0
    rate.update(np.full(100, np.nan))
    assert rate.per_month() == pytest.approx(100 * 720)
