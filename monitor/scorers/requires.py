"""Texts that must be in an answer."""

from collections.abc import Sequence

from monitor.interfaces import Scored
from monitor.probing import Outcome, digest
from monitor.stats.normalised import holds, normalised


class Requires:
    """GOOD when the answer has all required texts, however spaced, dashed or cased; else BAD."""

    identity = digest("requires/1")

    def score(self, batch: Sequence[Scored]) -> Sequence[Outcome]:
        return [_judged(scored) for scored in batch]


def _judged(scored: Scored) -> Outcome:
    said = normalised(scored.answer.text)
    has = all(holds(said, normalised(text)) for text in scored.ask.expect.require)
    return Outcome.GOOD if has else Outcome.BAD
