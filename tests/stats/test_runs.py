"""R = (R + 1) e, whatever way the rows come."""

import numpy as np
import pytest

from monitor.stats.runs import CAP, Runs


def rows(rng, n, runs):
    e = np.exp(rng.normal(size=(n, runs)))
    return e, np.where(rng.random((n, runs)) < 0.8, e, 0.0)


def test_the_same_as_row_by_row():
    rng = np.random.default_rng(1)
    e, news = rows(rng, 333, 5)
    weights, r, expected = rng.random(5), np.zeros(5), []
    for each, counted in zip(e, news > 0, strict=True):
        r = (r + counted) * each
        expected.append(r @ weights)
    under_test = Runs(weights)
    assert under_test.over(e, news) == pytest.approx(np.array(expected))
    assert under_test.now == pytest.approx(r)


@pytest.mark.parametrize("seed", range(4))
def test_cuts_and_restarts_change_no_bit(seed):
    rng = np.random.default_rng(seed)
    e, news = rows(rng, 300, 7)
    weights = rng.random(7)
    whole, cut, at, sums = Runs(weights), Runs(weights), 0, []
    expected = whole.over(e, news)
    while at < len(e):
        to = at + int(rng.integers(1, 30))
        state, cut = cut.state, Runs(weights)
        cut.go_on(state, at)
        sums.append(cut.over(e[at:to], news[at:to]))
        at = to
    assert np.array_equal(np.concatenate(sums), expected)
    assert np.array_equal(cut.now, whole.now)


def test_evidence_stops_growing_and_comes_down_again():
    under_test, ten = Runs(np.ones(1)), np.full((400, 1), 10.0)
    assert under_test.over(ten, ten)[-1] == under_test.now == CAP
    half = np.full((40, 1), 0.5)
    assert under_test.over(half, half)[-1] < CAP / 1e9


def test_all_start_again():
    under_test, two = Runs(np.ones(1)), np.full((13, 1), 2.0)
    under_test.over(two, two)
    under_test.stop()
    assert under_test.now == 0.0
    assert under_test.over(two[:2], two[:2]).tolist() == [2.0, 6.0]
