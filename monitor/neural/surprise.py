"""How unlikely a small language model finds the answer: gibberish is."""

from monitor import networks
from monitor.batch import Batch
from monitor.interfaces import Column, Harm, Matrix, Role


class Surprise:
    """`surprise`: minus the mean log-likelihood of a token of the beginning of the answer, given those before it, in
    steps of 2^-10 nats. Prose has some 2, letters in disorder some 7, a sentence that repeats itself under 1. Other
    languages and code are unlikely too where the model was not trained on them. NaN for an empty answer and one of a
    single token. Cost: docs/neural.md.
    """

    columns = (
        Column(
            "surprise",
            Role.SIGNAL,
            "nats per token",
            "less likely words (gibberish, another language)",
            "more likely words (repetition)",
            Harm.RISE,
        ),
    )

    def __init__(self, network: networks.Surprise) -> None:
        self._network = network
        self.identity = network.identity
        """16 hex digits over all that decides a value."""

    def measure(self, batch: Batch) -> Matrix:
        return networks.stepped(self._network.nats(batch.answer.whole))[:, None]
