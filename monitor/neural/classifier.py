"""How likely an answer is of a class: harmful, toxic, glad, a refusal; whatever a classifier was trained to tell."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from monitor.batch import Batch
from monitor.interfaces import Column, Harm, Matrix, Role
from monitor.networks import Classifier, stepped


@dataclass(frozen=True, slots=True)
class Signal:
    """The column `name`: the probability of any of `labels`. `rise` and `fall` say in words what a move means; None:
    more, and less, of its name."""

    name: str
    labels: tuple[str, ...]
    harm: Harm = Harm.NONE
    rise: str | None = None
    fall: str | None = None


class Classes:
    """A column per signal, all by the one `network`: the sum of the probabilities of the signal's labels, at most 1, in
    steps of 2^-10. NaN for an empty answer.

    `pair`: the last message of the user is read with the answer; else the answer alone. Of a long answer the piece
    counts that is most likely of the labels (`monitor.networks.Classifier`), so choose labels whose rise is the news:
    one bad sentence shows, one good sentence hides nothing but cannot show the loss of the others. ConfigError for a
    label that the model does not have. Cost: docs/neural.md.
    """

    def __init__(self, network: Classifier, signals: Sequence[Signal], *, pair: bool = True) -> None:
        self._network = network
        self._pair = pair
        self._labels = [signal.labels for signal in signals]
        for labels in self._labels:
            network.places(labels)
        self.columns = tuple(map(_column, signals))
        parts = repr((network.identity, pair, self._labels))
        self.identity = sha256(parts.encode()).hexdigest()[:16]
        """16 hex digits over all that decides a value."""

    def measure(self, batch: Batch) -> Matrix:
        prompts = batch.prompt.whole if self._pair else None
        return stepped(self._network.probabilities(prompts, batch.answer.whole, self._labels))


def _column(signal: Signal) -> Column:
    spoken = signal.name.replace("_", " ")
    rise, fall = signal.rise or f"more {spoken}", signal.fall or f"less {spoken}"
    return Column(signal.name, Role.SIGNAL, "probability", rise, fall, signal.harm)
