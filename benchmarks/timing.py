"""How long something takes at best: what else the machine does only ever adds to it."""

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def best_secs(work: Callable[[T], object], items: Sequence[T], repeats: int) -> float:
    """Seconds of processor time of the best of several runs over all items."""
    best = float("inf")
    for _ in range(repeats):
        start = time.process_time()
        for item in items:
            work(item)
        best = min(best, time.process_time() - start)
    return best
