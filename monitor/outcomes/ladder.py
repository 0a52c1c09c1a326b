"""The ladder of an alarm: what looks are suspicious of is asked afresh, and what is confirmed is asked otherwise."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from monitor.probing import Ask, Observation, Outcome, Rotation, State

FRESH = 1_000
"""Repeats from this one on were put to confirm: they are in no window, so what made a look stand out has no part."""

CONFIRM_REPEATS, HELD_OUT_REPEATS = 10, 3
MOST_MOVED, MOST_OTHERS = 20, 10

CONFIRMED = 0.05
"""The level of the test on fresh answers. The looks alone keep the budget; this only takes away, and a stricter one
takes losses that are spread evenly: of 500 of 3 % each, 41 % are told within 30 days at 0.01, and 47 % at 0.05."""

SEEN = 0.05
"""The level at which held-out asks show a loss that was confirmed already."""


class Wanted(msgspec.Struct, frozen=True):
    """An ask, by its hash, to be put so many times to confirm."""

    ask: str
    repeats: int


def is_fresh(o: Observation) -> bool:
    return o.repeat >= FRESH


def climbed(p: float, alpha: float, again: float | None, *, found: State, calm: State) -> State:
    """The state of a check with `p`, in the light of the p-value of fresh answers if there are any."""
    if p > alpha:
        return calm
    if again is None:
        return State.SUSPECT
    return found if again <= CONFIRMED else calm


def to_confirm(asks: Sequence[str], moved: Sequence[int]) -> list[str]:
    """The asks that moved, and some that did not: the first of these by their hash, which nobody chose."""
    chosen = [asks[i] for i in moved]
    return [*chosen, *sorted(set(asks) - set(chosen))[:MOST_OTHERS]]


def held_out(asks: Iterable[Ask], category: str, known: Mapping[str, object]) -> list[str]:
    """Hashes of the held-out asks of a category that the baseline knows."""
    return [a.hash for a in asks if a.rotation is Rotation.HELD_OUT and str(a.category) == category and a.hash in known]


def lacking(wanted: Iterable[str], repeats: int, fresh: Mapping[str, Sequence[Observation]]) -> tuple[Wanted, ...]:
    """What of `wanted` was not put afresh `repeats` times."""
    put = {ask: sum(o.outcome is not Outcome.MISSING for o in some) for ask, some in fresh.items()}
    return tuple(Wanted(ask, repeats) for ask in wanted if put.get(ask, 0) < repeats)
