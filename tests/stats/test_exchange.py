import numpy as np
import pytest

from monitor.stats.exchange import larger_than_before


def test_one_set_is_its_rank():
    before = np.array([[0.1, 0.2, 0.3, 0.4]])
    assert larger_than_before(np.array([0.35]), before) == pytest.approx(2 / 5, abs=0.02)
    assert larger_than_before(np.array([0.0]), before) == 1.0


def test_no_sets_tell_nothing():
    assert larger_than_before(np.empty(0), np.empty((0, 0))) == 1.0


def test_unchanged_sets_are_rarely_found_and_wider_ones_are():
    rng = np.random.default_rng(1)

    def p(factor):
        scale = rng.gamma(2, 1, 25)
        before = scale[:, None] * rng.gamma(1, 1, (25, 10))
        before[3, 4:] = np.nan
        return larger_than_before(factor * scale * rng.gamma(1, 1, 25), before)

    unchanged = np.array([p(1.0) for _ in range(200)])
    assert np.mean(unchanged <= 0.05) < 0.05 + 3 * np.sqrt(0.05 / 200)
    assert np.mean([p(3.0) <= 0.01 for _ in range(20)]) > 0.8
