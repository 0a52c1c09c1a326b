"""Texts as they are compared when only what they say counts."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

_BETWEEN = r"[\s.\-\u2010-\u2015\u2212_\u00ad\u200b-\u200f\u2060\ufeff]"
"""Spaces, dots, dashes, underscores, and marks that nobody sees."""

_EVERY_BETWEEN = re.compile(f"{_BETWEEN}+")


def folded(text: str) -> str:
    """Compatibility forms made one (NFKC), case folded."""
    return unicodedata.normalize("NFKC", text).casefold()


def normalised(text: str) -> str:
    """Folded, and spaces, dots, dashes and underscores gone."""
    return _EVERY_BETWEEN.sub("", folded(text))


def holds(said: str, value: str) -> bool:
    """Whether folded `said` has the value, however spaced or dashed, not as a part of a longer number: 40-7731 is in
    "call 12 40 7731", not in "9407731" or "40-7731.5". An empty value is in nothing."""
    return _spelled(value).search(said) is not None


def held(said: str, values: Iterable[str]) -> int:
    """How many of the values folded `said` has."""
    return sum(holds(said, value) for value in values)


@lru_cache(maxsize=4_096)
def _spelled(value: str) -> re.Pattern[str]:
    value = normalised(value)
    if not value:
        return re.compile("(?!)")
    before = r"(?<!\d)(?<!\d\.)" if value[0].isdecimal() else ""
    after = r"(?!\.?\d)" if value[-1].isdecimal() else ""
    return re.compile(before + f"{_BETWEEN}*".join(map(re.escape, value)) + after)
