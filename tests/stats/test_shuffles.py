"""Shuffles agree with scipy's and with all shuffles there are; what did not change is seldom called changed."""

import numpy as np
import pytest
from scipy import stats

from monitor.stats.shuffles import distance, moved


def test_one_prompt_is_scipys_permutation_test():
    rng = np.random.default_rng(10)
    base, now = rng.normal(size=(1, 6, 1)), rng.normal(size=(1, 3, 1)) + 1
    expected = stats.permutation_test(
        (now[0, :, 0], base[0, :, 0]), lambda x, y: abs(x.mean() - y.mean()), alternative="greater"
    ).pvalue
    assert moved(base, now, seed=3) == pytest.approx(expected, abs=0.02)


def tokens(rng, share, size):
    """(p, size, 3) first tokens as zeros and a one; `share` (p, 3) is how often each comes."""
    return np.array([np.eye(3)[rng.choice(3, size, p=row)] for row in share])


def test_own_noise_is_no_move_and_another_model_is():
    rng = np.random.default_rng(11)
    p, found = [], 0
    for _ in range(100):
        share = rng.dirichlet(np.ones(3), 40)
        base, now = tokens(rng, share, 10), tokens(rng, share, 5)
        p.append(moved(base, now, shuffles=199))
        other = tokens(rng, 0.6 * share + 0.4 * rng.dirichlet(np.ones(3), 40), 5)
        found += moved(base, other, shuffles=199) <= 0.05
    assert np.mean(np.array(p) <= 0.05) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 100)
    assert found >= 60


def test_answers_that_never_vary_differ_at_once_or_never():
    base = np.repeat(np.eye(3)[None, :1], 40, axis=0).repeat(10, axis=1)
    assert moved(base, base[:, :1]) == 1.0
    now = base[:, :1].copy()
    now[:4, 0] = np.eye(3)[1]
    assert moved(base, now) < 0.001
    assert distance(base, now) == pytest.approx(0.1)
    assert moved(base[:0], now[:0]) == 1.0


def test_the_same_seed_shuffles_the_same():
    rng = np.random.default_rng(12)
    base, now = rng.normal(size=(20, 5, 2)), rng.normal(size=(20, 2, 2))
    assert moved(base, now, seed=1, shuffles=999) == moved(base, now, seed=1, shuffles=999)
