"""Second opinions: rare where nothing changed, placed where something did."""

import numpy as np
import pytest
from scipy.special import ndtr

from monitor.stats.opinions import LENGTH, OPINIONS, adwin, kswin, page_hinkley


def ranks(seed, before, after, shift):
    """Ranks of a normal value that shifts by so many spreads."""
    z = np.random.default_rng([seed, 71]).normal(size=before + after)
    z[before:] += shift
    return ndtr(z)


@pytest.mark.parametrize(
    ("ask", "sequences", "most"), [(adwin, 600, 13), (page_hinkley, 600, 13), (kswin, 60, 3)], ids=list(OPINIONS)
)
def test_where_nothing_changed_hardly_any_sees_a_change(ask, sequences, most):
    """Calibrated to one in a hundred: then more than `most` come once in some hundred draws of these sequences."""
    seen = [ask(np.random.default_rng([seed, 72]).random(LENGTH)) for seed in range(sequences)]
    assert sum(place is not None for place in seen) <= most


@pytest.mark.parametrize("shift", [-1.2, 1.2])
@pytest.mark.parametrize(("ask", "off"), [(adwin, 5), (page_hinkley, 10), (kswin, 25)], ids=list(OPINIONS))
def test_a_change_is_placed(ask, off, shift):
    places = [ask(ranks(seed, 300 + 10 * seed, 200, shift)) for seed in range(10)]
    away = [abs(place - (300 + 10 * seed)) for seed, place in enumerate(places) if place is not None]
    assert len(away) >= 8
    assert np.median(away) <= off


@pytest.mark.parametrize(("ask", "off"), [(adwin, 10), (page_hinkley, 20), (kswin, 40)], ids=list(OPINIONS))
def test_of_two_changes_the_latest_counts(ask, off):
    seen = np.concatenate([ranks(3, 300, 200, 2.5), ranks(4, 0, 200, -2.0)])
    assert abs(ask(seen) - 500) <= off


@pytest.mark.parametrize("ask", OPINIONS.values(), ids=list(OPINIONS))
def test_of_few_ranks_none_is_sure(ask):
    assert [ask(np.full(n, 0.5)) for n in (0, 1, 9, 10, 200)] == [None] * 5
    assert ask(ranks(5, 4, 4, 3.0)) is None


@pytest.mark.parametrize("ask", OPINIONS.values(), ids=list(OPINIONS))
def test_the_same_ranks_give_the_same_answer(ask):
    seen = ranks(6, 200, 200, 1.5)
    kept = seen.copy()
    first = ask(seen)
    assert first is not None
    assert ask(seen) == first
    assert np.array_equal(seen, kept)
