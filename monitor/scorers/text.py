"""Whether an answer is sound text at all: for questions of which the content is not judged."""

import zlib
from collections.abc import Sequence

from monitor.interfaces import Scored
from monitor.probing import Outcome, digest

LEAST_SHARE, LONG = 0.22, 200
"""Text of so many bytes or more that packs to less than this share repeats itself; English prose stays above 0.4."""

LEAST_LETTERS = 0.25
"""An answer with a smaller share of letters and digits is noise."""


class Text:
    """GOOD for text; BAD for an answer that repeats itself over and over or is hardly letters and digits."""

    identity = digest(["text/1", LEAST_SHARE, LONG, LEAST_LETTERS])

    def score(self, batch: Sequence[Scored]) -> Sequence[Outcome]:
        return [Outcome.GOOD if _sound(scored.answer.text) else Outcome.BAD for scored in batch]


def _sound(text: str) -> bool:
    marks = text.split()
    letters = sum(map(str.isalnum, "".join(marks)))
    if letters < LEAST_LETTERS * sum(map(len, marks)):
        return False
    raw = text.encode("utf-8", "replace")
    return len(raw) < LONG or len(zlib.compress(raw, 6)) >= LEAST_SHARE * len(raw)
