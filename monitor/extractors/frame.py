"""The frame an operator puts around the conversation: the system prompt, by its hash and not by its words."""

import hashlib

import numpy as np

from monitor.batch import Batch
from monitor.interfaces import Column, Matrix, Role

_PROJECTIONS = 3
_OTHER = "another system prompt"


class Frame:
    """Inputs that move when the system prompt does.

    `system_hash_*`: three independent numbers in [0, 1) that are functions of the exact text; any edit draws new ones.
    With one fixed system prompt they are constant; with one per user they are uniform. NaN without a system prompt.
    Cost: one BLAKE2 per distinct text.
    """

    columns = (
        Column("system_length", Role.INPUT, "log(1 + characters)", "longer system prompts", "shorter system prompts"),
        *(Column(f"system_hash_{k}", Role.INPUT, "hash in [0, 1)", _OTHER, _OTHER) for k in range(_PROJECTIONS)),
    )

    def measure(self, batch: Batch) -> Matrix:
        system = batch.system
        projected = {text: _project(text) for text in set(system.whole)}
        hashes = np.array([projected[text] for text in system.whole], np.float64).reshape(-1, _PROJECTIONS)
        return np.column_stack((np.log1p(system.characters), hashes))


def _project(text: str) -> tuple[float, ...]:
    if not text:
        return (np.nan,) * _PROJECTIONS
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=4 * _PROJECTIONS).digest()
    return tuple(int(n) / 2**32 for n in np.frombuffer(digest, "<u4"))
