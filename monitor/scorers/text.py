"""Whether an answer is sound text at all: for questions of which the content is not judged."""

import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Sequence

from monitor.interfaces import Scored
from monitor.probing import Kind, Outcome, digest

LEAST_SHARE, LONG = 0.22, 200
"""Text of so many bytes or more that packs to less than this share repeats itself; English prose stays above 0.4."""

LEAST_LETTERS = 0.25
"""An answer with a smaller share of letters and digits is noise."""

MOST_ALIKE, WORDS = 0.6, 10
"""Of so many words or more, the share that may be one and the same."""

MOST_ODD = 0.4
"""The share of words that may be of letters that nobody can speak, or of several scripts at once."""

_LOOKED_AT = 20_000
_UNSPEAKABLE = re.compile(r"[bcdfghjklmnpqrstvwxz]{5,}|[a-z]*q[^u\W][a-z]*", re.IGNORECASE)
_SCRIPTS = ("LATIN", "CYRILLIC", "GREEK", "ARABIC", "HEBREW", "DEVANAGARI", "HANGUL", "THAI")


class Text:
    """GOOD for text; BAD for an answer that is empty (and calls no tool), that says one thing over and over, that is
    hardly letters and digits, or of which the words are no words: five consonants in a row, several scripts in one.
    Looks at the first 20,000 characters. Of a fingerprint any first token is GOOD."""

    identity = digest(["text/2", LEAST_SHARE, LONG, LEAST_LETTERS, MOST_ALIKE, WORDS, MOST_ODD, _LOOKED_AT])

    def score(self, batch: Sequence[Scored]) -> Sequence[Outcome]:
        return [Outcome.GOOD if _sound(scored) else Outcome.BAD for scored in batch]


def _sound(scored: Scored) -> bool:
    text = scored.answer.text[:_LOOKED_AT].strip()
    if not text:
        return bool(scored.answer.tool_calls or scored.answer.refusal)
    return scored.ask.kind is Kind.FINGERPRINT or not (_noise(text) or _repeats(text) or _gibberish(text))


def _noise(text: str) -> bool:
    marks = "".join(text.split())
    return sum(c.isalnum() or unicodedata.category(c) in ("Mc", "Mn") for c in marks) < LEAST_LETTERS * len(marks)


def _repeats(text: str) -> bool:
    words = text.casefold().split()
    if len(words) >= WORDS and Counter(words).most_common(1)[0][1] > MOST_ALIKE * len(words):
        return True
    raw = text.encode("utf-8", "replace")
    return len(raw) >= LONG and len(zlib.compress(raw, 6)) < LEAST_SHARE * len(raw)


def _gibberish(text: str) -> bool:
    words = [word for word in re.findall(r"[^\W\d_]{5,}", text) if not word.isupper()]
    if len(words) < WORDS / 2:
        return False
    odd = sum(_UNSPEAKABLE.search(word) is not None or _mixed(word) for word in words)
    return odd > MOST_ODD * len(words)


def _mixed(word: str) -> bool:
    """Whether letters of two alphabets stand in one word."""
    if word.isascii():
        return False
    names = {unicodedata.name(c, "").partition(" ")[0] for c in word}
    return len(names.intersection(_SCRIPTS)) > 1
