"""The opening of an answer as a set of hashed n-grams."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.batch import Hashes, Ints, Texts

VERSION = 1
"""Goes up with every change of the features: weights fit only those that they were learned with."""

BUCKETS = 1 << 20
FIRST = BUCKETS // 2
"""From this bucket on stand the n-grams of the first words."""

CHARACTERS = 300
"""How long an opening is: refusals come first, and what comes later is about the topic."""

_SHIFT = np.uint64(64 - 19)
_LONGEST, _FIRST_WORDS = 3, 8
_BYTES = 5
_BYTES_MASK = np.uint64((1 << 8 * _BYTES) - 1)
_NUMBER = re.compile(r"\d+")
_SPREAD, _FOLD = np.uint64(0x94D049BB133111EB), np.uint64(31)
_KINDS = [np.uint64(k * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF) for k in range(32)]
_OF_BYTES, _OF_FIRST_WORDS = 10, 20


def ngrams(answers: Sequence[str]) -> tuple[Ints, NDArray[np.int64]]:
    """Row and bucket of every distinct n-gram of the openings, rows ascending: runs of one to three words, the same
    once more among the first eight words, and runs of five bytes. In small letters, numbers made one."""
    texts = Texts([_NUMBER.sub("0", answer.lstrip()[:CHARACTERS].lower()) for answer in answers])
    words = texts.words
    first = words.head(_FIRST_WORDS)
    some = [(n, *words.grams(n)) for n in range(1, _LONGEST + 1)]
    some.append((_OF_BYTES, *_runs_of_bytes(texts)))
    some += [(_OF_FIRST_WORDS + n, *first.grams(n)) for n in range(1, _LONGEST + 1)]
    buckets = np.concatenate([_bucket(hashes, kind) for kind, hashes, _ in some])
    rows = np.concatenate([row for _, _, row in some])
    keys = np.unique(rows * BUCKETS + buckets)
    return keys // BUCKETS, keys % BUCKETS


def _runs_of_bytes(texts: Texts) -> tuple[Hashes, Ints]:
    counts = np.maximum(texts.ends - texts.starts - _BYTES + 1, 0)
    row = np.repeat(np.arange(len(texts)), counts)
    at = np.arange(len(row)) + np.repeat(texts.starts - np.cumsum(counts) + counts, counts)
    eight: Hashes = np.ndarray((len(texts.buffer) - 7,), "<u8", buffer=texts.buffer, strides=(1,))
    return eight[at] & _BYTES_MASK, row


def _bucket(hashes: Hashes, kind: int) -> NDArray[np.int64]:
    mixed = (hashes ^ _KINDS[kind]) * _SPREAD
    mixed ^= mixed >> _FOLD
    mixed *= _SPREAD
    return (mixed >> _SHIFT).astype(np.int64) + FIRST * (kind > _OF_FIRST_WORDS)
