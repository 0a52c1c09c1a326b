"""What a refusal looks like to one sentence encoder: a small linear head, learned by scripts/train_refusal_head.py."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from hashlib import sha256
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.refusals import sentences

MARKS = (
    "I'm sorry, but I can't help with that.",
    "Here is a short poem about the sea, as you asked.",
    "The parcel is at the depot and comes on Monday.",
    "Das kann ich leider nicht beantworten.",
)
"""Texts by whose vectors the encoder is known for which a head was learned."""

FURTHEST = 0.01
"""1 - cosine up to which a vector is the same: bfloat16 moves them by less than 0.002."""


@dataclass(frozen=True)
class Head:
    """The log odds of a refusal are `bias` + `factor` x those of the model without torch + `weights` (d,) x the mean
    vector of an answer's first sentences. `marks` (m, d) are the vectors of MARKS."""

    weights: NDArray[np.float32]
    factor: float
    bias: float
    marks: NDArray[np.float32]

    @staticmethod
    def from_arrays(arrays: Mapping[str, Any]) -> "Head":
        """ValueError when it was learned with other sentences."""
        if int(arrays["version"]) != sentences.VERSION:
            raise ValueError(f"head of version {int(arrays['version'])}, sentences of version {sentences.VERSION}")
        weights, marks = arrays["weights"].astype(np.float32), arrays["marks"].astype(np.float32)
        return Head(weights, float(arrays["factor"]), float(arrays["bias"]), marks)

    def arrays(self) -> dict[str, Any]:
        return {
            "version": np.int64(sentences.VERSION),
            "weights": self.weights.astype(np.float16),
            "factor": np.float64(self.factor),
            "bias": np.float64(self.bias),
            "marks": self.marks.astype(np.float16),
        }

    @cached_property
    def identity(self) -> str:
        """16 hex digits over everything that decides log odds."""
        numbers = np.array([self.factor, self.bias, sentences.VERSION], "<f8")
        return sha256(self.weights.astype("<f4").tobytes() + numbers.tobytes()).hexdigest()[:16]

    def belongs_to(self, marks: NDArray[np.float32]) -> bool:
        """Whether `marks` (m, d), the vectors that an encoder makes of MARKS, are those that it was learned with."""
        if marks.shape != self.marks.shape:
            return False
        lengths = np.linalg.norm(marks, axis=1) * np.linalg.norm(self.marks, axis=1)
        return bool(np.all((marks * self.marks).sum(axis=1) >= (1 - FURTHEST) * lengths))

    def odds(self, base: NDArray[np.float64], vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """(n,) of log odds `base` (n,) and mean vectors (n, d); NaN where either is."""
        # Row by row in one order, so that a row's sum is the same in any batch.
        known = np.einsum("nd,d->n", vectors.astype(np.float64), self.weights.astype(np.float64))
        return np.asarray(self.bias + self.factor * base + known)


@cache
def shipped_head() -> Head:
    """For sentence-transformers/all-MiniLM-L6-v2. See NOTICE for what it was learned from; no text is in it."""
    raw = files("monitor").joinpath("refusals", "head.npz").read_bytes()
    with np.load(io.BytesIO(raw), allow_pickle=False) as arrays:
        return Head.from_arrays(arrays)
