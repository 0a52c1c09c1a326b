"""Shares corrected for an instrument's errors: against arithmetic, and how often the interval holds the truth."""

import numpy as np
import pytest
from scipy.stats import binomtest

from monitor.stats.corrected import Hits, corrected, interval


def test_it_undoes_what_the_instrument_does():
    sensitivity, specificity, truth = 0.9, 0.95, 0.3
    found = truth * sensitivity + (1 - truth) * (1 - specificity)
    low, share, high = corrected(found, 1e9, Hits(900_000, 1_000_000), Hits(950_000, 1_000_000))
    assert share == pytest.approx(truth)
    assert low < truth < high
    assert high - low < 0.003


def test_a_perfect_instrument_changes_nothing_but_is_not_known_to_be_perfect():
    low, share, high = corrected(0.2, 100, Hits(50, 50), Hits(50, 50))
    assert share == pytest.approx(0.2)
    assert low < 0.13
    assert high > 0.28


def test_what_tells_nothing_is_none():
    assert corrected(0.2, 100, Hits(5, 10), Hits(5, 10)) is None
    assert corrected(0.2, 100, Hits(0, 0), Hits(5, 10)) is None
    assert corrected(0.2, 0, Hits(9, 10), Hits(9, 10)) is None


def test_a_share_that_errors_alone_explain_is_zero():
    low, share, high = corrected(0.02, 200, Hits(90, 100), Hits(95, 100))
    assert (low, share) == (0.0, 0.0)
    assert 0.0 < high < 0.05


@pytest.mark.parametrize("truth", [0.02, 0.1, 0.4, 0.8])
@pytest.mark.parametrize(("sensitivity", "specificity"), [(0.95, 0.98), (0.8, 0.9)])
def test_the_interval_holds_the_truth(truth, sensitivity, specificity):
    """1,000 draws of the instrument's trial and of the answers; the nominal 95 %, less three errors."""
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(1_000):
        known = Hits(int(rng.binomial(120, sensitivity)), 120), Hits(int(rng.binomial(150, specificity)), 150)
        found = rng.binomial(200, truth * sensitivity + (1 - truth) * (1 - specificity)) / 200
        low, _, high = corrected(found, 200, *known)
        held += low <= truth <= high
    assert held >= 950 - 3 * np.sqrt(1_000 * 0.95 * 0.05)


@pytest.mark.parametrize(("right", "n"), [(0, 1), (1, 1), (0, 40), (40, 40), (3, 17), (9_000, 10_000)])
def test_the_interval_of_a_share_is_that_of_scipy(right, n):
    theirs = binomtest(right, n).proportion_ci(method="wilson")
    assert interval(Hits(right, n)) == pytest.approx((theirs.low, theirs.high), abs=1e-7)
    low, high = interval(Hits(right, n))
    assert 0 <= low < high <= 1
