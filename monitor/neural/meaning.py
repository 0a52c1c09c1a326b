"""What prompts mean, as a vector, and how far answers keep to it."""

import numpy as np

from monitor.batch import Batch
from monitor.interfaces import Column, Harm, Matrix, Role
from monitor.networks import Encoder, stepped


class Meaning:
    """`meaning_*`: the vector of the last user message, of length one; all NaN for a blank one. They form topics and
    directions, and say which prompts the baseline never saw. Signal `on_topic`: cosine of prompt and answer, in steps
    of 2^-10; NaN when either is blank. Texts beside a text move its numbers by rounding. Cost: of a text some ten to
    fifty milliseconds of a core (docs/neural.md).
    """

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self.columns = (
            *(Column(f"meaning_{i:03d}", Role.MEANING, "-", "-", "-") for i in range(encoder.dimensions)),
            Column(
                "on_topic",
                Role.SIGNAL,
                "cosine -1..1",
                "answers nearer to what was asked",
                "answers further from what was asked",
                Harm.FALL,
            ),
        )

    @property
    def identity(self) -> str:
        """That of the encoder: vectors of others cannot be compared with these."""
        return self._encoder.identity

    def measure(self, batch: Batch) -> Matrix:
        n = len(batch)
        vectors = self._encoder.encode([*batch.prompt.whole, *batch.answer.whole]).astype(np.float64)
        prompts, answers = vectors[:n], vectors[n:]
        return np.column_stack([prompts, stepped((prompts * answers).sum(axis=1))])
