"""Do the measured inputs tell enough of the answers? A check of a baseline against itself.

No adjustment can take out what was not measured (Shah and Peters, Ann. Statist. 2020). What can be checked: if users
came with prompts of one topic alone, or with one word in all of them, would the answers of the unchanged model look
moved? Each value of the baseline has its rank within its stratum; the mean normal score of the values of such prompts
is the shift that would be seen. Strata part topics; within them, words tell what they leave together.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from monitor.baseline import Baseline
from monitor.stats.midranks import mid_ranks

SEEN = 0.36
"""A lasting shift of so many spreads is about what 400 exchanges show at a run length of 20,000."""

_CERTAIN = 5.0  # standard errors: some thousand pairs of prompts and signal are looked at
_FEWEST = 20


class Leftover(NamedTuple):
    """Prompts of `topic`, or with that word, alone would move `signal` by `shift` spreads, although the model is the
    same; `n` exchanges of the baseline say so."""

    topic: str
    signal: str
    shift: float
    n: int


def leftovers(baseline: Baseline) -> list[Leftover]:
    """What the inputs do not explain of the differences between prompts, largest first: only shifts of SEEN or more
    that are certain. Empty: as far as topics and words can tell, the inputs are enough. Well under a second."""
    known = baseline.known
    scores = _scores(known.residuals, np.where(known.supported[:, None], known.strata, np.int32(-1)))
    groups = [(topic.name, known.topic == t) for t, topic in enumerate(baseline.topics)]
    groups += [(f'"{word}"', used > 0) for word, used in zip(baseline.manifest.words, baseline.words.T, strict=True)]
    found = []
    for name, chosen in groups:
        rows = scores[chosen]
        n = np.count_nonzero(~np.isnan(rows), axis=0)
        shift = np.where(n > 0, np.nansum(rows, axis=0) / np.maximum(n, 1), 0.0)
        certain = (n >= _FEWEST) & (np.abs(shift) >= SEEN) & (np.abs(shift) * np.sqrt(n) >= _CERTAIN)
        found += [
            Leftover(name, baseline.manifest.signals[i], round(float(shift[i]), 3), int(n[i]))
            for i in np.flatnonzero(certain)
        ]
    return sorted(found, key=lambda x: -abs(x.shift))


def _scores(values: NDArray[np.float64], strata: NDArray[np.int32]) -> NDArray[np.float64]:
    """(n, k) normal score of each value's rank within its stratum, NaN where there is none."""
    out = np.full(values.shape, np.nan)
    for column in range(values.shape[1]):
        seen = ~np.isnan(values[:, column]) & (strata[:, column] >= 0)
        for stratum in np.unique(strata[seen, column]):
            rows = np.flatnonzero(seen & (strata[:, column] == stratum))
            out[rows, column] = ndtri((mid_ranks(values[rows, column]) - 0.5) / len(rows))
    return out
