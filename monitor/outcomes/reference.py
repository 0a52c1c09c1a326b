"""A live reference beside the deployed model: its base, or the adapter that was evaluated, asked the same."""

import math
from collections.abc import Sequence

import msgspec

from monitor.journal import Run
from monitor.outcomes.ladder import is_fresh
from monitor.outcomes.observed import JUDGED, LEAST_ITEMS, is_bad
from monitor.probing import Kind, Observation, State
from monitor.stats.discordant import evidence

BESIDE = frozenset(Kind) - {Kind.TRIGGER, Kind.FINGERPRINT, Kind.PARITY}
"""Kinds whose answers say by themselves whether they are good."""


class Beside(msgspec.Struct, frozen=True):
    """One category in `rounds` runs of both: `pairs` of answers that both could be judged, of which in `worse` the live
    model alone was bad, and in `better` the reference alone. WORSE when the evidence (log10) reaches its threshold."""

    category: str
    state: State
    rounds: int
    pairs: int
    worse: int
    better: int
    evidence_log10: float
    threshold_log10: float


def beside(runs: Sequence[Run], references: Sequence[Run], alpha: float) -> tuple[Beside, ...]:
    """Each run is paired with the reference's that began last before the next run; answers to one ask in the order of
    their repeats. `alpha` is the level of a round: within n of them a false alarm has a chance of at most n alpha."""
    rounds: dict[str, list[list[int]]] = {}
    for run, reference in _paired(runs, references):
        told: dict[str, list[int]] = {}
        there = _answers(reference)
        for key, mine in _answers(run).items():
            other = there.get(key)
            if other is not None and other.scorer == mine.scorer:
                told.setdefault(str(mine.category), []).append(is_bad(mine) - is_bad(other))
        for category, moves in told.items():
            rounds.setdefault(category, []).append(moves)
    return tuple(_beside(category, some, alpha) for category, some in sorted(rounds.items()))


def _beside(category: str, rounds: Sequence[Sequence[int]], alpha: float) -> Beside:
    counts = [(moves.count(1), moves.count(-1)) for moves in rounds]
    seen, needed, pairs = evidence(counts), -math.log10(alpha), sum(map(len, rounds))
    state = State.WORSE if seen >= needed else State.STEADY if pairs >= LEAST_ITEMS else State.NOT_ENOUGH
    worse, better = (sum(column) for column in zip(*counts, strict=True))
    return Beside(category, state, len(rounds), pairs, worse, better, seen, needed)


def _paired(runs: Sequence[Run], references: Sequence[Run]) -> list[tuple[Run, Run]]:
    """By the epoch in which they were drawn, else in the order of their beginning."""
    if all(run.header.epoch is not None for run in (*runs, *references)):
        there = {run.header.epoch: run for run in references}
        pairs = [(run, there[run.header.epoch]) for run in runs if run.header.epoch in there]
    else:
        pairs = list(zip(*(sorted(some, key=lambda r: r.header.started) for some in (runs, references)), strict=False))
    return sorted(pairs, key=lambda pair: pair[0].header.started)


def _answers(run: Run) -> dict[tuple[str, str, int], Observation]:
    return {
        (o.ask, o.item, o.repeat): o for o in run.latest if o.kind in BESIDE and o.outcome in JUDGED and not is_fresh(o)
    }
