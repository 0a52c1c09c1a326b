"""Settings from several places laid over each other, each value remembering where it came from."""

from collections.abc import Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from monitor.settings.keys import KeyPath, spelled


@dataclass(frozen=True, slots=True, order=True)
class Origin:
    """Where a value was given. `rank` orders the places (file, environment, flag), `line` is 0 outside a file."""

    rank: int
    line: int
    text: str


FLAG = Origin(rank=2, line=0, text="flag")


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One line for the operator, ordered by where it stands."""

    origin: Origin
    text: str

    def __str__(self) -> str:
        return f"{self.origin.text}: {self.text}"


@dataclass(frozen=True, slots=True)
class Assignment:
    """One value at one key. An empty map only makes sure that the map is there; a list replaces the list below it."""

    path: KeyPath
    value: Any
    origin: Origin


@dataclass(slots=True)
class Layers:
    """The effective tree, the origin of each of its keys (of maps and lists too), and what did not fit."""

    tree: dict[str, Any] = field(default_factory=dict)
    origins: dict[KeyPath, Origin] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def nearest_origin(self, path: KeyPath, default: Origin) -> Origin:
        """The origin of the key, or of the innermost map or list around it that has one."""
        known = (self.origins[path[:length]] for length in range(len(path), 0, -1) if path[:length] in self.origins)
        return next(known, default)


def assignments(path: KeyPath, value: Any, origin: Origin) -> Iterator[Assignment]:
    """A value as the assignments of all its parts, outer before inner."""
    if isinstance(value, Mapping):
        if not value or (path and isinstance(path[-1], int)):
            yield Assignment(path, {}, origin)
        for name, part in value.items():
            yield from assignments((*path, str(name)), part, origin)
    elif isinstance(value, list | tuple):
        yield Assignment(path, [], origin)
        for index, part in enumerate(value):
            yield from assignments((*path, index), part, origin)
    else:
        yield Assignment(path, value, origin)


def laid_over(given: Iterable[Assignment]) -> Layers:
    """All assignments in their order; a later one wins."""
    layers = Layers()
    for assignment in given:
        _assign(layers, assignment)
    return layers


def _assign(layers: Layers, given: Assignment) -> None:
    here: Any = layers.tree
    for depth, (part, following) in enumerate(pairwise((*given.path, None))):
        empty: Any = [] if isinstance(following, int) else {}
        last = following is None
        if isinstance(part, int) and part > len(here):
            text = f"{spelled(given.path[: depth + 1])}: no such place; the list has {len(here)}"
            layers.problems.append(Problem(given.origin, text))
            return
        present = here[part] if _holds(here, part) else None
        keep = isinstance(present, dict) and given.value == {} if last else type(present) is type(empty)
        if not keep:
            present = copy(given.value) if last else empty
            if _holds(here, part):
                _forget(layers, given.path[: depth + 1])
            layers.origins[given.path[: depth + 1]] = given.origin
            _put(here, part, present)
        here = present


def _holds(container: Any, part: str | int | None) -> bool:
    return part < len(container) if isinstance(part, int) else part in container


def _put(container: Any, part: str | int | None, value: Any) -> None:
    if isinstance(container, list) and part == len(container):
        container.append(value)
    else:
        container[part] = value


def _forget(layers: Layers, path: KeyPath) -> None:
    """What stood at a replaced key no longer has an origin."""
    for old in [known for known in layers.origins if known[: len(path)] == path]:
        del layers.origins[old]
