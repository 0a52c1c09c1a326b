"""Prompts that came a short while ago: retries, later turns of one conversation, bursts of one template."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

WINDOW = 1_024
"""Exchanges over which a prompt counts once."""

BURST = 64
"""Exchanges over which prompts that differ in numbers alone count once: longer, and nothing would be left of traffic
that comes from a few templates."""


class Repeats:
    """Which of a stream of keys came among the `window` before them. Bounded memory; no clock."""

    def __init__(self, window: int = WINDOW) -> None:
        self._window = window
        self._ring = np.zeros(window, np.uint64)
        self._last: dict[int, int] = {}
        self._count = 0

    def seen(self, keys: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """(n,) True for a key that one of the keys of the window before it is equal to; takes the keys in."""
        again = np.zeros(len(keys), bool)
        for i, key in enumerate(keys.tolist()):
            again[i] = key in self._last
            place = self._count % self._window
            if self._count >= self._window:
                old = int(self._ring[place])
                if self._last.get(old) == self._count - self._window:
                    del self._last[old]
            self._last[key] = self._count
            self._ring[place] = key
            self._count += 1
        return again

    def dump(self) -> NDArray[np.uint64]:
        """The keys that are remembered, oldest first."""
        n = min(self._count, self._window)
        return self._ring[np.arange(self._count - n, self._count) % self._window]

    @staticmethod
    def load(stored: NDArray[np.uint64], window: int = WINDOW) -> "Repeats":
        repeats = Repeats(window)
        repeats.seen(stored)
        return repeats


def first_of_each(keys: Sequence[int]) -> NDArray[np.int64]:
    """Ascending places of the first of each key."""
    return np.sort(np.unique(np.array(keys, np.uint64), return_index=True)[1])
