"""Which letter an answer chose."""

import re
from collections.abc import Sequence

from monitor.interfaces import Scored
from monitor.probing import Outcome, digest

_ALONE = r"(?<![A-Za-z'\u2019])[\(\[\"*]*{letter}[\)\]\"*.:,]*(?![A-Za-z'\u2019])"


class Choice:
    """GOOD when the answer names the right letter and no other, BAD when one other and not the right one, else
    UNDETERMINED. A letter counts at the very beginning, after "answer" or "option", or as a capital that stands alone;
    "A" counts so only with a mark after it, since it is a word."""

    identity = digest("choice/1")

    def score(self, batch: Sequence[Scored]) -> Sequence[Outcome]:
        return [_judged(scored) for scored in batch]


def _judged(scored: Scored) -> Outcome:
    expect = scored.ask.expect
    chosen = letters_in(scored.answer.text, expect.letters)
    if len(chosen) != 1:
        return Outcome.UNDETERMINED
    return Outcome.GOOD if chosen == {expect.answer} else Outcome.BAD


def letters_in(text: str, letters: Sequence[str]) -> set[str]:
    """The letters that the answer names as its choice."""
    text = text.strip()
    names = "|".join(map(re.escape, letters))
    first = re.match(rf"[\(\[\"*]*({names})(?=[\)\]\"*.:,]|\s*$|\s*\n)", text, re.IGNORECASE)
    if first:
        return {first[1].upper()}
    said = rf"\b(?:answer|option|choice)(?: is|:)?:?\s*[\(\[\"*]*({names})\b(?!['\u2019])"
    named = re.findall(said, text, re.IGNORECASE)
    if named:
        return {letter.upper() for letter in named}
    return {
        letter
        for letter in letters
        if re.search(_ALONE.format(letter=letter) if letter not in ("A", "I") else rf"\b{letter}[\)\].:]", text)
    }
