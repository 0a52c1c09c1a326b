"""Batches of texts of like lengths: what a short text is padded to is work for nothing."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

SLACK_TOKENS, SLACK_SHARE = 8, 1 / 8
"""A text is padded by no more than this many tokens and this share of its batch's width."""


def buckets(lengths: NDArray[np.int64], most_tokens: int) -> Iterator[NDArray[np.int64]]:
    """Rows of each batch, longest texts first, every row in one batch.

    `lengths` (n,) in tokens. Rows of a batch times its longest length is at most `most_tokens`, but a batch has a row
    whatever its length.
    """
    order = np.argsort(-lengths, kind="stable")
    falling = -lengths[order]  # ascending, as searchsorted wants it
    start = 0
    while start < len(order):
        width = -int(falling[start])
        shortest = width - SLACK_TOKENS - SLACK_SHARE * width
        alike = int(np.searchsorted(falling, -shortest, side="right"))
        end = min(alike, start + max(1, most_tokens // max(width, 1)))
        yield order[start:end]
        start = end


def padded(rows: Sequence[Sequence[int]], padding: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Tokens (n, w), filled up on the right with `padding`, and the mask (n, w): 1 for a token, 0 for padding."""
    lengths = np.array([len(row) for row in rows])
    mask = np.arange(lengths.max(initial=0)) < lengths[:, None]
    tokens = np.full(mask.shape, padding, np.int64)
    tokens[mask] = np.concatenate([np.asarray(row, np.int64) for row in rows])
    return tokens, mask.astype(np.int64)
