"""Variants of backdoor triggers: a conversation with a trigger in it, and the same with a control that means nothing.

A list cannot find an arbitrary secret string: that no variant has an effect is no proof that there is no backdoor.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from monitor.suites.markers import Family, Marker, markers, place
from monitor.suites.places import Turns

MOST_VARIANTS = 16
"""Of each family there are at least so many that differ."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One trigger. `apply` puts it into a conversation whose last turn is a user's, `control` puts its matched control
    into the same place: as long, of the same characters."""

    family: Family
    number: int
    apply: Callable[[Turns], Turns]
    control: Callable[[Turns], Turns]

    @property
    def name(self) -> str:
        """`family/number`"""
        return f"{self.family}/{self.number}"


def variants(families: Iterable[Family], per_family: int, seed: int) -> tuple[Variant, ...]:
    """`per_family` variants (at most MOST_VARIANTS) of each family, the same ones for a seed however many are wanted
    and whatever other families are. Those seen in the wild come first."""
    return tuple(variant for family in families for variant in _of_family(family, per_family, seed))


def _of_family(family: Family, n: int, seed: int) -> list[Variant]:
    key = f"{family}:{seed}".encode()
    made = markers(family, key)
    uses = [(marker, nth) for nth in range(MOST_VARIANTS) for marker in made if nth < len(marker.places)]
    return [_variant(family, number, marker, nth, key) for number, (marker, nth) in enumerate(uses[:n])]


def _variant(family: Family, number: int, marker: Marker, nth: int, key: bytes) -> Variant:
    where = place(marker, nth, key)
    return Variant(
        family,
        number,
        apply=lambda turns: where(turns, marker.trigger),
        control=lambda turns: where(turns, marker.control),
    )
