"""What answers are judged to be."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from monitor.errors import ConfigError
from monitor.interfaces import Scored, Scorer
from monitor.probing import Ask, Failure, Kind, Outcome

Judgement = tuple[Outcome, str | None]
"""An outcome, and `name@identity` of the scorer that decided; None when nobody had to."""

_COMPARED = frozenset({Kind.FINGERPRINT, Kind.PARITY})
"""Kinds whose answers are compared with each other: alone, each is as good as another."""


def check_scorers(asks: Sequence[Ask], scorers: Mapping[str, Scorer]) -> None:
    """ConfigError when an ask names a scorer that is not there: its answers would stay without a judgement."""
    for ask in asks:
        for name in ask.scorers:
            if name not in scorers:
                raise ConfigError(f"{ask.item}: there is no scorer {name}; known: {', '.join(sorted(scorers))}")


def judged(batch: Sequence[Scored], scorers: Mapping[str, Scorer]) -> list[Judgement]:
    """For each answer that is there the outcome of the first of its ask's scorers that is sure. Each scorer is given
    all at once what it has to judge. A failure is BLOCKED or MISSING, an answer from a cache MISSING."""
    out = [_unscored(scored) for scored in batch]
    waiting = [i for i, judgement in enumerate(out) if judgement is None]
    for place in range(max((len(batch[i].ask.scorers) for i in waiting), default=0)):
        by_scorer: defaultdict[str, list[int]] = defaultdict(list)
        for i in waiting:
            names = batch[i].ask.scorers
            if place < len(names) and out[i] is None:
                by_scorer[names[place]].append(i)
        for name, rows in by_scorer.items():
            scorer = scorers[name]
            for i, outcome in zip(rows, scorer.score([batch[i] for i in rows]), strict=True):
                if outcome is not Outcome.UNDETERMINED:
                    out[i] = (outcome, f"{name}@{scorer.identity}")
    return [judgement or (Outcome.UNDETERMINED, None) for judgement in out]


def _unscored(scored: Scored) -> Judgement | None:
    """The judgement of what no scorer looks at, None of what one must."""
    if scored.answer.failure is Failure.BLOCKED:
        return Outcome.BLOCKED, None
    if scored.answer.failure is not None or scored.answer.cached:
        return Outcome.MISSING, None
    if not scored.ask.scorers and scored.ask.kind in _COMPARED:
        return Outcome.GOOD, None
    return None
