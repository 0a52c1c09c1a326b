"""How likely an answer refuses, by its opening and by what a sentence encoder makes of it."""

from collections.abc import Sequence
from hashlib import sha256
from threading import Lock
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from monitor.errors import ConfigError
from monitor.refusals.head import MARKS, Head, shipped_head
from monitor.refusals.model import Model, shipped
from monitor.refusals.sentences import mean_vectors


class Encodes(Protocol):
    """A sentence encoder: vectors (n, d) of texts; `identity` is a hash of all that decides them."""

    @property
    def identity(self) -> str: ...

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]: ...


class Meaning:
    """A head on `encoder`, beside the model without torch. ConfigError when the head was learned for another
    encoder: to it the same vector means something else."""

    def __init__(self, encoder: Encodes, *, head: Head | None = None, base: Model | None = None) -> None:
        self._encoder, self._head, self._base = encoder, head or shipped_head(), base or shipped()
        self._one_at_a_time = Lock()
        if not self._head.belongs_to(encoder.encode(MARKS)):
            raise ConfigError(
                "refusals: the head that ships belongs to sentence-transformers/all-MiniLM-L6-v2, and this encoder is "
                "another one; name that, or a classifier"
            )

    @property
    def identity(self) -> str:
        """16 hex digits over the encoder and everything else that decides a probability."""
        parts = ("meaning/1", self._encoder.identity, self._head.identity, self._base.identity)
        return sha256(" ".join(parts).encode()).hexdigest()[:16]

    def probability(self, answers: Sequence[str], prompts: Sequence[str] = ()) -> NDArray[np.float64]:  # noqa: ARG002
        """(n,) in [0, 1], calibrated; NaN where the opening is empty or hardly known. `prompts` decide nothing. In
        float32 what stands beside an answer moves it by some 1e-6. May be called by several threads."""
        if not answers:
            return np.empty(0)
        with self._one_at_a_time:
            vectors = mean_vectors(self._encoder.encode, answers)
        return np.asarray(expit(self._head.odds(self._base.odds(answers), vectors)))
