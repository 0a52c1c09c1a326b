"""Vectors of texts that were seen lately, by a hash of the text. The text itself is not kept."""

from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray


def content_hash(text: str) -> bytes:
    """16 bytes: that two of a billion texts share them has a chance of 10^-21."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


class Cache:
    """At most `capacity` vectors of `dimensions` 32-bit numbers; the one that was not asked for longest makes room.
    Not for several threads at once."""

    def __init__(self, capacity: int, dimensions: int) -> None:
        self._vectors = np.empty((capacity, dimensions), np.float32)
        self._slots: OrderedDict[bytes, int] = OrderedDict()
        self.hits = self.misses = 0

    def __len__(self) -> int:
        return len(self._slots)

    def find(self, keys: Sequence[bytes], out: NDArray[np.float32]) -> list[int]:
        """Fills the rows of `out` (n, d) whose key is known; the others' places are returned."""
        missing, rows, slots = [], [], []
        for row, key in enumerate(keys):
            slot = self._slots.get(key)
            if slot is None:
                missing.append(row)
            else:
                self._slots.move_to_end(key)
                rows.append(row)
                slots.append(slot)
        out[rows] = self._vectors[slots]
        self.hits += len(rows)
        self.misses += len(missing)
        return missing

    def add(self, keys: Sequence[bytes], vectors: NDArray[np.float32]) -> None:
        """`vectors` (n, d), one for each key; of more keys than there is room for, the last stay."""
        room = len(self._vectors)
        if not room:
            return
        for key, vector in zip(keys[-room:], vectors[-room:], strict=True):
            slot = self._slots.pop(key, None)
            if slot is None:
                slot = len(self._slots) if len(self._slots) < room else self._slots.popitem(last=False)[1]
            self._slots[key] = slot
            self._vectors[slot] = vector
