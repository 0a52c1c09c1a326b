"""What is asked of observations by all comparisons."""

import math
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from monitor.probing import Observation, Outcome

_K = TypeVar("_K", bound=Hashable)
_T = TypeVar("_T")

LEAST_ITEMS = 20
"""With fewer items compared a comparison is NOT_ENOUGH."""

WORTH = 0.5
"""And one of a category that would not even find so large a loss every second time."""

_LEAST_P = 1e-300

JUDGED = (Outcome.GOOD, Outcome.BAD, Outcome.PARTIAL)


def is_bad(o: Observation) -> bool:
    """Also in part."""
    return o.outcome in JUDGED[1:]


def by(key: Callable[[_T], _K], some: Iterable[_T]) -> dict[_K, list[_T]]:
    """All of each key, in the order in which they come."""
    found: defaultdict[_K, list[_T]] = defaultdict(list)
    for one in some:
        found[key(one)].append(one)
    return dict(found)


def by_ask(observations: Iterable[Observation]) -> dict[str, list[Observation]]:
    """By the hash of what was asked."""
    return by(lambda o: o.ask, observations)


def counts_of(
    asked: Mapping[str, Sequence[Observation]], asks: Sequence[str]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(asks,) bad outcomes, and outcomes that were judged; 0 of what was not asked."""
    counts = [
        (sum(o.outcome in JUDGED[1:] for o in asked.get(a, ())), sum(o.outcome in JUDGED for o in asked.get(a, ())))
        for a in asks
    ]
    table = np.array(counts, np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def evidence_of(p: float) -> float:
    """-log10 of a p-value, 300 at most."""
    return -math.log10(max(p, _LEAST_P))
