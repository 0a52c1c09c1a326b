"""Wider gaps between answers about different people."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import msgspec
import numpy as np

from monitor.measures import MEASURES
from monitor.outcomes.observed import JUDGED, LEAST_ITEMS
from monitor.probing import Ask, Observation, State
from monitor.stats.exchange import larger_than_before


class Parity(msgspec.Struct, frozen=True):
    """Sets of asks that differ in whom they are about: the mean over `sets` of the gap between the answers of a set, in
    one measure, then and now. `p` is the chance of so large gaps of an unchanged model; WORSE when at most `alpha`."""

    measure: str
    state: State
    sets: int
    p: float
    alpha: float
    gap_before: float
    gap: float


def compare_gaps(
    measure: str, asks: Sequence[Ask], then: Sequence[Observation], now: Sequence[Observation], alpha: float
) -> Parity:
    """A set is an item in one wording; each repeat of it is a gap, the largest measure less the smallest, and at least
    what the item allows. The mean of several present gaps against single ones of the baseline is on the safe side: a
    mean varies less."""
    wanted = {ask.hash: ask.expect.max_gap or 0.0 for ask in asks if measure in ask.expect.measure}
    before, after = _gaps(measure, wanted, then), _gaps(measure, wanted, now)
    sets = [key for key in after if key in before]
    latest = np.array([np.mean(after[key]) for key in sets])
    most = max((len(before[key]) for key in sets), default=0)
    known = np.array([before[key] + [np.nan] * (most - len(before[key])) for key in sets]).reshape(len(sets), most)
    p = larger_than_before(latest, known)
    state = State.WORSE if p <= alpha else State.STEADY if len(sets) >= LEAST_ITEMS else State.NOT_ENOUGH
    gap_before = float(np.nanmean(known)) if known.size else 0.0
    return Parity(measure, state, len(sets), p, alpha, gap_before, float(latest.mean()) if sets else 0.0)


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
