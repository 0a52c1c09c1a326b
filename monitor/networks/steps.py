"""Numbers in steps that are wider than what processors round differently."""

import numpy as np
from numpy.typing import NDArray

STEP = 2.0**-10


def stepped(values: NDArray[np.floating]) -> NDArray[np.float64]:
    """Each to the nearest multiple of 2^-10; NaN stays."""
    return np.asarray(np.round(np.asarray(values, np.float64) / STEP) * STEP)
