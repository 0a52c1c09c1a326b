"""How many of a prompt's words a baseline never used."""

import numpy as np
from numpy.typing import NDArray

from monitor.batch import Words

_SHIFT = np.uint64(48)
_DOUBT = 3.0


def known_words(words: Words, rows: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(65536,) a table with the cell of every word that the chosen texts use. Cells are shared, so a table of 2,000
    words takes one unseen word in thirty for seen; in return nobody can tell from it that a word was used."""
    table = np.zeros(1 << 16, bool)
    table[words.hash[rows[words.row]] >> _SHIFT] = True
    return table


def unseen_share(words: Words, table: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(n,) in [0, 1): unseen words / (words + 3): one unseen word of one says less than ten of ten."""
    unseen = words.sums((~table[words.hash >> _SHIFT]).astype(np.uint64))
    return unseen / (words.counts + _DOUBT)
