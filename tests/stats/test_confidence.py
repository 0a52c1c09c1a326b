"""The sequence covers the mean at all looks together, also for skewed values, and is not much too wide."""

import numpy as np
import pytest

from monitor.stats.confidence import ALPHA, FEWEST, radius


@pytest.mark.parametrize("kind", ["normal", "skewed", "rare"])
def test_covers_at_all_looks_together(kind):
    """400 streams of 4,000 values, looked at after each: at most 5 % ever leave, plus three standard errors, plus what
    an asymptotic statement may miss on skewed values."""
    rng = np.random.default_rng([1, len(kind)])
    draw, mean = {
        "normal": (rng.normal, 0.0),
        "skewed": (lambda size: rng.exponential(size=size), 1.0),
        "rare": (lambda size: (rng.random(size) < 0.1).astype(float), 0.1),
    }[kind]
    x = draw(size=(400, 4_000))
    spread = x.std()
    x, mean = x / spread, mean / spread
    n = np.arange(1, 4_001, dtype=float)
    means = np.cumsum(x, axis=1) / n
    variance = np.maximum(np.cumsum(x**2, axis=1) / n - means**2, 0)
    wide = np.array([radius(n, v) for v in variance])
    left = (np.abs(means - mean) > wide)[:, FEWEST - 1 :].any(axis=1).mean()
    allowed = {"normal": 0.0, "skewed": 0.04, "rare": 0.04}[kind]
    assert left <= ALPHA + 3 * np.sqrt(ALPHA * (1 - ALPHA) / 400) + allowed


def test_not_much_wider_than_one_look_and_unknown_for_few():
    at = radius(np.array([500.0]), np.array([1.0]))[0]
    assert 1.0 < at / (1.96 / np.sqrt(500)) < 1.7
    assert np.isnan(radius(np.array([FEWEST - 1.0]), np.array([1.0]))).all()
    assert radius(np.array([100.0]), np.array([0.0]))[0] > 0
