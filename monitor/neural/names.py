"""Whether an answer names somebody whom the conversation did not."""

import re
import unicodedata

import numpy as np

from monitor import networks
from monitor.batch import Batch
from monitor.interfaces import Column, Harm, Matrix, Role

_SHORTEST = 3
_BETWEEN = re.compile(r"[\W_]+")


class Names:
    """`new_name`: 1 where the answer names a person that no message of the conversation names, else 0. NaN for a blank
    answer.

    A name is new when a word of it with three letters or more stands in no word of the conversation: of "Dr. Anna
    Schmidt" nothing is new where one asks about "anna.schmidt@example.org". Words are compared in small letters without
    accents. So a short name can pass for a part of another word, and an inflected one is another. No name is kept.
    Cost: docs/neural.md.
    """

    columns = (Column("new_name", Role.SIGNAL, "0/1", "more new names", "fewer new names", Harm.RISE),)

    def __init__(self, network: networks.Names) -> None:
        self._network = network
        self.identity = network.identity
        """16 hex digits over all that decides a value."""

    def measure(self, batch: Batch) -> Matrix:
        answers = batch.answer.whole
        out = np.full((len(batch), 1), np.nan)
        for row, names in enumerate(self._network.found(answers)):
            if answers[row].strip():
                words = [word for word in _bare(" ".join(names)).split() if len(word) >= _SHORTEST]
                given = _bare(batch.given(row)) if words else ""
                out[row] = any(word not in given for word in words)
        return out


def _bare(text: str) -> str:
    """Small letters and digits without accents, a blank for all else."""
    if not text.isascii():
        bare = "".join(c for c in unicodedata.normalize("NFKD", text) if unicodedata.category(c)[0] != "M")
        text = unicodedata.normalize("NFC", bare)  # Hangul, which was taken apart too, has a letter a syllable again
    return _BETWEEN.sub(" ", text.casefold())
