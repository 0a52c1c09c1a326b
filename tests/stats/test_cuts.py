"""Cuts part what lies apart, leave groups large enough, and what groups tell is the textbook's between-group share."""

import numpy as np
import pytest
from scipy.stats import rankdata

from monitor.stats.cuts import natural_cuts, told_by


def test_the_first_cut_is_the_one_with_least_variance_within():
    rng = np.random.default_rng(0)
    for _ in range(20):
        scores = rng.normal(size=60) ** 3
        (cut,) = natural_cuts(scores, 2, 5)
        ordered = np.sort(scores)
        within = [ordered[:i].var() * i + ordered[i:].var() * (60 - i) for i in range(5, 56)]
        best = 5 + int(np.argmin(within))
        assert ordered[best - 1] < cut < ordered[best]


def test_two_clusters_are_parted_between_them_whatever_their_share():
    rng = np.random.default_rng(1)
    for share in (50, 100, 250):
        scores = np.concatenate([rng.normal(0, 1, 500 - share), rng.normal(20, 1, share)])
        groups = np.searchsorted(natural_cuts(scores, 5, 40), scores, side="right")
        assert not set(groups[: 500 - share]) & set(groups[500 - share :])


def test_every_group_is_large_enough_and_too_few_scores_are_left_whole():
    rng = np.random.default_rng(2)
    for n in (30, 79, 80, 200, 1_000):
        cuts = natural_cuts(rng.exponential(size=n), 5, 40)
        assert cuts.shape == (4,)
        assert (np.diff(cuts[np.isfinite(cuts)]) > 0).all()
        groups = np.searchsorted(cuts, np.sort(rng.exponential(size=n)), side="right")
        assert np.isfinite(cuts).sum() <= max(n // 40 - 1, 0)
        assert groups.max(initial=0) <= 4
    assert np.isinf(natural_cuts(np.full(500, 0.1), 5, 40)).all()
    ties = natural_cuts(np.repeat([0.0, 1.0], [30, 300]), 5, 40)
    assert np.isinf(ties).all()  # the only place to cut would leave 30


def test_what_groups_tell_is_the_share_of_variance_between_them():
    rng = np.random.default_rng(3)
    scores = np.concatenate([rng.normal(0, 1, 100), rng.normal(30, 1, 100)])
    values = np.where(scores > 15, 2.0, 0.0) + rng.normal(size=200)
    rank = rankdata(values) / 200 - 0.5
    by_hand = 0.0
    for x in (rank, np.abs(rank)):
        low, high = x[:100], x[100:]
        by_hand += 100 * ((low.mean() - x.mean()) ** 2 + (high.mean() - x.mean()) ** 2) / (200 * x.var())
    assert told_by(scores, values, 2, 40) == pytest.approx(by_hand)
    assert told_by(rng.permutation(scores), values, 2, 40) < 0.1
    with_gaps = values.copy()
    with_gaps[::2] = np.nan
    assert told_by(scores, with_gaps, 2, 40) == pytest.approx(told_by(scores[1::2], values[1::2], 2, 40))
    assert told_by(scores, np.where(np.arange(200) < 70, values, np.nan), 2, 40) == 0.0
