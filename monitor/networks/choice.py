"""Which model, and how it computes: what every network is told first."""

from dataclasses import dataclass
from enum import StrEnum


class Precision(StrEnum):
    """Of the arithmetic. `auto`: bfloat16 on a processor that has tiles for it (AMX), where it is faster and as good
    to 1e-3 of cosine, else float32."""

    AUTO = "auto"
    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


@dataclass(frozen=True, slots=True)
class Choice:
    """`model` is an id at Hugging Face or a folder; `revision` of an id: a branch, tag or commit. `offline`: nothing is
    brought from outside, as with HF_HUB_OFFLINE=1. `device` "cpu", "cuda" or None: a GPU when there is one. `threads`
    that compute, None: the processors that the container may use, which are the most in any case; torch is set to one
    thread for each batch, in the whole process.

    A choice is made without looking. Each network that is opened with one raises ConfigError where the folder is not
    there, a folder is given a revision, the model cannot be brought or is none of the network's kind, or the extra
    `neural` is not installed.
    """

    model: str
    revision: str | None = None
    offline: bool = False
    device: str | None = None
    precision: Precision = Precision.AUTO
    threads: int | None = None
