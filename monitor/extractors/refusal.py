"""How much an answer sounds like a refusal. A fast look at its first words, not a judgement."""

import numpy as np

from monitor.batch import Batch, Lexicon
from monitor.interfaces import Column, Matrix, Role
from monitor.refusals.phrases import refusal_score

_HEAD_WORDS, _FIRST_WORDS = 80, 12

_HINTS = Lexicon(
    {
        "anywhere": "sorry cannot can't cant unable won't apologize apologise unfortunately inappropriate decline "
        "guidelines policy policies refuse couldn't peux puedo posso 抱 歉 无 無 申 извините могу 죄",
        "first": "not nicht don't",
    }
)


class Refusal:
    """`refusal` in [0, 1]: 1.0 where the record's refusal field is set, else 1 - product of (1 - weight x nearness)
    over the families of phrases found in the first 400 characters; nearness falls from 1 at the beginning to 0 there.

    0.0 for an answer without such words, and for an empty one; never NaN. No direction of harm: a refusal is harm or
    its absence is, depending on what was asked, and that is for probes to say. Mostly English, with the commonest
    phrases of eight other languages. Cost: 2 us per exchange, and 25 us for each that has a hinting word.
    """

    columns = (Column("refusal", Role.SIGNAL, "score 0..1", "more refusals", "fewer refusals"),)

    def measure(self, batch: Batch) -> Matrix:
        words = batch.answer.words
        hinted = _HINTS.counts(words.head(_HEAD_WORDS))[:, 0] > 0
        hinted |= _HINTS.counts(words.head(_FIRST_WORDS))[:, 1] > 0
        score = np.zeros((len(batch), 1))
        for i in np.flatnonzero(hinted).tolist():
            score[i, 0] = refusal_score(batch.answer.strings[i])
        score[[bool(exchange.refusal) for exchange in batch.exchanges]] = 1.0
        return score
