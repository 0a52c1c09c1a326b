"""Products and lengths of rows that do not depend on the rows beside them."""

import numpy as np
from numpy.typing import NDArray

_ROWS = 32


def rowwise_product(x: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """`x @ weights` for (n, d) @ (d, m), in blocks of one fixed shape.

    A BLAS sums in an order that depends on the shape of the whole product, so that the last bit of a row would change
    with the size of its batch, and with it, rarely, a rank. Padding to one shape keeps a row's bits its own.
    """
    n, d = x.shape
    padded = np.zeros((-(-n // _ROWS), _ROWS, d))
    padded.reshape(len(padded) * _ROWS, d)[:n] = x
    out = np.empty((len(padded), _ROWS, weights.shape[1]))
    for block, result in zip(padded, out, strict=True):
        np.matmul(block, weights, out=result)
    return out.reshape(len(padded) * _ROWS, weights.shape[1])[:n]


def unit_rows(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows of (n, d) scaled to length one; a row of zeros stays."""
    # Sums of squares row by row: numpy's pairwise order depends on the row's length alone.
    size: NDArray[np.float64] = np.maximum(np.sqrt(np.square(x).sum(axis=1)), 1e-12)
    return x / size[:, None]
