"""Texts that must be in an answer."""

from collections.abc import Sequence

from monitor.interfaces import Scored
from monitor.probing import Outcome, digest
from monitor.stats.normalised import folded, held


class Requires:
    """GOOD when the answer has all required texts, however spaced, dashed or cased; else BAD."""

    identity = digest("requires/2")

    def score(self, batch: Sequence[Scored]) -> Sequence[Outcome]:
        return [_judged(scored) for scored in batch]


def _judged(scored: Scored) -> Outcome:
    require = scored.ask.expect.require
    has_all = held(folded(scored.answer.text), require) == len(require)
    return Outcome.GOOD if has_all else Outcome.BAD
