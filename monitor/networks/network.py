"""What all networks share: a model that was opened, the threads that compute with it, and its identity."""

from pathlib import Path

from monitor.networks.choice import Choice, Precision
from monitor.networks.folder import identity
from monitor.networks.lanes import Lanes
from monitor.networks.model import Kind, Model


class Network:
    """The model of `folder`, where `choice` has it, open to compute. `most_tokens` as of a Model. ConfigError where the
    folder holds no model of the kind or the extra `neural` is not installed."""

    identity: str
    """16 hex digits over the model's files, its revision and all parameters that decide a value. The precision counts
    as it was asked for, so that `auto` is the same on all machines."""

    def __init__(self, choice: Choice, folder: Path, kind: Kind, most_tokens: int | None = None) -> None:
        self._choice, self._folder = choice, folder
        self._model = Model(folder, choice, kind=kind, most_tokens=most_tokens)
        self._lanes = Lanes(self._model, choice.threads)

    @property
    def precision(self) -> Precision:
        """Of the arithmetic, never `auto`."""
        return self._model.precision

    @property
    def threads(self) -> int:
        """How many batches are computed side by side."""
        return self._lanes.count

    def close(self) -> None:
        """Ends the threads."""
        self._lanes.close()

    def _identity(self, version: int, *parameters: object) -> str:
        """Of what this network makes of the model: `version` of the code that does so, and its parameters."""
        return identity(version, self._folder, self._choice.precision, *parameters)
