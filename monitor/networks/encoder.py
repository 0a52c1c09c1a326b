"""Vectors of texts that stand near each other where the texts mean something alike."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from monitor.networks.buckets import buckets, padded
from monitor.networks.cache import Cache, content_hash
from monitor.networks.folder import folder_identity, revision_of
from monitor.networks.model import Model, Precision, bring
from monitor.networks.pooling import read_pooling
from monitor.networks.processors import processors

DEFAULT_MODEL = "sentence-transformers/all-MiniLM-L6-v2"

BATCH_TOKENS, BATCH_TOKENS_GPU = 2048, 32_768
"""Padded tokens of one batch: what lies between the layers should stay in a processor's cache."""

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
        on_gpu = self._model.device != "cpu"
        self._batch_tokens = BATCH_TOKENS_GPU if on_gpu else BATCH_TOKENS
        self.threads = 1 if on_gpu else max(1, min(threads or processors(), processors()))
        self._pool = ThreadPoolExecutor(self.threads, "embedding", initializer=self._model.one_thread)
        parts = (_VERSION, folder_identity(folder), revision_of(folder), precision, self._model.most_tokens)
        self.identity = sha256(repr([str(part) for part in parts]).encode()).hexdigest()[:16]
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
        self._pool.shutdown()

    def _computed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        tokens = self._model.tokens(texts)
        lengths = np.array([len(row) for row in tokens])
        out = np.empty((len(texts), self.dimensions), np.float32)

        def fill(rows: NDArray[np.int64]) -> None:
            ids, mask = padded([tokens[row] for row in rows], self._model.padding)
            out[rows] = self._pooling.pooled(self._model.hidden(ids, mask), mask)

        list(self._pool.map(fill, buckets(lengths, self._batch_tokens)))
        return out
