"""How far the feeds were measured, and all that is stored together with that."""

import logging
from collections.abc import Collection, Mapping, Sequence

import msgspec

from monitor.pipeline.waiting import Taken
from monitor.pipeline.watch import Watch
from monitor.state import DeadLetter, Stored
from monitor.telemetry import Counts
from monitor.verdict import BESIDE

log = logging.getLogger(__name__)

_LETTERS_WAITING = 10_000


class Progress:
    """Counts, positions, dead letters and samplers as they stood after the last batch that was measured, and the banks.

    They belong together: what is `stored` of them is one moment, from which a restart goes on: `feeds` from their
    positions, each model with its bank. A model whose baseline is another since begins a new epoch. What probes found
    of one that has none now is forgotten as of `now`, in Unix seconds. `unsaved`: something changed since all was
    stored.
    """

    def __init__(self, watches: Mapping[str, Watch], stored: Stored, *, feeds: Collection[str], now: float) -> None:
        self._watches = watches
        self.counts = Counts.load(stored.counts["counts"]) if "counts" in stored.counts else Counts()
        self.positions = {name: position for name, position in stored.positions.items() if name in feeds}
        self.letters: list[DeadLetter] = []
        self.unsaved = False
        self._restore(stored, now)
        self._dumped: Mapping[str, Sequence[float]] = {name: watch.dump() for name, watch in watches.items()}

    def add(self, taken: Taken) -> None:
        """Takes in a batch that was measured."""
        self.counts.add(taken.counts)
        self.letters += taken.letters
        del self.letters[:-_LETTERS_WAITING]
        before = self.positions.get(taken.feed, {})
        self.positions[taken.feed] = {**before, **taken.position}
        self._dumped = taken.watches
        outcomes = taken.counts.of(taken.feed)
        self.unsaved |= outcomes.total() > 0 or taken.counts.gaps.total() > 0 or self.positions[taken.feed] != before

    def dump(self) -> Stored:
        """All but the dead letters, which are stored beside it."""
        models = {name: (watch.bank.baseline.id, watch.bank.snapshot()) for name, watch in self._watches.items()}
        counts = {"counts": self.counts.dump(), "watches": msgspec.json.encode(self._dumped)}
        return Stored(models, self.positions, counts)

    def saved(self) -> None:
        """All is stored."""
        self.unsaved = False
        self.letters.clear()

    def _restore(self, stored: Stored, now: float) -> None:
        watches: dict[str, list[float | None]] = msgspec.json.decode(stored.counts.get("watches", b"{}"))
        for name, watch in self._watches.items():
            baseline, snapshot = stored.models.get(name, (None, None))
            if snapshot is not None and baseline != watch.bank.baseline.id:
                log.warning("model %s has another baseline than its stored state (%s): it starts anew", name, baseline)
                try:
                    watch.bank.inherit(str(baseline), snapshot)
                except (KeyError, ValueError) as error:
                    log.warning("model %s: what was seen against %s cannot be read: %s", name, baseline, error)
            elif snapshot is not None:
                watch.bank.restore(snapshot)
                watch.restore([float("nan") if value is None else value for value in watches[name]])
            if watch.canary is None:  # what it found once is nobody's to take back
                for channel in BESIDE:
                    watch.bank.forget(channel, now)
