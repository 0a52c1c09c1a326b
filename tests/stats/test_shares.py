"""What is looked up against what it was made from; scipy is the oracle."""

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

from monitor.stats.shares import Shares

SHIFTS = np.array([0.15, 1.0, -0.6])


def shifted(u):
    return ndtr(ndtri(u)[:, None] - SHIFTS)


def test_shares_are_those_of_the_functions():
    rng = np.random.default_rng(1)
    u = np.concatenate([rng.random(5_000), rng.random(500) ** 6, 1 - rng.random(500) ** 6, [0.5]])
    u = u[(u > 2.0**-30) & (u < 1 - 2.0**-30)]
    under_test = Shares(shifted)
    assert under_test.between(np.zeros(len(u)), u) == pytest.approx(shifted(u), abs=3e-12)
    assert under_test.between(u, np.ones(len(u))) == pytest.approx(1 - shifted(u), abs=3e-12)


def test_shares_of_any_parts_add_up_to_one_and_none_is_negative():
    """Also of parts far nearer to an end than the table tells apart."""
    rng = np.random.default_rng(2)
    ends = [0.0, 1e-300, 1e-12, 2.0**-30, 0.5, np.nextafter(0.5, 1), 1 - 2.0**-30, 1 - 1e-12, 1.0]
    cuts = np.unique(np.concatenate([ends, rng.random(3_000), rng.random(300) ** 6]))
    shares = Shares(shifted).between(cuts[:-1], cuts[1:])
    assert shares.sum(axis=0) == pytest.approx(np.ones(len(SHIFTS)), abs=1e-12)
    assert shares.min() > -1e-15
