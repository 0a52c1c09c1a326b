"""What a conversation is about: hashed words and word pairs of the user's messages. Feeds strata, is never shown."""

import numpy as np

from monitor.batch import Batch, Texts
from monitor.interfaces import Column, Matrix, Role

_BUCKETS = 256
_BUCKET_SHIFT = np.uint64(56)
_SIGN_BIT = np.uint64(1 << 40)
_SPREAD = np.uint64(0xD6E8FEB86659FD93)
_LAST, _EARLIER = 2, 1


class Ngrams:
    """Signed feature hashing (Weinberger et al., ICML 2009) of word unigrams and bigrams into 256 buckets.

    The last user message counts twice, the one before it once. A bucket holds the signed square root of its signed
    count, and a row has length one, or is all zero when there are no words. Never NaN. Cost: 2 to 6 us per exchange.
    """

    columns = tuple(
        Column(f"ngram_{k:03d}", Role.CONTEXT, "hashed", "other topics", "other topics") for k in range(_BUCKETS)
    )

    def measure(self, batch: Batch) -> Matrix:
        total = _LAST * _signed_counts(batch.prompt) + _EARLIER * _signed_counts(batch.earlier)
        size = np.abs(total)
        length = np.sqrt(size.sum(axis=1))  # counts are whole numbers: exact in any order
        unit: Matrix = np.sign(total) * np.sqrt(size) / np.maximum(length, 1.0)[:, None]
        return unit


def _signed_counts(texts: Texts) -> Matrix:
    """(n, 256) whole numbers."""
    words = texts.words
    pairs, pair_rows = words.grams(2)
    grams, rows = np.concatenate((words.hash, pairs)), np.concatenate((words.row, pair_rows))
    mixed = (grams ^ (grams >> np.uint64(32))) * _SPREAD
    cell = rows * _BUCKETS + (mixed >> _BUCKET_SHIFT).astype(np.int64)
    sign = np.where(mixed & _SIGN_BIT, 1.0, -1.0)
    counts = np.bincount(cell, weights=sign, minlength=len(texts) * _BUCKETS)
    return counts.astype(np.float64, copy=False).reshape(-1, _BUCKETS)
