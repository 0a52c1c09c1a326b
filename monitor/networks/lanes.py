"""Batches of one model side by side, each computed by a thread of its own."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from monitor.networks.buckets import buckets, padded
from monitor.networks.model import Model
from monitor.networks.processors import processors

BATCH_TOKENS, BATCH_TOKENS_GPU = 2048, 32_768
"""Padded tokens of one batch: what lies between the layers should stay in a processor's cache."""

Rows = NDArray[np.int64]


class Lanes:
    """`threads` None: the processors that the container may use, which are the most in any case; on a GPU one. Sets
    torch to one thread for each batch, in the whole process."""

    def __init__(self, model: Model, threads: int | None) -> None:
        on_gpu = model.device != "cpu"
        self._padding = model.padding
        self._batch_tokens = BATCH_TOKENS_GPU if on_gpu else BATCH_TOKENS
        self.count = 1 if on_gpu else max(1, min(threads or processors(), processors()))
        self._pool = ThreadPoolExecutor(self.count, "network", initializer=model.one_thread)

    def run(
        self, tokens: Sequence[Sequence[int]], fill: Callable[[Rows, Rows, Rows], None], *, alone: bool = False
    ) -> None:
        """Calls `fill(rows, tokens, mask)` for each batch of rows of like lengths: (m,) places in `tokens`, (m, w)
        tokens and (m, w) mask, 0 for padding. `alone`: each row is a batch, so that no number depends on what stands
        beside it, not by rounding either. The first error of a batch is raised."""
        lengths = np.array([len(row) for row in tokens], np.int64)

        def work(rows: Rows) -> None:
            fill(rows, *padded([tokens[row] for row in rows], self._padding))

        list(self._pool.map(work, buckets(lengths, 1 if alone else self._batch_tokens)))

    def close(self) -> None:
        """Ends the threads."""
        self._pool.shutdown()
