"""Whether answers to the same prompts come from somewhere else: what would be seen if then and now did not matter?
Exact at any size, up to the number of shuffles; which are drawn is a function of the seed alone."""

import numpy as np
from numpy.typing import NDArray

from monitor.stats.uniform import uniform_at

Floats = NDArray[np.float64]

SHUFFLES = 39_999
"""The least p-value is one in so many and one."""

_AT_ONCE = 1_000


def distance(base: Floats, now: Floats) -> float:
    """Mean over prompts of half the summed distance between the mean answers then (p, k, t) and now (p, w, t). Of
    answers that are one token among t, as zeros and a one, the total variation. 0 without prompts."""
    return float(np.abs(now.mean(axis=1) - base.mean(axis=1)).sum(axis=1).mean() / 2) if len(now) else 0.0


def moved(base: Floats, now: Floats, *, seed: int = 0, shuffles: int = SHUFFLES) -> float:
    """p-value that answers to the same prompts come from somewhere else. `base` (p, k, t) are k answers then to each of
    p prompts as t numbers (one token among t, or log-probabilities of t tokens), `now` (p, w, t) those of now. The
    baseline's own noise is the measure: all k + w answers to a prompt are dealt anew to then and now."""
    if not len(now):
        return 1.0
    k, w = base.shape[1], now.shape[1]
    both = np.concatenate([base, now], axis=1)
    seen, drawn = distance(base, now), np.zeros(shuffles)
    for prompt, answers in enumerate(both):
        if (answers == answers[0]).all():
            continue
        total = answers.sum(axis=0)
        for start in range(0, shuffles, _AT_ONCE):
            rows = np.arange(start, min(start + _AT_ONCE, shuffles))
            order = uniform_at(rows + prompt * shuffles, k + w, seed=seed).argsort(axis=1)
            later = (order < w).astype(float) @ answers
            drawn[rows] += np.abs(later / w - (total - later) / k).sum(axis=1) / 2 / len(both)
    return (1 + _at_least(drawn, seen)) / (shuffles + 1)


def _at_least(drawn: NDArray[np.float64], seen: float) -> int:
    """How many are no smaller; what differs only by rounding is as large."""
    return int(np.count_nonzero(drawn >= seen - 1e-9 * max(1.0, abs(seen))))
