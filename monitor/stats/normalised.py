"""Texts as they are compared when only what they say counts."""

import re
import unicodedata

_BETWEEN = re.compile(r"[\s.\-\u2010-\u2015\u2212_]+")


def normalised(text: str) -> str:
    """Compatibility forms made one (NFKC), case folded, spaces, dots, dashes and underscores gone."""
    return _BETWEEN.sub("", unicodedata.normalize("NFKC", text).casefold())


def holds(text: str, value: str) -> bool:
    """Whether normalised `text` has normalised `value`, not as a part of a longer number."""
    start = text.find(value)
    while value and start >= 0:
        before, after = text[start - 1 : start], text[start + len(value) : start + len(value) + 1]
        longer = (before.isdigit() and value[0].isdigit()) or (after.isdigit() and value[-1].isdigit())
        if not longer:
            return True
        start = text.find(value, start + 1)
    return False
