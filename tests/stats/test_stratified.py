"""The item-stratified exact test against scipy, against all shuffles, and on unchanged items."""

from itertools import combinations

import numpy as np
import pytest
from scipy.stats import binomtest, hypergeom

from monitor.stats.stratified import BROAD, FOCUSED, change, more_than_before, smallest_loss


def test_one_item_is_fishers_test():
    assert more_than_before([3], [5], [2], [10]) == pytest.approx(hypergeom.sf(2, 15, 5, 5))


@pytest.mark.parametrize(("worse", "better"), [(7, 2), (5, 0), (3, 3), (0, 4)])
def test_one_look_each_is_mcnemars_test(worse, better):
    now = [1] * worse + [0] * better + [1] * 5 + [0] * 6
    before = [0] * worse + [1] * better + [1] * 5 + [0] * 6
    ones = [1] * len(now)
    exact = binomtest(worse, worse + better, alternative="greater").pvalue
    assert more_than_before(now, ones, before, ones) == pytest.approx(exact)


def test_several_items_are_all_shuffles_of_each():
    now, n, before, k = [1, 2, 0], [2, 3, 1], [1, 0, 1], [3, 2, 2]
    sums = np.zeros(1)
    for x, w, y, m in zip(now, n, before, k, strict=True):
        places = [sum(i < x + y for i in chosen) for chosen in combinations(range(w + m), w)]
        sums = (sums[:, None] + np.array(places)[None]).ravel()
    assert more_than_before(now, n, before, k) == pytest.approx(np.mean(sums >= sum(now)))


def test_what_tells_nothing_is_one():
    assert more_than_before([], [], [], []) == 1.0
    assert more_than_before([1, 0, 2], [1, 0, 2], [10, 3, 4], [10, 10, 4]) == 1.0


def test_in_focus_it_is_all_shuffles_of_scores():
    """The same by brute force: each way in which the events of an item may fall, by the score of its count."""
    now, n, before, k = [2, 1, 1], [2, 3, 1], [1, 0, 1], [3, 2, 2]
    sums, seen = np.zeros(1), 0
    for x, w, y, m in zip(now, n, before, k, strict=True):
        places = [sum(i < x + y for i in chosen) for chosen in combinations(range(w + m), w)]
        chances = np.bincount(places, minlength=w + 1) / len(places)
        lost = [chances * odds ** np.arange(w + 1) for odds in FOCUSED.odds]
        more = sum(one / one.sum() for one in lost) / len(lost)
        ratio = np.divide(more, chances, out=np.zeros_like(more), where=chances > 0)
        score = np.rint(16 * np.minimum(np.log(0.9 + 0.1 * ratio), FOCUSED.cap))
        sums = (sums[:, None] + score[places][None]).ravel()
        seen += score[x]
    assert more_than_before(now, n, before, k, FOCUSED) == pytest.approx(np.mean(sums >= seen))


@pytest.mark.parametrize("form", [BROAD, FOCUSED])
def test_unchanged_items_are_rarely_found_whatever_their_rates(form):
    """400 trials of 60 items, half of them at 0, the others anywhere: p <= 0.05 at most in 5 %, and three errors."""
    rng, found = np.random.default_rng(1), 0
    for _ in range(400):
        rate = np.where(rng.random(60) < 0.5, 0.0, rng.beta(0.5, 2, 60))
        before, now = rng.binomial(10, rate), rng.binomial(3, rate)
        found += more_than_before(now, [3] * 60, before, [10] * 60, form) <= 0.05
    assert found <= 20 + 3 * np.sqrt(20)


def test_in_focus_a_few_lost_items_show_more():
    rng = np.random.default_rng(4)
    before = rng.binomial(10, rng.beta(0.25, 4.75, 100))
    now = rng.binomial(7, before / 10)
    now[np.flatnonzero(before == 0)[:3]] = 7
    broad, focused = (more_than_before(now, [7] * 100, before, [10] * 100, form) for form in (BROAD, FOCUSED))
    assert focused < broad / 10


def test_the_smallest_loss_is_found_about_every_second_time():
    rng = np.random.default_rng(2)
    before = rng.binomial(10, rng.beta(0.25, 4.75, 100))
    n, k = np.full(100, 7), np.full(100, 10)
    loss = smallest_loss(n, before, k, 1e-3)
    assert 0.02 < loss < 0.1

    def power(times):
        rate = before / 10
        share = times * loss / (1 - rate).mean()
        now = [rng.binomial(7, rate + share * (1 - rate)) for _ in range(200)]
        return np.mean([more_than_before(x, n, before, k) <= 1e-3 for x in now])

    assert 0.3 < power(1) < 0.7
    assert power(2) > 0.95
    assert power(0.3) < 0.05


def test_a_loss_that_nothing_would_show():
    assert smallest_loss([1, 1], [0, 0], [10, 10], 1e-3) is None
    assert smallest_loss([0], [0], [10], 1e-3) is None
    assert change([0], [0], [1], [10]) is None


def test_the_interval_holds_the_change():
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(300):
        rate = rng.beta(0.5, 3, 80)
        worse = np.minimum(1, rate + 0.1)
        _, low, high = change(rng.binomial(7, worse), [7] * 80, rng.binomial(10, rate), [10] * 80)
        held += low <= (worse - rate).mean() <= high
    assert held >= 275
