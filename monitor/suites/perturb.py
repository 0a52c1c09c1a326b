"""Odd surfaces of a text that leave what it asks as it was. The same text always comes out the same."""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum

from monitor.suites.draws import drawn, one_of


class Perturbation(StrEnum):
    """Ways to write the same request. A closed set."""

    TYPOS = "typos"
    ALL_CAPS = "all_caps"
    EMOJI = "emoji"
    NO_SPACES = "no_spaces"
    LONG_PREAMBLE = "long_preamble"
    MIXED_LANGUAGE = "mixed_language"
    EMPTY_LINES = "empty_lines"


_KEY = b"perturbations"
_EMOJI = ("🙂", "🚀", "🌈", "🎉", "🐢", "🍋", "📎", "🔔")
_EMPTY_LINES = 40
_PREAMBLE = (
    "I have been meaning to write for a while. The weather has been mild, the garden is doing well, and the neighbours "
    "have painted their fence. On Saturday we walked along the canal, counted eleven ducks and had tea by the lock. "
    "My cousin is learning the accordion, slowly. The train was on time for once, and I read half of a book about "
    "lighthouses. Somebody left a blue umbrella at the bakery and it is still there. None of this matters for what "
    "comes now, I only like to begin a letter properly. "
) * 3


def perturbed(text: str, how: Perturbation) -> str:
    """The text as that perturbation writes it: unchanged where it has nothing to take hold of (`no_spaces` of one
    word)."""
    return _WAYS[how](text)


def _typos(text: str) -> str:
    """Two neighbouring letters change places in about every third longer word, never the first or the last letter, so
    that it stays readable. Numbers are left alone."""

    def slipped(word: re.Match[str]) -> str:
        said = word.group()
        if drawn(_KEY, "typo", text, word.start()) % 3:
            return said
        at = 1 + drawn(_KEY, "where", text, word.start()) % (len(said) - 3)
        return said[:at] + said[at + 1] + said[at] + said[at + 2 :]

    return re.sub(r"[^\W\d_]{4,}", slipped, text)


def _emoji(text: str) -> str:
    words = text.split(" ")
    marked = [
        f"{word} {one_of(_EMOJI, _KEY, 'emoji', text, i)}" if i % 3 == 2 or i == len(words) - 1 else word
        for i, word in enumerate(words)
    ]
    return " ".join(marked)


_WAYS: Mapping[Perturbation, Callable[[str], str]] = {
    Perturbation.TYPOS: _typos,
    Perturbation.ALL_CAPS: str.upper,
    Perturbation.EMOJI: _emoji,
    Perturbation.NO_SPACES: lambda text: text.replace(" ", ""),
    Perturbation.LONG_PREAMBLE: lambda text: f"{_PREAMBLE}\n\n{text}",
    Perturbation.MIXED_LANGUAGE: lambda text: f"Hola, buenos días! {text} Vielen Dank und merci beaucoup.",
    Perturbation.EMPTY_LINES: lambda text: "\n" * _EMPTY_LINES + text + "\n" * _EMPTY_LINES,
}
