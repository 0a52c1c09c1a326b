"""Which model tells refusals, as the operator names it, and the scorers with it."""

from dataclasses import dataclass

from monitor.errors import ConfigError
from monitor.interfaces import Scorer
from monitor.networks import Choice, Classifier, Encoder, Precision
from monitor.refusals import Classes, Meaning
from monitor.scorers import standard
from monitor.scorers.refusal import Refusal, Tells

REFUSAL = "refusal"
"""The scorer's name."""

_PRECISION = Precision.FLOAT32  # in bfloat16 what stands beside an answer moves it by more than the last digits


@dataclass(frozen=True, slots=True)
class RefusalTier:
    """`encoder` or `classifier`, by id or folder, needs the extra `neural`; neither: what ships, without torch. `label`
    is the classifier's, None: the one that means a refusal. `revision` of an id; `offline`: the network is not
    touched."""

    encoder: str | None = None
    classifier: str | None = None
    label: str | None = None
    revision: str | None = None
    offline: bool = False

    def scorers(self) -> dict[str, Scorer]:
        """All scorers by name. ConfigError where the model cannot be used."""
        return standard() | {REFUSAL: Refusal(self._tells())}

    def _tells(self) -> Tells | None:
        if self.encoder is not None and self.classifier is not None:
            raise ConfigError("refusals are told by an encoder or by a classifier: name one of them")
        try:
            if self.classifier is not None:
                return Classes(Classifier(self._choice(self.classifier)), label=self.label)
            if self.encoder is not None:
                return Meaning(Encoder(self._choice(self.encoder)))
        except ConfigError as error:
            raise ConfigError(f"the scorer {REFUSAL}: {error}") from None
        return None

    def _choice(self, model: str) -> Choice:
        return Choice(model, self.revision, self.offline, precision=_PRECISION)


BASE = RefusalTier()
"""What ships."""
