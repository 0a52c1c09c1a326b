"""Who speaks and how surely: hedges, first and second person, words that join sentences."""

import numpy as np

from monitor.batch import Batch, Lexicon
from monitor.interfaces import Column, Matrix, Role

_VOICE = Lexicon(
    {
        "hedges": "may might could perhaps possibly probably likely maybe generally typically usually often sometimes "
        "somewhat seems seem appears suggest suggests roughly approximately potentially",
        "first_person": "i me my mine myself i'm i've i'd i'll we us our ours we're we've we'll",
        "second_person": "you your yours yourself you're you've you'll you'd",
        "connectives": "however therefore additionally furthermore moreover overall finally also thus hence "
        "consequently meanwhile nevertheless nonetheless instead remember ultimately",
    }
)


def _rate(name: str, things: str) -> Column:
    return Column(name, Role.SIGNAL, "log(1 + per 100 words)", f"more {things}", f"fewer {things}")


class Voice:
    """Signals of manner (English): log(1 + count per 100 words) of four closed classes of words. NaN without words.

    Cost: 1 us per exchange, once words are known.
    """

    columns = (
        _rate("hedges", "hedges"),
        _rate("first_person", "words of the first person"),
        _rate("second_person", "words that address the user"),
        _rate("connectives", "connectives"),
    )

    def measure(self, batch: Batch) -> Matrix:
        words = batch.answer.words
        spoken = words.counts[:, None]
        rates = np.log1p(100 * _VOICE.counts(words) / np.maximum(spoken, 1))
        return np.where(spoken > 0, rates, np.nan)
