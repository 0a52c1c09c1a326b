"""What a monitor would have seen by now: how many values of each signal were compared in each topic, and from that the
smallest changes that would have been found (`stats.power`)."""

import math
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from monitor.baseline import Baseline
from monitor.interfaces import Role, Strata
from monitor.stats.bets import shift_and_spread
from monitor.stats.power import Power, Signals

FIRST = 32
"""Before so many exchanges no change counts as one that would have been seen."""

FEWEST = 12
"""A topic of fewer exchanges of the baseline is compared with others like it and is not looked at by itself."""

_BOUNDED = ("0/1", "share", "score")


def next_look(exchanges: int) -> int:
    """The next ordinal after which the answer is renewed: FIRST, then whenever an eighth more was measured."""
    look = FIRST
    while look <= exchanges:
        look += look // 8
    return look


class Smallest(NamedTuple):
    """(k,) the smallest change of each signal's mean that would have been seen, with its sign, NaN where none would
    have been; the topic that was met least, None where there is none; and the smallest change seen of those that are
    confined to it: elsewhere smaller ones are seen."""

    change: NDArray[np.float64]
    topic: int | None
    topic_change: NDArray[np.float64]


class Sensitivity:
    """Of one model. `tolerance` (k,) is, per signal, the change in spreads that does not matter.

    The answer is renewed only at fixed ordinals of exchanges, and when the threshold goes over the next tenth of a
    power of ten: it depends on what was measured and the threshold, not on when one asks. Between, it is kept. To renew
    it costs some 10 ms, in the report that comes next, at most 90 times in a million exchanges. The first time costs
    0.2 s with 500 exchanges in the baseline and a second with 10,000, and a quarter of that again whenever another
    topic is the one met least. Counting costs a tenth of a millisecond a batch of 256."""

    def __init__(self, baseline: Baseline, tolerance: NDArray[np.float64]) -> None:
        self._baseline, self._tolerance = baseline, tolerance
        # Values compared so far, and up to the latest look.
        self._compared = np.zeros((2, len(baseline.topics), len(tolerance)), np.int64)
        self._found: tuple[float, Smallest] | None = None
        self._powers: dict[int | None, Power] = {}

    @cached_property
    def _signals(self) -> Signals:
        baseline, known = self._baseline, self._baseline.known
        columns = baseline.gauge.columns(Role.SIGNAL)
        harm = np.array([c.harm for c in columns], np.int8)
        bets = shift_and_spread(harm)
        strata = np.where(known.supported[:, None] & ~np.isnan(known.residuals), known.strata, np.int32(-1))
        in_stratum = np.stack([(strata == g).sum(axis=0) for g in range(baseline.conditional.groups)])
        return Signals(
            values=baseline.signals,
            residuals=known.residuals,
            strata=strata,
            yes_no=np.array([c.unit == "0/1" for c in columns]),
            bounded=np.array([c.unit.startswith(_BOUNDED) for c in columns]),
            learns=self._tolerance <= 0,
            harm=harm,
            bets=bets,
            price=bets.price_of(self._tolerance, in_stratum),
        )

    def _power(self, topic: int | None) -> Power:
        """Of changes in all prompts, or in those of one topic. Kept: few topics are ever met least."""
        if topic not in self._powers:
            every = np.ones(len(self._baseline.ids), bool)
            chosen = every if topic is None else self._baseline.known.topic == topic
            self._powers[topic] = Power.fit(self._signals, chosen)
        return self._powers[topic]

    def count(self, exchanges: int, strata: Strata, topic: NDArray[np.int32]) -> None:
        """Takes the (n, k) strata (-1: not compared) and (n,) topics of exchanges that come after `exchanges`
        others."""
        start = 0
        while start < len(topic):
            stop = min(next_look(exchanges + start) - exchanges, len(topic))
            rows = slice(start, stop)
            within = topic[rows] == np.arange(len(self._compared[0]))[:, None]
            self._compared[0] += (within.astype(float) @ (strata[rows] >= 0)).astype(np.int64)
            if exchanges + stop == next_look(exchanges + start):
                self._compared[1], self._found = self._compared[0], None
            start = stop

    def smallest(self, threshold_log10: float) -> Smallest:
        """What would have been seen, as of the latest look. NaN before the first."""
        threshold = math.ceil(10 * threshold_log10 - 1e-6) / 10
        if self._found is None or self._found[0] != threshold:
            self._found = threshold, self._look(threshold * math.log(10))
        return self._found[1]

    def _look(self, log_threshold: float) -> Smallest:
        by_topic, none = self._compared[1], np.full(len(self._tolerance), np.nan)
        if not by_topic.any():
            return Smallest(none, None, none)
        seen, every = by_topic.sum(axis=0), self._power(None)
        change = every.smallest(log_threshold, seen, 0 * seen, every.still)
        known = np.bincount(self._baseline.known.topic, minlength=len(by_topic))
        large = np.flatnonzero(known >= FEWEST)
        if not len(large):
            return Smallest(change, None, none)
        topic = int(large[by_topic[large].max(axis=1).argmin()])
        here, within = by_topic[topic], self._power(topic)
        return Smallest(change, topic, within.smallest(log_threshold, here, seen - here, every.still))

    def dump(self) -> NDArray[np.int64]:
        return self._compared.copy()

    def load(self, compared: NDArray[np.int64]) -> None:
        """The inverse of `dump`, over the same baseline."""
        self._compared, self._found = compared.copy(), None
