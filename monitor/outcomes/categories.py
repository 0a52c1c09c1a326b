"""More bad answers than at the baseline, category by category."""

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from monitor.outcomes.observed import JUDGED, LEAST_ITEMS, by_ask, counts_of, is_bad
from monitor.probing import Observation, Outcome, State
from monitor.stats.stratified import change, more_than_before, smallest_loss

DAY_SECS = 86_400.0
DAY_SHARE = 0.25

Counts = tuple[NDArray[np.int64], NDArray[np.int64]]


class Moved(msgspec.Struct, frozen=True):
    """An item whose outcomes became worse most: bad answers then and now, and one answer of each time."""

    item: str
    carrier: str
    bad_before: int
    judged_before: int
    bad: int
    judged: int
    answer_before: str
    answer: str


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One category. `p` is the chance of so many bad answers, or more, of an unchanged model; WORSE when it is at most
    `alpha`. Rates are means over items. `detectable` is the smallest loss that would be found every second time; None:
    none would. UNSEEN: significantly more asks than at the baseline have no answer to judge."""

    category: str
    state: State
    items: int
    looks: int
    p: float
    alpha: float
    rate_before: float | None = None
    rate: float | None = None
    low: float | None = None
    high: float | None = None
    detectable: float | None = None
    unseen: int = 0
    outcomes: Mapping[Outcome, int] = {}
    moved: tuple[Moved, ...] = ()


def worse_than_before(week: Counts, day: Counts, before: Counts) -> float:
    """The chance, when nothing changed, of so many bad answers in the week, or of so many in its last day: (asks,) bad
    and judged ones of each. The two share the level, DAY_SHARE of it for the day: a week sees smaller losses, but its
    first days are of before, and a collapse must be seen overnight."""
    p_week, p_day = more_than_before(*week, *before), more_than_before(*day, *before)
    return min(1.0, p_week / (1 - DAY_SHARE), p_day / DAY_SHARE)


def compare_category(category: str, then: Sequence[Observation], now: Sequence[Observation], alpha: float) -> Compared:
    before, after = by_ask(then), by_ask(now)
    asks = [ask for ask in after if ask in before]
    bad, n = counts_of(after, asks)
    bad_before, n_before = counts_of(before, asks)
    both = (n > 0) & (n_before > 0)
    items = len({after[ask][0].item for ask, seen in zip(asks, both, strict=True) if seen})
    latest = max(o.time for o in now)
    last = by_ask(o for o in now if o.time > latest - DAY_SECS)
    bad_last, n_last = counts_of({ask: last.get(ask, ()) for ask in asks}, asks)
    p = worse_than_before((bad, n), (bad_last, n_last), (bad_before, n_before))
    unseen, looks = _unseen(after, asks)
    unseen_before, looks_before = _unseen(before, asks)
    p_unseen = more_than_before(unseen, looks, unseen_before, looks_before)
    if p <= alpha:
        state = State.WORSE
    elif p_unseen <= alpha:
        state = State.UNSEEN
    else:
        state = State.STEADY if items >= LEAST_ITEMS else State.NOT_ENOUGH
    between = change(bad, n, bad_before, n_before)
    rates = (None, None) if between is None else (_mean(bad, n, both), _mean(bad_before, n_before, both))
    return Compared(
        category=category,
        state=state,
        items=items,
        looks=int(n.sum()),
        p=p,
        alpha=alpha,
        rate=rates[0],
        rate_before=rates[1],
        low=None if between is None else between[1],
        high=None if between is None else between[2],
        detectable=smallest_loss(n, bad_before, n_before, alpha * (1 - DAY_SHARE)),
        unseen=int(unseen.sum()),
        outcomes=Counter(o.outcome for o in now),
        moved=_most_moved(before, after),
    )


def _unseen(
    asked: Mapping[str, Sequence[Observation]], asks: Sequence[str]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(asks,) looks that nothing was judged of, and all looks."""
    counts = [(sum(o.outcome not in JUDGED for o in asked[a]), len(asked[a])) for a in asks]
    table = np.array(counts, np.int64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def _mean(bad: NDArray[np.int64], n: NDArray[np.int64], both: NDArray[np.bool_]) -> float:
    return float((bad[both] / n[both]).mean())


def _most_moved(
    before: Mapping[str, Sequence[Observation]], after: Mapping[str, Sequence[Observation]], most: int = 5
) -> tuple[Moved, ...]:
    """The asks whose rate of bad answers rose most."""
    found = []
    for ask, now in after.items():
        then = before.get(ask, ())
        (bad,), (n,) = counts_of(after, [ask])
        (bad_before,), (n_before,) = counts_of(before, [ask]) if then else ((0,), (0,))
        if not n or not n_before or bad / n <= bad_before / n_before:
            continue
        shown = next(o for o in now if is_bad(o))
        beside = next((o for o in then if o.outcome is Outcome.GOOD), then[0])
        found.append(
            (bad / n - bad_before / n_before, ask,
             Moved(now[0].item, now[0].carrier, int(bad_before), int(n_before), int(bad), int(n),
                   beside.answer.text, shown.answer.text))
        )  # fmt: skip
    found.sort(key=lambda f: (-f[0], f[1]))
    return tuple(moved for _, _, moved in found[:most])
