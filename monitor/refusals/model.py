"""How likely an answer refuses, by its opening: a linear model, learned and calibrated by scripts/train_refusal.py."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from hashlib import sha256
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from monitor.refusals import openings

LEAST_KNOWN = 0.17
"""An opening of which the model knows a smaller share of n-grams is in a language, or of a kind, that it never met."""


@dataclass(frozen=True)
class Model:
    """`weights` (k,) of the n-grams in `buckets` (k,), ascending, both of 16 and 32 bits. The log odds of a refusal are
    `bias` + `scale` x the sum of the weights over the root of how many n-grams are known: so length decides nothing,
    and sums are of whole numbers, the same in any batch."""

    buckets: NDArray[np.uint32]
    weights: NDArray[np.int16]
    scale: float
    bias: float

    @staticmethod
    def from_arrays(arrays: Mapping[str, Any]) -> "Model":
        """ValueError when they were learned with other features."""
        if int(arrays["version"]) != openings.VERSION:
            raise ValueError(f"weights of version {int(arrays['version'])}, features of version {openings.VERSION}")
        return Model(arrays["buckets"], arrays["weights"], float(arrays["scale"]), float(arrays["bias"]))

    def arrays(self) -> dict[str, Any]:
        return {
            "version": np.int64(openings.VERSION),
            "buckets": self.buckets,
            "weights": self.weights,
            "scale": np.float64(self.scale),
            "bias": np.float64(self.bias),
        }

    @cached_property
    def identity(self) -> str:
        """16 hex digits over everything that decides a probability."""
        numbers = np.array([self.scale, self.bias, LEAST_KNOWN, openings.VERSION], "<f8")
        parts = (self.buckets.astype("<u4"), self.weights.astype("<i2"), numbers)
        return sha256(b"".join(part.tobytes() for part in parts)).hexdigest()[:16]

    @cached_property
    def _table(self) -> NDArray[np.int16]:
        table = np.zeros(openings.BUCKETS, np.int16)
        table[self.buckets] = self.weights
        return table

    def odds(self, answers: Sequence[str]) -> NDArray[np.float64]:
        """(n,) log odds, calibrated; NaN where the opening is empty or hardly known."""
        rows, buckets = openings.ngrams(answers)
        n = len(answers)
        weights = self._table[buckets]
        total = np.bincount(rows, weights=weights, minlength=n)
        known = np.bincount(rows[weights != 0], minlength=n)
        every = np.bincount(rows, minlength=n)
        odds = self.bias + self.scale * total / np.sqrt(np.maximum(known, 1))
        return np.where(known >= np.maximum(LEAST_KNOWN * every, 1), odds, np.nan)

    def probability(self, answers: Sequence[str], prompts: Sequence[str] = ()) -> NDArray[np.float64]:  # noqa: ARG002
        """(n,) in [0, 1], calibrated; NaN where the opening is empty or hardly known. `prompts` decide nothing. Cost:
        80 us per answer in a batch, 0.2 ms alone."""
        return np.asarray(expit(self.odds(answers)))


@cache
def shipped() -> Model:
    """See NOTICE for what it was learned from; no text is in it."""
    raw = files("monitor").joinpath("refusals", "weights.npz").read_bytes()
    with np.load(io.BytesIO(raw), allow_pickle=False) as arrays:
        return Model.from_arrays(arrays)
