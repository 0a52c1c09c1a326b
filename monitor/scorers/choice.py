"""Which letter an answer chose."""

import re
from collections.abc import Mapping, Sequence

from monitor.interfaces import Scored
from monitor.probing import Ask, Outcome, digest
from monitor.stats.normalised import folded, holds

_ALONE = r"(?<![A-Za-z'\u2019])(?<!not )(?<!n't )[\(\[\"*]*{letter}[\)\]\"*.:,]*(?![A-Za-z'\u2019])"


class Choice:
    """GOOD when the answer names the right letter and no other, BAD when one other and not the right one, else
    UNDETERMINED. A letter counts at the very beginning, after "answer" or "option", or as a capital that stands alone;
    "A" counts so only with a mark after it, or before "or" and a letter, since it is a word. Where no letter is named,
    the text of an option stands for its letter: options are lines of the last question that begin with their letter.
    """

    identity = digest("choice/2")

    def score(self, batch: Sequence[Scored]) -> Sequence[Outcome]:
        return [_judged(scored) for scored in batch]


def _judged(scored: Scored) -> Outcome:
    expect, text = scored.ask.expect, scored.answer.text
    chosen = letters_in(text, expect.letters) or _by_text(text, options_of(scored.ask))
    if len(chosen) != 1:
        return Outcome.UNDETERMINED
    return Outcome.GOOD if chosen == {expect.answer} else Outcome.BAD


def letters_in(text: str, letters: Sequence[str]) -> set[str]:
    """The letters that the answer names as its choice."""
    text = text.strip()
    names = "|".join(map(re.escape, letters))
    first = re.match(rf"[\(\[\"*]*({names})(?=[\)\]\"*.:,/]|\s*$|\s*\n)", text, re.IGNORECASE)
    if first:
        rest = text[first.end() :]
        other = re.match(rf"[^A-Za-z]*(?:\b(?:or|and)\b|[,/&])[^A-Za-z]*({names})\b", rest, re.IGNORECASE)
        return {found[1].upper() for found in (first, other) if found}
    said = rf"\b(?:answer|option|choice)(?: is|:)?:?\s*[\(\[\"*]*({names})\b(?!['\u2019])"
    named = re.findall(said, text, re.IGNORECASE)
    if named:
        return {letter.upper() for letter in named}
    a_word = rf"\b{{letter}}(?:[\)\].:]|\s+(?:or|and)\s+(?:{names})\b)"
    return {
        letter
        for letter in letters
        if re.search((a_word if letter in ("A", "I") else _ALONE).format(letter=letter), text)
    }


def options_of(ask: Ask) -> Mapping[str, str]:
    """The text of each option of the last question by its letter; empty where it does not list them."""
    names = "|".join(map(re.escape, ask.expect.letters))
    if not names:
        return {}
    lines = re.findall(rf"(?m)^\s*[\(\[]?({names})[\)\].:]\s+(.+?)[.\s]*$", ask.turns[-1].content)
    return dict(lines)


def _by_text(text: str, options: Mapping[str, str]) -> set[str]:
    said = folded(text)
    return {letter for letter, option in options.items() if holds(said, option)}
