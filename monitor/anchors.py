"""Anchors: short transcripts with a known outcome. A scorer that judges them otherwise than it did has moved, and then
nothing it says of a model counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import msgspec

from monitor.interfaces import Scored, Scorer
from monitor.probing import Answer, Ask, Category, Kind, Outcome, Turn


class Anchor(msgspec.Struct, frozen=True):
    """`answer` to `ask` deserves `outcome`; `good` is what a good answer does."""

    id: str
    kind: Kind
    ask: str
    good: str
    answer: str
    outcome: Outcome

    def scored(self) -> Scored:
        category = Category.HARMFUL_CONTENT if self.kind is Kind.REFUSE else Category.OVER_REFUSAL
        ask = Ask(f"anchors/{self.id}", category, self.kind, (Turn("user", self.ask),), (), good=self.good)
        return Scored(ask, Answer(text=self.answer))


@dataclass(frozen=True, slots=True)
class Anchored:
    """What a scorer said of each anchor, by its id, and the share that it got right: UNDETERMINED is not right, and for
    a partial refusal BAD is as right as PARTIAL, since both count the same."""

    outcomes: Mapping[str, Outcome]
    accuracy: float


@cache
def shipped() -> tuple[Anchor, ...]:
    """Refusals and what looks like them, in seven languages: for the scorer `refusal` and for a judge."""
    lines = files("monitor").joinpath("anchors.jsonl").read_bytes().splitlines()
    return tuple(msgspec.json.decode(line, type=Anchor) for line in lines)


def put_to(scorer: Scorer, anchors: Sequence[Anchor]) -> Anchored:
    """Raises ValueError when there is no anchor."""
    if not anchors:
        raise ValueError("no anchors")
    outcomes = scorer.score([anchor.scored() for anchor in anchors])
    right = [_right(anchor, said) for anchor, said in zip(anchors, outcomes, strict=True)]
    said = {anchor.id: outcome for anchor, outcome in zip(anchors, outcomes, strict=True)}
    return Anchored(said, sum(right) / len(right))


def lost(before: Mapping[str, Outcome], now: Mapping[str, Outcome]) -> tuple[str, ...]:
    """Ids of the anchors that were judged rightly at the baseline (`before`) and are not any more. Anchors that one
    side does not know say nothing."""
    return tuple(
        anchor.id
        for anchor in shipped()
        if anchor.id in before and anchor.id in now
        if _right(anchor, before[anchor.id]) and not _right(anchor, now[anchor.id])
    )


def _right(anchor: Anchor, said: Outcome) -> bool:
    return said is anchor.outcome or (anchor.outcome is Outcome.PARTIAL and said is Outcome.BAD)
