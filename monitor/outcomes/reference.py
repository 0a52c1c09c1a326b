"""A live reference beside the deployed model: its base, or the adapter that was evaluated, asked the same."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from monitor.journal import Run
from monitor.outcomes.ladder import is_fresh
from monitor.outcomes.observed import JUDGED, LEAST_ITEMS, by, is_bad
from monitor.outcomes.windows import SECS, Window
from monitor.probing import Kind, Observation, State
from monitor.stats.differences import grew
from monitor.stats.discordant import evidence

_LEAST_P = 1e-300

BESIDE = frozenset(Kind) - {Kind.TRIGGER, Kind.FINGERPRINT, Kind.PARITY}
"""Kinds whose answers say by themselves whether they are good."""


class Beside(msgspec.Struct, frozen=True):
    """One category in `rounds` runs of both: `pairs` of answers that both could be judged, of which in `worse` the live
    model alone was bad, and in `better` the reference alone. WORSE when the evidence (log10) reaches its threshold.
    `by` is how: "coins", of a reference that should behave alike; "baseline", the difference of differences, of one
    that was asked beside the evaluated model too and need not."""

    category: str
    state: State
    rounds: int
    pairs: int
    worse: int
    better: int
    evidence_log10: float
    threshold_log10: float
    by: str = "coins"


class _Round(NamedTuple):
    """When a run began, and by category and ask 1 for each pair of which its answer alone was bad, -1 for each of which
    the reference's was, else 0."""

    started: float
    moves: dict[str, dict[str, list[int]]]


def beside(
    baseline: Run, runs: Sequence[Run], references: Sequence[Run], reference_baseline: Run | None, alpha: float
) -> tuple[Beside, ...]:
    """Runs are paired with those of the reference; answers to one ask in the order of their repeats. `alpha` is the
    level of a look at one category.

    Without `reference_baseline`, how the reference answered beside the evaluated model, the pairs are coins: within n
    runs a false alarm has a chance of at most n alpha. With it the last week is compared, one look."""
    rounds = [_Round(run.header.started, _moves(run, other)) for run, other in _paired(runs, references)]
    before = {} if reference_baseline is None else _moves(baseline, reference_baseline)
    categories = sorted({category for one in rounds for category in one.moves})
    return tuple(
        _beside(category, rounds, None if reference_baseline is None else before.get(category, {}), alpha)
        for category in categories
    )


def _beside(
    category: str, rounds: Sequence[_Round], before: Mapping[str, Sequence[int]] | None, alpha: float
) -> Beside:
    some = [one for one in rounds if category in one.moves]
    moves = [[move for each in one.moves[category].values() for move in each] for one in some]
    counts = [(each.count(1), each.count(-1)) for each in moves]
    if before is None:
        seen = evidence(counts)
    else:
        week = [one.moves[category] for one in some if one.started > some[-1].started - SECS[Window.WEEK]]
        seen = -math.log10(max(_grown(before, week), _LEAST_P))
    needed, pairs = -math.log10(alpha), sum(map(len, moves))
    state = State.WORSE if seen >= needed else State.STEADY if pairs >= LEAST_ITEMS else State.NOT_ENOUGH
    worse, better = (sum(column) for column in zip(*counts, strict=True))
    how = "coins" if before is None else "baseline"
    return Beside(category, state, len(some), pairs, worse, better, seen, needed, how)


def _grown(before: Mapping[str, Sequence[int]], week: Iterable[Mapping[str, Sequence[int]]]) -> float:
    now: defaultdict[str, list[int]] = defaultdict(list)
    for one in week:
        for ask, moves in one.items():
            now[ask] += moves
    asks = sorted(now.keys() & before.keys())
    return grew([before[ask] for ask in asks], [now[ask] for ask in asks])


def _paired(runs: Sequence[Run], references: Sequence[Run]) -> list[tuple[Run, Run]]:
    """Those of the same suites, by the epoch in which they were drawn and, within it or where one has none, in the
    order of their beginning: none is in two pairs."""
    whole = all(run.header.epoch is not None for run in (*runs, *references))

    def turn(run: Run) -> tuple[object, ...]:
        return (run.header.epoch if whole else None, *sorted(run.header.suites))

    mine, there = (by(turn, sorted(some, key=_started)) for some in (runs, references))
    pairs = [pair for key, some in mine.items() for pair in zip(some, there.get(key, ()), strict=False)]
    return sorted(pairs, key=lambda pair: _started(pair[0]))


def _started(run: Run) -> float:
    return run.header.started


def _moves(run: Run, reference: Run) -> dict[str, dict[str, list[int]]]:
    there = _answers(reference)
    found: defaultdict[str, defaultdict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for key, mine in _answers(run).items():
        other = there.get(key)
        if other is not None and other.scorer == mine.scorer:
            found[str(mine.category)][mine.ask].append(int(is_bad(mine)) - int(is_bad(other)))
    return {category: dict(moves) for category, moves in found.items()}


def _answers(run: Run) -> dict[tuple[str, str, int], Observation]:
    return {
        (o.ask, o.item, o.repeat): o for o in run.latest if o.kind in BESIDE and o.outcome in JUDGED and not is_fresh(o)
    }
