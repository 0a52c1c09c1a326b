"""The difference of differences against all ways to deal the pairs anew."""

from itertools import combinations

import pytest
from scipy.stats import fisher_exact

from monitor.stats.differences import grew


def test_is_all_ways_to_deal_the_pairs_anew():
    before, now = [[0, 1, -1, 0], [0, 0, 0]], [[1, 1], [1, 0]]
    sums = [
        sum(a) + sum(b)
        for a in combinations(before[0] + now[0], 2)
        for b in combinations(before[1] + now[1], 2)
    ]  # fmt: skip
    assert grew(before, now) == pytest.approx(sum(s >= 3 for s in sums) / len(sums))


def test_is_fishers_test_where_the_other_side_is_never_bad():
    expected = fisher_exact([[6, 1], [3, 7]], "greater").pvalue
    assert grew([[0] * 7 + [1] * 3], [[1] * 6 + [0]]) == pytest.approx(expected)


def test_what_was_there_has_not_grown():
    assert grew([[1] * 10] * 4, [[1] * 6] * 4) == 1.0
    assert grew([[0] * 10] * 4, [[1] * 6] * 4) < 1e-6
    assert grew([], []) == grew([[]], [[1]]) == grew([[1]], [[]]) == 1.0


def test_of_thousands_of_pairs():
    assert 0.4 < grew([[1, 0] * 1_000], [[1, 0] * 50]) < 0.6
    assert grew([[0] * 2_000], [[1] * 100]) < 1e-100


def test_as_many_items_then_as_now():
    with pytest.raises(ValueError, match="shorter"):
        grew([[0], [0]], [[0]])
