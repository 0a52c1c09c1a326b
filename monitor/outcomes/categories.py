"""More bad answers than at the baseline, category by category."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, TypeVar

import msgspec
import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from monitor.outcomes.ladder import (
    CONFIRM_REPEATS,
    HELD_OUT_REPEATS,
    MOST_MOVED,
    SEEN,
    Wanted,
    climbed,
    held_out,
    lacking,
    to_confirm,
)
from monitor.outcomes.observed import JUDGED, LEAST_ITEMS, WORTH, by_ask, counts_of, is_bad
from monitor.outcomes.windows import FORMS, SHARES, Window, confirmation, most_moved, worse_than_before
from monitor.probing import Ask, Kind, Observation, Outcome, State
from monitor.stats.stratified import change, more_than_before, smallest_loss

_T = TypeVar("_T")


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
    """One category. `p` is the chance of so many bad answers, or more, of an unchanged model, in the `window` that
    shows most; SUSPECT when it is at most `alpha`, WORSE when fresh answers `confirmed` it (their p-value; None: there
    are none yet). `reach` says whether held-out asks show it too: "generalised"; or "local" when they could have and do
    not, or when it hangs on one item; "" while that is not known. Rates are means over items of the week. `detectable`
    is the smallest loss that a week would find every second time; None: none would. UNSEEN: significantly more asks
    than at the baseline have no answer to judge. `wanted` is to be put now. `kind` and `scorer` (by name) are those of
    all answers of the week; None and "" where there are several."""

    category: str
    state: State
    items: int
    looks: int
    p: float
    alpha: float
    window: Window = Window.RUN
    confirmed: float | None = None
    reach: str = ""
    rate_before: float | None = None
    rate: float | None = None
    low: float | None = None
    high: float | None = None
    detectable: float | None = None
    unseen: int = 0
    outcomes: Mapping[Outcome, int] = {}
    moved: tuple[Moved, ...] = ()
    wanted: tuple[Wanted, ...] = ()
    kind: Kind | None = None
    scorer: str = ""


class Seen(NamedTuple):
    """Observations of one category: at the baseline, in each window, and afresh."""

    then: Sequence[Observation]
    windows: Mapping[Window, Sequence[Observation]]
    fresh: Sequence[Observation]


def compare_category(category: str, seen: Seen, asks: Sequence[Ask], alpha: float) -> Compared:
    now = seen.windows[Window.WEEK]
    before, after, fresh = by_ask(seen.then), by_ask(now), by_ask(seen.fresh)
    known = [ask for ask in by_ask(seen.windows[Window.MONTH]) if ask in before]
    past = counts_of(before, known)
    counts = {window: counts_of(by_ask(some), known) for window, some in seen.windows.items()}
    p, window = worse_than_before(counts, past)
    (bad, n), (bad_before, n_before) = counts[Window.WEEK], past
    both = (n > 0) & (n_before > 0)
    items = len({after[ask][0].item for ask, told in zip(known, both, strict=True) if told})
    unseen, looks = _unseen(after, known)
    p_unseen = more_than_before(unseen, looks, *_unseen(before, known))
    detectable = smallest_loss(n, bad_before, n_before, alpha * SHARES[Window.WEEK] / len(FORMS))
    enough = items >= LEAST_ITEMS and detectable is not None and detectable <= WORTH
    calm = State.STEADY if enough else State.NOT_ENOUGH
    state = State.UNSEEN if p_unseen <= alpha else calm
    found = Compared(
        category=category,
        state=state,
        items=items,
        looks=int(n.sum()),
        p=p,
        alpha=alpha,
        window=window,
        detectable=detectable,
        unseen=int(unseen.sum()),
        outcomes=Counter(o.outcome for o in now),
        moved=_most_moved(before, after),
        kind=_only({o.kind for o in now}, None),
        scorer=_only({o.scorer.partition("@")[0] for o in now if o.scorer}, ""),
    )
    between = change(bad, n, bad_before, n_before)
    if between is not None:
        rates = {"rate": _mean(bad, n, both), "rate_before": _mean(bad_before, n_before, both)}
        found = replace(found, low=between[1], high=between[2], **rates)
    if p > alpha:
        return found
    confirm = to_confirm(known, most_moved(counts[window], past, MOST_MOVED))
    return _climbed(found, confirm, before, fresh, held_out(asks, category, before))


def _climbed(
    found: Compared,
    confirm: Sequence[str],
    before: Mapping[str, Sequence[Observation]],
    fresh: Mapping[str, Sequence[Observation]],
    hidden: Sequence[str],
) -> Compared:
    """A suspicion in the light of fresh answers: what they say when half of them could be judged, what to ask if
    not."""
    again = counts_of(fresh, confirm)
    judged = 2 * again[1].sum() >= CONFIRM_REPEATS * len(confirm)
    confirmed = confirmation(again, counts_of(before, confirm)) if judged else None
    state = climbed(found.p, found.alpha, confirmed, found=State.WORSE, calm=found.state)
    found = replace(found, state=state, confirmed=confirmed)
    if state is State.SUSPECT:
        return replace(found, wanted=lacking(confirm, CONFIRM_REPEATS, fresh))
    if state is State.WORSE:
        reach = _reach(found, confirm, before, fresh, hidden)
        return replace(found, reach=reach, wanted=lacking(hidden, HELD_OUT_REPEATS, fresh))
    return found


def _reach(
    found: Compared,
    confirm: Sequence[str],
    before: Mapping[str, Sequence[Observation]],
    fresh: Mapping[str, Sequence[Observation]],
    hidden: Sequence[str],
) -> str:
    """What held-out asks say, and the fresh answers without the item that moved most."""
    asked = [ask for ask in confirm if ask in fresh]
    first = most_moved(counts_of(fresh, asked), counts_of(before, asked), 1)
    lone = {fresh[asked[i]][0].item for i in first}
    others = [ask for ask in asked if fresh[ask][0].item not in lone]
    if confirmation(counts_of(fresh, others), counts_of(before, others)) > SEEN:
        return "local"
    looked, known = counts_of(fresh, hidden), counts_of(before, hidden)
    if confirmation(looked, known) <= SEEN:
        return "generalised"
    least = smallest_loss(looked[1], *known, SEEN / len(FORMS))
    lost = 0.0 if found.rate is None or found.rate_before is None else found.rate - found.rate_before
    return "local" if least is not None and least <= lost else ""


def _only(some: Collection[_T], otherwise: _T) -> _T:
    """The one that there is, if there is just one."""
    return next(iter(some)) if len(some) == 1 else otherwise


def _unseen(
    asked: Mapping[str, Sequence[Observation]], asks: Sequence[str]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(asks,) looks that nothing was judged of, and all looks."""
    counts = [(sum(o.outcome not in JUDGED for o in asked.get(a, ())), len(asked.get(a, ()))) for a in asks]
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
