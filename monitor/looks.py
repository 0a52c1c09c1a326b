"""Looks at the evidence on the way: kept few, however long the way is, and no peak is hidden."""

from collections.abc import Mapping

import msgspec

from monitor.report import ModelReport
from monitor.verdict import Channel


class Look(msgspec.Struct, frozen=True):
    """Evidence and threshold (log10) per channel after `exchange` exchanges; None before the first value. `time` (Unix
    seconds) is that of the latest record then, None when records carry none."""

    exchange: int
    evidence_log10: Mapping[Channel, float | None]
    threshold_log10: Mapping[Channel, float]
    time: float | None = None

    @staticmethod
    def at(model: ModelReport) -> "Look":
        """The look that a report is."""
        known = model.evidence.items()
        return Look(
            model.exchanges,
            {c: x.evidence_log10 for c, x in known},
            {c: x.threshold_log10 for c, x in known},
            model.last_record_time,
        )


class Looks:
    """Looks in order, at most `most`. Two neighbours become one, the highest of both, whenever they
    are as many; from then on they are kept twice as far apart: `step` exchanges."""

    def __init__(self, *, most: int, step: int = 1) -> None:
        self._most, self.step = most, step
        self._kept: tuple[Look, ...] = ()
        self._waiting: Look | None = None

    def add(self, look: Look) -> None:
        """One more look, at no fewer exchanges than the last."""
        whole = look if self._waiting is None else _higher(self._waiting, look)
        if self._kept and look.exchange - self._kept[-1].exchange < self.step:
            self._waiting = whole
            return
        kept = (*self._kept, whole)
        if len(kept) >= self._most:
            pairs = zip(kept[::2], kept[1::2], strict=False)
            kept = tuple(_higher(*pair) for pair in pairs) + kept[len(kept) // 2 * 2 :]
            self.step *= 2
        self._kept, self._waiting = kept, None

    @property
    def seen(self) -> tuple[Look, ...]:
        """All that are kept, and the latest."""
        return self._kept if self._waiting is None else (*self._kept, self._waiting)


def _higher(before: Look, after: Look) -> Look:
    """Two looks as one that hides no peak."""
    late = after.evidence_log10
    channels = dict.fromkeys((*before.evidence_log10, *late))
    peaks = {
        c: max((e for e in (before.evidence_log10.get(c), late.get(c)) if e is not None), default=None)
        for c in channels
    }
    needed = {**before.threshold_log10, **after.threshold_log10}
    return msgspec.structs.replace(after, evidence_log10=peaks, threshold_log10=needed)
