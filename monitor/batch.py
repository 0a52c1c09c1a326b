"""A batch of exchanges as columns of bytes, so that extractors measure text with numpy instead of value by value."""

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.records import Exchange


@dataclass(frozen=True)
class Batch:
    """Exchanges that are measured together."""

    exchanges: Sequence[Exchange]
