"""How an answer begins and how it ends: agreement, apology, thanks, "I", a repeated question, a closing offer."""

import re

import numpy as np
from numpy.typing import NDArray

from monitor.batch import Batch, Hashes, Ints, Words, ratio
from monitor.interfaces import Column, Matrix, Role

_FIRST_WORDS = re.compile(
    r"""(?P<agreement>(sure|certainly|of\ course|absolutely|definitely|yes|okay|ok|no\ problem|gladly)\b)
    |(?P<apology>(i'm\ (very\ |so\ |really\ )?sorry|i\ am\ sorry|sorry|i\ apologi[sz]e|apologies|my\ apologies
        |unfortunately|i\ can't|i\ cannot|i\ can\ not|i\ won't|i'm\ unable|i\ am\ unable|i'm\ not\ able)\b)
    |(?P<warmth>(thank|thanks|great|good\ question|what\ a|hello|hi|hey|welcome|i'd\ be\ happy|happy\ to|i'd\ love
        |that's\ (a\ )?(great|wonderful|good))\b)
    |(?P<i>i\b)
    |(?P<here>(here|below)\b)""",
    re.VERBOSE,
)
_CLASSES = ("agreement", "apology", "warmth", "i", "here")
_STRUCTURE = re.compile(r"[-*+•] |\d{1,3}[.)] |#|```|\||[{\[<]")
_OFFERS = (
    "let me know",
    "hope this helps",
    "hope that helps",
    "hope it helps",
    "feel free to",
    "happy to help",
    "anything else",
    "further questions",
    "any other questions",
    "don't hesitate",
    "would you like me to",
)
_HEAD_CHARACTERS, _TAIL_CHARACTERS = 48, 240
_RESTATED_WORDS, _LONG_WORD = 24, 5
_ROW_MIX = np.uint64(0xBF58476D1CE4E5B9)


def _opens(name: str, words: str) -> Column:
    return Column(f"opens_{name}", Role.SIGNAL, "0/1", f"more answers that open {words}", f"fewer that open {words}")


class Opening:
    """Signals of the first and last words of an answer (English).

    The first class that fits is 1, the others are 0; a fixed order decides: structure (list, heading, code, table,
    JSON), agreement, apology, warmth, "I", "here". `restates`: share of the longer words (5 bytes or more) among the
    first 24 that the prompt has; NaN when there are none. Other columns are never NaN; an empty answer has 0.
    `closing_offer` looks at the last 240 characters. Cost: 6 us per exchange.
    """

    columns = (
        _opens("structure", "with a list, heading or code"),
        _opens("agreement", "with agreement"),
        _opens("apology", "with an apology"),
        _opens("warmth", "with thanks or praise"),
        _opens("i", "with I"),
        _opens("here", "with here is"),
        Column("restates", Role.SIGNAL, "share of first words", "prompts repeated more", "prompts repeated less"),
        Column("closing_offer", Role.SIGNAL, "0/1", "more closing offers", "fewer closing offers"),
    )

    def measure(self, batch: Batch) -> Matrix:
        answers = batch.answer.strings
        openers = np.zeros((len(answers), 1 + len(_CLASSES)))
        for i, place in enumerate(map(_opener, answers)):
            if place is not None:
                openers[i, place] = 1.0
        restates = _restated(batch.answer.words, batch.prompt.words)
        return np.column_stack((openers, restates, np.array([_offers(text) for text in answers], np.float64)))


def _opener(text: str) -> int | None:
    head = text[: 2 * _HEAD_CHARACTERS].lstrip()[:_HEAD_CHARACTERS]
    if _STRUCTURE.match(head):
        return 0
    found = _FIRST_WORDS.match(head.lower().lstrip("*_\"'> "))
    return None if found is None or found.lastgroup is None else 1 + _CLASSES.index(found.lastgroup)


def _offers(text: str) -> bool:
    tail = text[-_TAIL_CHARACTERS:].lower()
    return any(offer in tail for offer in _OFFERS)


def _restated(answer: Words, prompt: Words) -> NDArray[np.float64]:
    keys, rows = _long_words(answer.head(_RESTATED_WORDS))
    known, _ = _long_words(prompt)
    n = len(answer.counts)
    return ratio(np.bincount(rows[np.isin(keys, known)], minlength=n), np.bincount(rows, minlength=n))


def _long_words(words: Words) -> tuple[Hashes, Ints]:
    """Of each longer word a hash that also tells the row, and the row."""
    long = words.end - words.start >= _LONG_WORD
    rows = words.row[long]
    return words.hash[long] + rows.astype(np.uint64) * _ROW_MIX, rows
