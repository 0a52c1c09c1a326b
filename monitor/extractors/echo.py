"""How much of the system prompt the answer repeats."""

import numpy as np

from monitor.batch import Batch, Hashes, Ints, ratio
from monitor.interfaces import Column, Harm, Matrix, Role

_RUN = 5
_FEWEST_RUNS = 8
_FLAG_SHIFT = np.uint64(48)


class Echo:
    """`system_repeated`: share of the distinct runs of five words of the system prompt that stand in the answer. NaN
    without a system prompt or with one of fewer than eight such runs (12 words).

    Runs of the answers are looked up in a table of 2^16 flags first, the few that pass in the sorted runs. Equal system
    prompts are read once. Cost: 2 us per exchange with a system prompt, nothing without.
    """

    columns = (
        Column(
            "system_repeated",
            Role.SIGNAL,
            "share of 5-grams",
            "more of the system prompt repeated",
            "less of the system prompt repeated",
            Harm.RISE,
        ),
    )

    def measure(self, batch: Batch) -> Matrix:
        runs, owners, prompt_of = _system_runs(batch)
        total = np.bincount(owners, minlength=int(prompt_of.max(initial=0)) + 1)[prompt_of]
        if not len(runs):
            return np.full((len(batch), 1), np.nan)
        grams, rows = batch.answer.words.grams(_RUN)
        repeated = _matches(grams, rows, runs, owners, prompt_of)
        return ratio(repeated, np.where(total >= _FEWEST_RUNS, total, 0))[:, None]


def _system_runs(batch: Batch) -> tuple[Hashes, Ints, Ints]:
    """Sorted distinct runs of all distinct system prompts with the prompt of each, and (n,) the prompt of each row."""
    first: dict[str, int] = {}
    prompt_of = np.array([first.setdefault(text, i) for i, text in enumerate(batch.system.strings)], np.int64)
    grams, rows = batch.system.words.grams(_RUN)
    leading = prompt_of[rows] == rows
    order = np.lexsort((rows[leading], grams[leading]))
    grams, rows = grams[leading][order], rows[leading][order]
    fresh = np.ones(len(grams), bool)
    fresh[1:] = (grams[1:] != grams[:-1]) | (rows[1:] != rows[:-1])
    return grams[fresh], rows[fresh], prompt_of


def _matches(grams: Hashes, rows: Ints, runs: Hashes, owners: Ints, prompt_of: Ints) -> Ints:
    """(n,) distinct runs of its own system prompt that each row's answer has."""
    flags = np.zeros(1 << 16, bool)
    flags[runs >> _FLAG_SHIFT] = True
    likely = flags[grams >> _FLAG_SHIFT]
    pairs = np.unique(np.stack((rows[likely].astype(np.uint64), grams[likely])), axis=1)
    row, gram = pairs[0].astype(np.int64), pairs[1]
    low, high = np.searchsorted(runs, gram, side="left"), np.searchsorted(runs, gram, side="right")
    candidate = np.repeat(low - np.cumsum(high - low) + (high - low), high - low) + np.arange((high - low).sum())
    row = np.repeat(row, high - low)
    return np.bincount(row[owners[candidate] == prompt_of[row]], minlength=len(prompt_of))
