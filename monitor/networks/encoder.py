"""Vectors of texts that stand near each other where the texts mean something alike."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.networks.cache import Cache, content_hash
from monitor.networks.choice import Choice
from monitor.networks.lanes import Rows
from monitor.networks.model import Kind, bring
from monitor.networks.network import Network
from monitor.networks.pooling import read_pooling

DEFAULT_MODEL = "sentence-transformers/all-MiniLM-L6-v2"

_VERSION = 1
"""Goes up when cutting or pooling changes: vectors can only be compared with those made alike."""


class Encoder(Network):
    """A sentence encoder. `most_tokens` read of a text, None: what the model says, at most 512. `cached` vectors are
    kept. Not for several threads at once. ConfigError as `Choice` says, and where the model makes its vectors in a way
    that is not known here."""

    def __init__(self, choice: Choice, *, most_tokens: int | None = None, cached: int = 16_384) -> None:
        folder = bring(choice)
        self._pooling = read_pooling(folder)
        most = min((each for each in (most_tokens, self._pooling.most_tokens) if each), default=None)
        super().__init__(choice, folder, Kind.VECTORS, most)
        self._cache = Cache(cached, self._model.dimensions)
        self.identity = self._identity(_VERSION, self._model.most_tokens)

    @property
    def dimensions(self) -> int:
        """How many numbers a vector has."""
        return self._model.dimensions

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

    def _computed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        out = np.empty((len(texts), self.dimensions), np.float32)

        def fill(rows: Rows, tokens: Rows, mask: Rows) -> None:
            out[rows] = self._pooling.pooled(self._model.hidden(tokens, mask), mask)

        self._lanes.run(self._model.tokens(texts), fill)
        return out
