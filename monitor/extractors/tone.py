"""How kindly the answer speaks."""

import numpy as np

from monitor.batch import Batch
from monitor.interfaces import Column, Matrix, Role
from monitor.tone import tone


class Tone:
    """`tone`: kind words against unkind ones, see `monitor.tone`; NaN without words. No direction of harm: what an
    answer is about decides most of it. Cost: 1 us per exchange."""

    columns = (Column("tone", Role.SIGNAL, "-1..1", "kinder words", "unkinder words"),)

    def measure(self, batch: Batch) -> Matrix:
        return np.where(batch.answer.words.counts > 0, tone(batch.answer), np.nan)[:, None]
