"""A live reference beside the deployed model: its base, or the adapter that was evaluated, asked the same."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from monitor.journal import Run
from monitor.outcomes.ladder import is_fresh
from monitor.outcomes.observed import JUDGED, LEAST_ITEMS, by, evidence_of, is_bad
from monitor.outcomes.windows import SECS, Window
from monitor.probing import Kind, Observation, State
from monitor.stats.differences import grew
from monitor.stats.discordant import evidence

BESIDE = frozenset(Kind) - {Kind.TRIGGER, Kind.FINGERPRINT, Kind.PARITY}
"""Kinds whose answers say by themselves whether they are good."""


class Beside(msgspec.Struct, frozen=True):
    """One category in `rounds` runs of both: `pairs` of answers that both could be judged, of which in `worse` the live
    model alone was bad, and in `better` the reference alone. WORSE when the evidence (log10) reaches its threshold.
    `by` is how: "coins", of a reference that should behave alike; "baseline", the difference of differences, of one
    that was asked beside the evaluated model too and need not: then runs are those of a week, and pairs those of asks
    that were put to both then."""

    category: str
    state: State
    rounds: int
    pairs: int
    worse: int
    better: int
    evidence_log10: float
    threshold_log10: float
    by: str = "coins"


_Moves = Mapping[str, Sequence[int]]
"""By ask for each pair 1 when the model's answer alone was bad, -1 when the reference's was, else 0."""


class _Round(NamedTuple):
    """When a run began, and its moves by category."""

    started: float
    moves: Mapping[str, _Moves]


def beside(
    baseline: Run, runs: Sequence[Run], references: Sequence[Run], reference_baseline: Run | None, alpha: float
) -> tuple[Beside, ...]:
    """Runs are paired with those of the reference; answers to one ask in the order of their repeats. `alpha` is the
    level of a look at one category.

    Without `reference_baseline`, how the reference answered beside the evaluated model, the pairs are coins: within n
    runs a false alarm has a chance of at most n alpha. With it the last week is compared, one look."""
    rounds = [_Round(run.header.started, _moves(run, other)) for run, other in _paired(runs, references)]
    before = None if reference_baseline is None else _moves(baseline, reference_baseline)
    found = []
    for category in sorted({category for one in rounds for category in one.moves}):
        some = [one for one in rounds if category in one.moves]
        if before is None:
            found.append(_by_coins(category, [one.moves[category] for one in some], alpha))
        else:
            week = [one.moves[category] for one in some if one.started > some[-1].started - SECS[Window.WEEK]]
            found.append(_by_baseline(category, week, before.get(category, {}), alpha))
    return tuple(found)


def _by_coins(category: str, rounds: Sequence[_Moves], alpha: float) -> Beside:
    return _beside(category, rounds, evidence(map(_discordant, rounds)), alpha, how="coins")


def _by_baseline(category: str, week: Sequence[_Moves], before: _Moves, alpha: float) -> Beside:
    rounds = [{ask: moves for ask, moves in one.items() if ask in before} for one in week]
    now: defaultdict[str, list[int]] = defaultdict(list)
    for one in rounds:
        for ask, moves in one.items():
            now[ask] += moves
    p = grew([before[ask] for ask in now], [*now.values()])
    return _beside(category, rounds, evidence_of(p), alpha, how="baseline")


def _beside(category: str, rounds: Sequence[_Moves], seen: float, alpha: float, *, how: str) -> Beside:
    needed, pairs = evidence_of(alpha), sum(len(moves) for one in rounds for moves in one.values())
    state = State.WORSE if seen >= needed else State.STEADY if pairs >= LEAST_ITEMS else State.NOT_ENOUGH
    worse, better = (sum(column) for column in zip(*map(_discordant, rounds), strict=True))
    return Beside(category, state, len(rounds), pairs, worse, better, seen, needed, how)


def _discordant(moves: _Moves) -> tuple[int, int]:
    """Pairs of which one answer alone was bad: its own, and the reference's."""
    every = [move for each in moves.values() for move in each]
    return every.count(1), every.count(-1)


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


def _moves(run: Run, reference: Run) -> dict[str, _Moves]:
    """By category."""
    there = _answers(reference)
    found: defaultdict[str, defaultdict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for key, mine in _answers(run).items():
        other = there.get(key)
        if other is not None and other.scorer == mine.scorer:
            found[str(mine.category)][mine.ask].append(int(is_bad(mine)) - int(is_bad(other)))
    return dict(found)


def _answers(run: Run) -> dict[tuple[str, str, int], Observation]:
    return {
        (o.ask, o.item, o.repeat): o for o in run.latest if o.kind in BESIDE and o.outcome in JUDGED and not is_fresh(o)
    }
