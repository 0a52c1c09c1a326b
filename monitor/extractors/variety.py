"""How varied the answer is: distinct words, repeated phrases, repeated bytes."""

import numpy as np
from numpy.typing import NDArray

from monitor.batch import Batch, Hashes, Ints, Texts, ratio
from monitor.interfaces import Column, Harm, Matrix, Role

_WORDS_SEEN = 200
_FEWEST_WORDS = 10
_BYTES_SEEN = 1_024
_BUCKET_BITS = 15
_ROW_SHIFT = np.uint64(40)
_SPREAD = np.uint32(0x9E3779B1)


class Variety:
    """Signals of variety.

    `vocabulary`: Herdan's C = log(distinct words) / log(words) of the first 200 words, which depends on length far
    less than their ratio; NaN under 10 words. `repetition`: share of runs of three words that came before in the same
    answer; NaN under 3 words. `novelty`: share of four-byte sequences not seen before within the first 1,024 bytes,
    by 2^15 hash buckets (so never quite 1); falls as a compressor's output would shrink, at a tenth of its cost; NaN
    under 4 bytes. Cost: 12 us per exchange, two thirds of it for `novelty`.
    """

    columns = (
        Column("vocabulary", Role.SIGNAL, "Herdan's C", "a richer vocabulary", "a poorer vocabulary"),
        Column("repetition", Role.SIGNAL, "share of trigrams", "more repetition", "less repetition", Harm.RISE),
        Column("novelty", Role.SIGNAL, "share of byte sequences", "less compressible text", "more compressible text"),
    )

    def measure(self, batch: Batch) -> Matrix:
        words = batch.answer.words
        n = len(batch)
        head = words.head(_WORDS_SEEN)
        distinct = _distinct(head.hash, head.row, n)
        enough = head.counts >= _FEWEST_WORDS
        herdan = np.log(np.maximum(distinct, 1)) / np.log(np.maximum(head.counts, 2))
        grams, rows = words.grams(3)
        runs = np.maximum(words.counts - 2, 0)
        return np.column_stack(
            (
                np.where(enough, herdan, np.nan),
                ratio(runs - _distinct(grams, rows, n), runs),
                _novelty(batch.answer),
            )
        )


def _distinct(hashes: Hashes, rows: Ints, n: int) -> Ints:
    """(n,) distinct hashes (to 40 bits) of each row."""
    keys = np.sort((rows.astype(np.uint64) << _ROW_SHIFT) | (hashes >> np.uint64(24)))
    fresh = np.ones(len(keys), bool)
    fresh[1:] = keys[1:] != keys[:-1]
    counts: Ints = np.bincount((keys[fresh] >> _ROW_SHIFT).astype(np.int64), minlength=n)
    return counts


def _novelty(texts: Texts) -> NDArray[np.float64]:
    """A table of flags for each row: no sorting, and small enough to stay in the cache."""
    spans = np.clip(texts.ends - texts.starts - 3, 0, _BYTES_SEEN - 3)
    sequences = np.ndarray((len(texts.buffer) - 3,), "<u4", buffer=texts.buffer, strides=(1,))
    buckets = (sequences ^ (sequences >> np.uint32(15))) * _SPREAD >> np.uint32(32 - _BUCKET_BITS)
    places = buckets.astype(np.intp)  # as numpy would row by row, but slower
    hit = np.zeros(1 << _BUCKET_BITS, bool)
    seen = np.zeros(len(texts), np.int64)
    for i, (start, span) in enumerate(zip(texts.starts.tolist(), spans.tolist(), strict=True)):
        hit[:] = False
        hit[places[start : start + span]] = True
        seen[i] = np.count_nonzero(hit)
    return ratio(seen, spans)
