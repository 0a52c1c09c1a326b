"""The classes of a model, by name."""

from collections.abc import Sequence
from typing import Any

from monitor.errors import ConfigError


def labels_of(config: Any) -> tuple[str, ...]:
    """Names of the classes, in the order of a classifier's numbers."""
    return tuple(str(config.id2label[i]) for i in range(config.num_labels))


def places(labels: Sequence[str], known: Sequence[str]) -> list[int]:
    """Where labels stand in those of a model. ConfigError, which names those there are, for one that it lacks."""
    if absent := [label for label in labels if label not in known]:
        raise ConfigError(f"the model has no label {absent[0]}; it has {', '.join(known)}")
    return [known.index(label) for label in labels]
