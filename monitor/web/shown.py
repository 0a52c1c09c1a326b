"""What a section of the page is made from."""

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.looks import Look
from monitor.report import ModelReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One model as of `time` (Unix seconds), and looks at its evidence on the way, the latest last and never none.
    `alone`: in a file that is passed on, where links into the monitor lead nowhere."""

    model: ModelReport
    looks: Sequence[Look]
    time: float
    alone: bool = False
