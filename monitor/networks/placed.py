"""Tokens, and where each of them stands in its text: what a model says of tokens is said of words of the text."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.errors import ConfigError
from monitor.networks.frame import plain_options

_UNPARTED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\ud7ff]")
"""Letters of scripts that put no blanks between words, or hang particles on them: Thai, Lao, Burmese, Khmer, kana, Han,
Hangul. There a word ends where its last token does."""


@dataclass(frozen=True, slots=True)
class Placed:
    """`tokens` of `text` without special ones, and `spans` (n, 2): where each begins in it, and where it has ended.
    Tokens that together are one character share its place."""

    text: str
    tokens: list[int]
    spans: NDArray[np.int32]

    def stretches(self, chosen: NDArray[np.bool_]) -> list[str]:
        """The text of each maximal run of chosen tokens, in their order, without blanks around it; a word with a chosen
        token belongs to its run as a whole. `chosen` (n,), one for each token."""
        if not chosen.any():
            return []
        whole, spans = chosen.tolist(), self.spans.tolist()
        joined = [False, *(self._joined(end, start) for (_, end), (start, _) in pairwise(spans))]
        for i in range(1, len(joined)):
            whole[i] = whole[i] or (joined[i] and whole[i - 1])
        for i in range(len(joined) - 1, 0, -1):
            whole[i - 1] = whole[i - 1] or (joined[i] and whole[i])
        edges = np.flatnonzero(np.diff([False, *whole, False])).tolist()
        runs = zip(edges[::2], edges[1::2], strict=True)
        found = (self.text[spans[first][0] : spans[after - 1][1]].strip() for first, after in runs)
        return [each for each in found if each]

    def _joined(self, end: int, start: int) -> bool:
        """Whether one token that has ended and the next stand in the same word."""
        # An accent by itself, which many tokenizers join to its letter or drop, stands between two tokens.
        return start < end or all(map(_goes_on, self.text[max(end - 1, 0) : start + 1]))


def placed(tokenizer: Any, texts: Sequence[str]) -> list[Placed]:
    """Each text with its tokens, however long. ConfigError where the tokenizer does not say where they stand."""
    if not tokenizer.is_fast:
        raise ConfigError("the tokenizer does not say where tokens stand in a text; name a model with a tokenizer.json")
    return [_placed(tokenizer, text) for text in texts]  # one by one: what tokenizers keep of a huge text is tens of MB


def _placed(tokenizer: Any, text: str) -> Placed:
    made = tokenizer(text, return_offsets_mapping=True, **plain_options())
    return Placed(text, made["input_ids"], np.array(made["offset_mapping"], np.int32).reshape(-1, 2))


def _goes_on(character: str) -> bool:
    letter = character.isalnum() or unicodedata.category(character)[0] == "M"
    return letter and not _UNPARTED.match(character)
