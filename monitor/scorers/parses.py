"""Whether an answer is JSON."""

import json
from collections.abc import Sequence

from monitor.interfaces import Scored
from monitor.probing import Outcome, digest


class Parses:
    """GOOD when the answer is one JSON value, bare or alone in a fence; else BAD. NaN and Infinity are no JSON."""

    identity = digest("json/2")

    def score(self, batch: Sequence[Scored]) -> Sequence[Outcome]:
        return [Outcome.GOOD if _parses(scored.answer.text) else Outcome.BAD for scored in batch]


def _parses(text: str) -> bool:
    text = text.strip()
    if text.startswith("```") and text.endswith("```") and "\n" in text:
        text = text[text.index("\n") + 1 : -3]
    try:
        json.loads(text, parse_constant=_no_json)
    except (ValueError, RecursionError):
        return False
    return True


def _no_json(name: str) -> None:
    raise ValueError(name)
