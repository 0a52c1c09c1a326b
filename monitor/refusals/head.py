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
    vector of an answer's first sentences, where that is English: where `english` (d,) x it + `english_bias` is over 0.
    Elsewhere, where the encoder understands little, they are those of the model without torch. `marks` (m, d) are the
    vectors of MARKS."""

    weights: NDArray[np.float32]
    factor: float
    bias: float
    english: NDArray[np.float32]
    english_bias: float
    marks: NDArray[np.float32]

    @staticmethod
    def from_arrays(arrays: Mapping[str, Any]) -> "Head":
        """ValueError when it was learned with other sentences."""
        if int(arrays["version"]) != sentences.VERSION:
            raise ValueError(f"head of version {int(arrays['version'])}, sentences of version {sentences.VERSION}")
        return Head(
            arrays["weights"].astype(np.float32),
            factor=float(arrays["factor"]),
            bias=float(arrays["bias"]),
            english=arrays["english"].astype(np.float32),
            english_bias=float(arrays["english_bias"]),
            marks=arrays["marks"].astype(np.float32),
        )

    def arrays(self) -> dict[str, Any]:
        return {
            "version": np.int64(sentences.VERSION),
            "weights": self.weights.astype(np.float16),
            "english": self.english.astype(np.float16),
            "english_bias": np.float64(self.english_bias),
            "factor": np.float64(self.factor),
            "bias": np.float64(self.bias),
            "marks": self.marks.astype(np.float16),
        }

    @cached_property
    def identity(self) -> str:
        """16 hex digits over everything that decides log odds."""
        numbers = np.array([self.factor, self.bias, self.english_bias, sentences.VERSION], "<f8")
        parts = (self.weights.astype("<f4"), self.english.astype("<f4"), numbers)
        return sha256(b"".join(part.tobytes() for part in parts)).hexdigest()[:16]

    def belongs_to(self, marks: NDArray[np.float32]) -> bool:
        """Whether `marks` (m, d), the vectors that an encoder makes of MARKS, are those that it was learned with."""
        if marks.shape != self.marks.shape:
            return False
        lengths = np.linalg.norm(marks, axis=1) * np.linalg.norm(self.marks, axis=1)
        return bool(np.all((marks * self.marks).sum(axis=1) >= (1 - FURTHEST) * lengths))

    def odds(self, base: NDArray[np.float64], vectors: NDArray[np.float32]) -> NDArray[np.float64]:
        """(n,) of log odds `base` (n,) and mean vectors (n, d); NaN where either is."""
        known = self.bias + self.factor * base + _dot(vectors, self.weights)
        where = _dot(vectors, self.english) + self.english_bias
        return np.where(where > 0, known, np.where(np.isnan(where), np.nan, base))


def _dot(vectors: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float64]:
    """(n,) Row by row in one order, so that a row's sum is the same in any batch."""
    return np.asarray(np.einsum("nd,d->n", vectors.astype(np.float64), weights.astype(np.float64)))


@cache
def shipped_head() -> Head:
    """For sentence-transformers/all-MiniLM-L6-v2. See NOTICE for what it was learned from; no text is in it."""
    raw = files("monitor").joinpath("refusals", "head.npz").read_bytes()
    with np.load(io.BytesIO(raw), allow_pickle=False) as arrays:
        return Head.from_arrays(arrays)
