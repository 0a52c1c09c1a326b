"""How likely an answer refuses, by a sequence classifier that was made for it."""

import re
from collections.abc import Sequence
from hashlib import sha256
from threading import Lock
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from monitor.errors import ConfigError

_REFUSES = re.compile(r"(?:full[ _-]?)?(?:refusal|refuse[sd]?|rejection|reject(?:s|ed)?)", re.IGNORECASE)


class Classifies(Protocol):
    """A sequence classifier: probabilities (n, k) of `labels` (k,), NaN for blank answers; `identity` is a hash of all
    that decides them."""

    @property
    def identity(self) -> str: ...

    @property
    def labels(self) -> tuple[str, ...]: ...

    def probabilities(self, prompts: Sequence[str] | None, answers: Sequence[str]) -> NDArray[np.float32]: ...


class Classes:
    """The probability that `classifier` gives to `label`; None: to its one label that means a refusal. It is as good,
    and as calibrated, as the model is. ConfigError when it has no such label, or several."""

    def __init__(self, classifier: Classifies, *, label: str | None = None) -> None:
        self._classifier, self._one_at_a_time = classifier, Lock()
        found = [name for name in classifier.labels if (_REFUSES.fullmatch(name) if label is None else name == label)]
        if len(found) != 1:
            wanted = "that means a refusal" if label is None else f"named {label}"
            raise ConfigError(
                f"refusals: the classifier has {len(found) or 'no'} labels {wanted}, it has "
                f"{', '.join(classifier.labels)}; say which counts"
            )
        self._label = found[0]

    @property
    def identity(self) -> str:
        """16 hex digits over the classifier and the label."""
        return sha256(f"classes/1 {self._classifier.identity} {self._label}".encode()).hexdigest()[:16]

    def probability(self, answers: Sequence[str], prompts: Sequence[str]) -> NDArray[np.float64]:
        """(n,) in [0, 1]; NaN for a blank answer. May be called by several threads."""
        with self._one_at_a_time:
            chances = self._classifier.probabilities(prompts, answers)
        return chances[:, self._classifier.labels.index(self._label)].astype(np.float64)
