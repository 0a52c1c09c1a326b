"""Mid-ranks are those of scipy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from monitor.stats.midranks import mid_ranks

NUMBERS = st.floats(allow_nan=False) | st.integers(-3, 3).map(float)


@given(st.lists(NUMBERS, max_size=60))
def test_ranks_are_those_of_scipy(values):
    numbers = np.array(values, float)
    assert mid_ranks(numbers).tolist() == rankdata(numbers).tolist()


@pytest.mark.parametrize("n", [1, 2, 7])
def test_equal_values_share_the_middle(n):
    assert mid_ranks(np.zeros(n)).tolist() == [(n + 1) / 2] * n
