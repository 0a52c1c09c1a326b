"""A share as it would be, had the instrument that counted it not erred.

Of answers that truly are of a kind an instrument finds `sensitivity`, of the others it clears `specificity`. Then the
share that it reports is p sensitivity + (1 - p) (1 - specificity), which is solved for p (Rogan and Gladen, 1978). The
interval carries the uncertainty of all three (Lang and Reiczigel, 2014).
"""

import math
from typing import NamedTuple

Z = 1.959964


class Hits(NamedTuple):
    """`right` of `n` labelled answers."""

    right: int
    n: int


class Share(NamedTuple):
    """A share and its interval of about 95 %, each 0 to 1."""

    low: float
    share: float
    high: float


def interval(hits: Hits) -> tuple[float, float]:
    """About 95 % of the share of right answers (Wilson, 1927); `n` is above 0."""
    middle, half = hits.right + Z**2 / 2, Z * math.sqrt(hits.right * (hits.n - hits.right) / hits.n + Z**2 / 4)
    return max((middle - half) / (hits.n + Z**2), 0.0), min((middle + half) / (hits.n + Z**2), 1.0)


def corrected(found: float, n: float, sensitivity: Hits, specificity: Hits) -> Share | None:
    """Of a share `found` among `n` answers. None when nothing can be said: the instrument tells no better than chance,
    or was tried on no answer of a kind."""
    if min(sensitivity.n, specificity.n) == 0 or n <= 0:
        return None
    known = sensitivity.right / sensitivity.n + specificity.right / specificity.n - 1
    if known <= 0:
        return None
    share = (found + specificity.right / specificity.n - 1) / known
    p = (n * found + Z**2 / 2) / (n + Z**2)
    sure, clear = ((hits.right + 1) / (hits.n + 2) for hits in (sensitivity, specificity))
    gain = sure + clear - 1
    if gain <= 0:
        return None
    middle = (p + clear - 1) / gain
    of_sure, of_clear = sure * (1 - sure) / (sensitivity.n + 2), clear * (1 - clear) / (specificity.n + 2)
    variance = p * (1 - p) / (n + Z**2) + middle**2 * of_sure + (1 - middle) ** 2 * of_clear
    half = Z * math.sqrt(variance) / gain
    shift = 2 * Z**2 * (middle * of_sure - (1 - middle) * of_clear)
    low, high = (_clipped(middle + shift + side) for side in (-half, half))
    return Share(low, min(max(_clipped(share), low), high), high)


def _clipped(x: float) -> float:
    return min(max(x, 0.0), 1.0)
