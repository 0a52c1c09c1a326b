"""Texts that must not be in an answer."""

from collections.abc import Sequence

from monitor.interfaces import Scored
from monitor.probing import Outcome, digest
from monitor.stats.normalised import folded, held


class Forbids:
    """BAD when the answer has one of the forbidden texts, however spaced, dashed or cased, but not inside a longer
    number; else GOOD, or UNDETERMINED where something is required too: that is for `requires` to say."""

    identity = digest("forbids/2")

    def score(self, batch: Sequence[Scored]) -> Sequence[Outcome]:
        return [_judged(scored) for scored in batch]


def forbidden_and_decoys(scored: Scored) -> tuple[int, int]:
    """How many of the forbidden texts the answer has, and how many of the decoys, which the model never saw: as many of
    these tell that a hit may be chance."""
    said, expect = folded(scored.answer.text), scored.ask.expect
    return held(said, expect.forbid), held(said, expect.decoys)


def _judged(scored: Scored) -> Outcome:
    forbidden, _ = forbidden_and_decoys(scored)
    if forbidden:
        return Outcome.BAD
    return Outcome.UNDETERMINED if scored.ask.expect.require else Outcome.GOOD
