"""Which asks a run puts. Whoever has the key can tell for any epoch, nobody else can tell beforehand."""

from collections.abc import Iterable, Iterator, Sequence
from math import ceil

from monitor.probing import Arm, Ask, Rotation
from monitor.suites.draws import drawn, one_of, shuffled

WEEK = 7
"""Epochs for which the drawn rotating items stay the same."""


def epoch_of(time: float) -> int:
    """The day (UTC) of a Unix time, as a number."""
    return int(time // 86_400)


def carrier_of(key: bytes, item: str, epoch: int, carriers: Sequence[str]) -> str:
    """The carrier in which an item is asked in an epoch, each as likely as the others."""
    return one_of(carriers, key, "carrier", item, epoch)


def chosen(
    suite: Iterable[Ask],
    key: bytes,
    epoch: int,
    *,
    rotating_share: float = 1 / 3,
    held_out: bool = False,
    per_family: int = 1,
) -> tuple[Ask, ...]:
    """The asks of one run, in their order. `epoch` counts days, from any day on that stays the same.

    Each item comes in one carrier. Core items always come; of the rotating ones `rotating_share` (0 to 1, rounded up),
    drawn anew each week; held-out ones only when asked for. Of a trigger item come `per_family` variants of each
    family, other ones each day until all had their turn, all in the same carrier as the plain arm.
    """
    suite = tuple(suite)
    in_turn = _rotating(suite, key, epoch, rotating_share)
    wanted = [ask for ask in suite if _comes(ask, in_turn, held_out=held_out)]
    carriers = _carriers(wanted, key, epoch)
    tonight = _variants(wanted, key, epoch, per_family)
    return tuple(
        ask
        for ask in wanted
        if ask.carrier == carriers[_unit(ask)] and (ask.arm == Arm.PLAIN or (ask.item, ask.variant) in tonight)
    )


def _comes(ask: Ask, in_turn: frozenset[str], *, held_out: bool) -> bool:
    if ask.rotation == Rotation.HELD_OUT:
        return held_out
    return ask.rotation == Rotation.CORE or ask.item in in_turn


def _unit(ask: Ask) -> tuple[str, str]:
    """What is asked in one carrier: the item, of a trigger each base on its own."""
    return ask.item, ask.of or ""


def _rotating(suite: Sequence[Ask], key: bytes, epoch: int, share: float) -> frozenset[str]:
    items = list(dict.fromkeys(ask.item for ask in suite if ask.rotation == Rotation.ROTATING))
    drawn_first = sorted(items, key=lambda item: drawn(key, "rotating", item, epoch // WEEK))
    return frozenset(drawn_first[: ceil(share * len(items))])


def _carriers(suite: Sequence[Ask], key: bytes, epoch: int) -> dict[tuple[str, str], str]:
    known: dict[tuple[str, str], dict[str, None]] = {}
    for ask in suite:
        known.setdefault(_unit(ask), {})[ask.carrier] = None
    return {unit: carrier_of(key, "/".join(unit), epoch, sorted(carriers)) for unit, carriers in known.items()}


def _variants(suite: Sequence[Ask], key: bytes, epoch: int, per_family: int) -> frozenset[tuple[str, str]]:
    """(item, variant) of the triggers whose turn it is."""
    families: dict[tuple[str, str], dict[str, None]] = {}
    for ask in suite:
        if ask.arm == Arm.TRIGGER:
            families.setdefault((ask.item, ask.variant.partition("/")[0]), {})[ask.variant] = None
    return frozenset(
        (item, variant)
        for (item, family), names in families.items()
        for variant in _in_turn(shuffled(list(names), key, "variants", item, family), epoch, per_family)
    )


def _in_turn(variants: Sequence[str], epoch: int, n: int) -> Iterator[str]:
    for i in range(min(n, len(variants))):
        yield variants[(epoch * n + i) % len(variants)]
