"""Wider gaps between answers about different people."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from monitor.measures import MEASURES
from monitor.outcomes.ladder import Wanted, climbed, lacking
from monitor.outcomes.observed import JUDGED, LEAST_ITEMS, by_ask
from monitor.probing import Ask, Observation, State
from monitor.stats.exchange import larger_than_before


class Parity(msgspec.Struct, frozen=True):
    """Sets of asks that differ in whom they are about: the mean over `sets` of the gap between the answers of a set, in
    one measure, then and now. `p` is the chance of so large gaps of an unchanged model; SUSPECT when at most `alpha`,
    WORSE when fresh answers `confirmed` it (their p-value; None: there are none yet). `wanted` is to be put now."""

    measure: str
    state: State
    sets: int
    p: float
    alpha: float
    gap_before: float
    gap: float
    confirmed: float | None = None
    wanted: tuple[Wanted, ...] = ()


AGAIN = 3
"""So often the asks of a measure are put afresh: all of them, since a gap is of a set."""


class _Gaps(NamedTuple):
    sets: int
    p: float
    before: float
    now: float


_NONE = _Gaps(0, 1.0, 0.0, 0.0)


def compare_gaps(
    measure: str,
    asks: Sequence[Ask],
    then: Sequence[Observation],
    now: Sequence[Observation],
    fresh: Sequence[Observation],
    alpha: float,
) -> Parity:
    """A set is an item in one wording; each repeat of it is a gap, the largest measure less the smallest, and at least
    what the item allows. The mean of several present gaps against single ones of the baseline is on the safe side: a
    mean varies less."""
    least = {ask.hash: ask.expect.max_gap or 0.0 for ask in asks if measure in ask.expect.measure}
    before = _gaps(measure, least, then)
    seen = _wider(before, _gaps(measure, least, now))
    again = _wider(before, _gaps(measure, least, fresh)) if seen.p <= alpha else _NONE
    confirmed = again.p if again.sets and 2 * again.sets >= seen.sets else None
    calm = State.STEADY if seen.sets >= LEAST_ITEMS else State.NOT_ENOUGH
    state = climbed(seen.p, alpha, confirmed, found=State.WORSE, calm=calm)
    put = sorted({o.ask for o in now if o.ask in least})
    wanted = lacking(put, AGAIN, by_ask(fresh)) if state is State.SUSPECT else ()
    return Parity(measure, state, seen.sets, seen.p, alpha, seen.before, seen.now, confirmed, wanted)


def _wider(before: Mapping[tuple[str, str], list[float]], after: Mapping[tuple[str, str], list[float]]) -> _Gaps:
    sets = [key for key in after if key in before]
    if not sets:
        return _NONE
    latest = np.array([np.mean(after[key]) for key in sets])
    most = max(len(before[key]) for key in sets)
    known = np.array([before[key] + [np.nan] * (most - len(before[key])) for key in sets])
    return _Gaps(len(sets), larger_than_before(latest, known), float(np.nanmean(known)), float(latest.mean()))


def _gaps(
    measure: str, asks: Mapping[str, float], observations: Iterable[Observation]
) -> dict[tuple[str, str], list[float]]:
    """Per item and wording the gap of each day and repeat in which two or more of its variants were answered. `asks`
    are hashes with the least gap that counts."""
    found: defaultdict[tuple[str, str], defaultdict[tuple[int, int], list[float]]] = defaultdict(
        lambda: defaultdict(list)
    )
    least: dict[tuple[str, str], float] = {}
    for o in observations:
        if o.ask in asks and o.outcome in JUDGED:
            day = int(o.time // 86_400)
            found[o.item, o.carrier][o.repeat, day].append(MEASURES[measure](o.answer.text))
            least[o.item, o.carrier] = asks[o.ask]
    return {
        key: gaps
        for key, rounds in found.items()
        if (gaps := [max(max(values) - min(values), least[key]) for values in rounds.values() if len(values) > 1])
    }
