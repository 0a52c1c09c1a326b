"""The first sentences of an answer."""

import re
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

VERSION = 1
"""Goes up with every change: a head fits only those sentences that it was learned with."""

SENTENCES = 3
CHARACTERS, OF_ONE = 600, 200
"""How far sentences are looked for, and how much of one is read."""

_END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])|\n+")  # noqa: RUF001 - full-width ones end sentences too


def first_sentences(answer: str) -> list[str]:
    """At most SENTENCES of them that hold a letter or digit, none for an answer without any."""
    parts = _END.split(answer.strip()[:CHARACTERS])
    return [part[:OF_ONE] for part in parts if any(map(str.isalnum, part))][:SENTENCES]


def mean_vectors(encode: Callable[[Sequence[str]], NDArray[np.float32]], answers: Sequence[str]) -> NDArray[np.float32]:
    """(n, d): the mean of the vectors of each answer's first sentences; NaN for an answer without any."""
    some = [first_sentences(answer) for answer in answers]
    vectors = encode([sentence for of_one in some for sentence in of_one])
    counts = np.array([len(of_one) for of_one in some])
    said = counts > 0
    out = np.full((len(answers), vectors.shape[1]), np.nan, np.float32)
    if said.any():
        starts = (np.cumsum(counts) - counts)[said]
        out[said] = np.add.reduceat(vectors, starts, axis=0) / counts[said, None].astype(np.float32)
    return out
