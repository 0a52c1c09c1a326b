"""Which signs the answer is made of: digits, capitals, punctuation, signs beyond ASCII, emoji."""

import numpy as np

from monitor.batch import Batch, Ints, ratio
from monitor.interfaces import Column, Matrix, Role


def _column(name: str, unit: str, things: str) -> Column:
    return Column(name, Role.SIGNAL, unit, f"more {things}", f"fewer {things}")


class Marks:
    """Signals from the histogram of bytes.

    Shares are of all characters (capitals: of ASCII letters) and NaN where there are none. The others are
    log(1 + count per 100 words), words taken as one more than there are, so that no words is no trouble;
    emoji are characters beyond U+FFFF.
    Cost: under 1 us per exchange, once the histogram is known.
    """

    columns = (
        _column("digits", "share of characters", "digits"),
        _column("capitals", "share of letters", "capital letters"),
        _column("beyond_ascii", "share of characters", "characters beyond ASCII"),
        _column("questions", "log(1 + per 100 words)", "question marks"),
        _column("exclamations", "log(1 + per 100 words)", "exclamation marks"),
        _column("commas", "log(1 + per 100 words)", "commas"),
        _column("colons", "log(1 + per 100 words)", "colons"),
        _column("brackets", "log(1 + per 100 words)", "brackets"),
        _column("emoji", "log(1 + per 100 words)", "emoji"),
    )

    def measure(self, batch: Batch) -> Matrix:
        seen = batch.answer.histogram
        words = batch.answer.words.counts + 1

        def per_100_words(*bytes_: int) -> Matrix:
            rate: Matrix = np.log1p(100 * seen[:, bytes_].sum(axis=1) / words)
            return rate

        capitals, small = _between(seen, "A", "Z"), _between(seen, "a", "z")
        beyond = seen[:, 0xC0:].sum(axis=1)  # one lead byte for each
        characters = seen[:, :0x80].sum(axis=1) + beyond
        return np.column_stack(
            (
                ratio(_between(seen, "0", "9"), characters),
                ratio(capitals, capitals + small),
                ratio(beyond, characters),
                per_100_words(ord("?")),
                per_100_words(ord("!")),
                per_100_words(ord(",")),
                per_100_words(ord(":")),
                per_100_words(ord("("), ord("[")),
                per_100_words(0xF0),
            )
        )


def _between(seen: Ints, first: str, last: str) -> Ints:
    total: Ints = seen[:, ord(first) : ord(last) + 1].sum(axis=1)
    return total
