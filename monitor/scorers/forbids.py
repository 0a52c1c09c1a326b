"""Texts that must not be in an answer."""

from collections.abc import Sequence

from monitor.interfaces import Scored
from monitor.probing import Outcome, digest
from monitor.stats.normalised import holds, normalised


class Forbids:
    """BAD when the answer has one of the forbidden texts, however spaced, dashed or cased, but not inside a longer
    number; else GOOD, or UNDETERMINED where something is required too: that is for `requires` to say."""

    identity = digest("forbids/1")

    def score(self, batch: Sequence[Scored]) -> Sequence[Outcome]:
        return [_judged(scored) for scored in batch]


def _judged(scored: Scored) -> Outcome:
    said = normalised(scored.answer.text)
    if any(holds(said, normalised(text)) for text in scored.ask.expect.forbid):
        return Outcome.BAD
    return Outcome.UNDETERMINED if scored.ask.expect.require else Outcome.GOOD
