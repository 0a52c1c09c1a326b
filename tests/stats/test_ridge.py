import numpy as np
import pytest

from monitor.stats.blocks import rowwise_product
from monitor.stats.ridge import ridge


def test_finds_the_weights_of_a_linear_relation():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(500, 4))
    fitted = ridge(x, 3 + x @ [1.0, -2.0, 0.0, 0.5] + 0.01 * rng.normal(size=500))
    assert fitted == pytest.approx([3, 1, -2, 0, 0.5], abs=0.01)


def test_shrinks_noise_to_the_mean():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(200, 30)), 5 + rng.normal(size=200)
    fitted = ridge(x, y)
    assert np.abs(fitted[1:]).max() < 0.1
    assert fitted[0] == pytest.approx(y.mean(), abs=0.05)


def test_rows_without_a_value_are_left_out_and_too_few_give_a_constant():
    x, y = np.arange(10.0)[:, None], np.full(10, np.nan)
    assert (ridge(x, y) == 0).all()
    y[:5] = 2 * x[:5, 0]
    assert ridge(x, y) == pytest.approx([0, 2], abs=0.02)


def test_a_row_of_a_product_does_not_depend_on_its_batch():
    rng = np.random.default_rng(2)
    x, w = rng.normal(size=(300, 256)), rng.normal(size=(256, 37))
    whole = rowwise_product(x, w)
    assert whole == pytest.approx(x @ w)
    for start, stop in ((0, 1), (1, 2), (5, 40), (17, 300), (299, 300)):
        assert np.array_equal(rowwise_product(x[start:stop], w), whole[start:stop])
    assert rowwise_product(x[:0], w).shape == (0, 37)
