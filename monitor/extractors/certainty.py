"""How sure the model was of its own words, where its server recorded that."""

import numpy as np

from monitor.batch import Batch
from monitor.interfaces import Column, Matrix, Role


class Certainty:
    """Means over the answer's tokens, NaN when not recorded or not finite. Cost: under 1 us per exchange."""

    columns = (
        Column("logprob", Role.SIGNAL, "nats per token", "more certain answers", "less certain answers"),
        Column("entropy", Role.SIGNAL, "nats per token", "a wider choice of words", "a narrower choice of words"),
    )

    def measure(self, batch: Batch) -> Matrix:
        return np.column_stack((batch.column(lambda x: x.logprob), batch.column(lambda x: x.entropy)))
