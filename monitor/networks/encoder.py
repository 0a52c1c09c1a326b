"""Vectors of texts that stand near each other where the texts mean something alike."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.networks.cache import Cache, content_hash
from monitor.networks.folder import identity
from monitor.networks.lanes import Lanes, Rows
from monitor.networks.model import Model, Precision, bring
from monitor.networks.pooling import read_pooling

DEFAULT_MODEL = "sentence-transformers/all-MiniLM-L6-v2"

_VERSION = 1
"""Goes up when cutting or pooling changes: vectors can only be compared with those made alike."""


class Encoder:
    """A sentence encoder: `model` is an id at Hugging Face or a folder.

    `revision` of an id: a branch, tag or commit. `offline`: the network is not touched, as with HF_HUB_OFFLINE=1.
    `device` "cpu", "cuda" or None: a GPU when there is one. `most_tokens` read of a text, None: what the model says,
    at most 512. `threads` None: the processors that the container may use; sets torch to one thread for each batch,
    in the whole process. `cached` vectors are kept. Not for several threads at once. ConfigError where the model
    cannot be used or the extra `neural` is not installed.
    """

    def __init__(
        self,
        model: str = DEFAULT_MODEL,
        *,
        revision: str | None = None,
        offline: bool = False,
        device: str | None = None,
        precision: Precision = Precision.AUTO,
        most_tokens: int | None = None,
        threads: int | None = None,
        cached: int = 16_384,
    ) -> None:
        folder = bring(model, revision, offline=offline)
        self._pooling = read_pooling(folder)
        most = min((each for each in (most_tokens, self._pooling.most_tokens) if each), default=None)
        self._model = Model(folder, device=device, precision=precision, most_tokens=most)
        self._cache = Cache(cached, self._model.dimensions)
        self._lanes = Lanes(self._model, threads)
        self.threads = self._lanes.count
        self.identity = identity(_VERSION, folder, precision, self._model.most_tokens)
        """16 hex digits over the model's files, its revision and all parameters that decide a vector. The precision
        counts as it was asked for, so that `auto` is the same on all machines."""

    @property
    def dimensions(self) -> int:
        """How many numbers a vector has."""
        return self._model.dimensions

    @property
    def precision(self) -> Precision:
        """Of the arithmetic, never `auto`."""
        return self._model.precision

    @property
    def most_tokens(self) -> int:
        """That are read of a text, special ones counted."""
        return self._model.most_tokens

    @property
    def cache(self) -> Cache:
        """The vectors that are kept, with counts of hits and misses."""
        return self._cache

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(n, d), each row of length 1; NaN for a text that is blank. Texts that stand beside a text change its
        vector by rounding alone (1e-6 in float32, 1e-2 in bfloat16)."""
        out = np.full((len(texts), self.dimensions), np.nan, np.float32)
        said = [row for row, text in enumerate(texts) if text.strip()]
        keys = [content_hash(texts[row]) for row in said]
        found = out[said]
        missing = self._cache.find(keys, found)
        first: dict[bytes, int] = {}
        for place in missing:
            first.setdefault(keys[place], place)
        if first:
            vectors = self._computed([texts[said[place]] for place in first.values()])
            at = {key: i for i, key in enumerate(first)}
            found[missing] = vectors[[at[keys[place]] for place in missing]]
            self._cache.add(list(first), vectors)
        out[said] = found
        return out

    def lengths(self, texts: Sequence[str]) -> NDArray[np.int64]:
        """(n,) tokens that are read of each text, special ones counted."""
        return np.array([len(row) for row in self._model.tokens(texts)], np.int64)

    def close(self) -> None:
        """Ends the threads."""
        self._lanes.close()

    def _computed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        out = np.empty((len(texts), self.dimensions), np.float32)

        def fill(rows: Rows, tokens: Rows, mask: Rows) -> None:
            out[rows] = self._pooling.pooled(self._model.hidden(tokens, mask), mask)

        self._lanes.run(self._model.tokens(texts), fill)
        return out
