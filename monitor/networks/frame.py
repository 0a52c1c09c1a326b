"""The special tokens that a model wants around a text, or around and between two."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from monitor.errors import ConfigError

_STANDS_FOR = ("a", "b")
"""Texts that show where a tokenizer puts those that are framed: one token each, or a few."""


@dataclass(frozen=True, slots=True)
class Frame:
    """`special`: tokens before, between and after the texts; `special_kinds`: a kind for each of them, and `kinds` that
    of each text's tokens: models for pairs want to be told which text a token is of. None where they do not."""

    special: tuple[tuple[int, ...], ...]
    special_kinds: tuple[tuple[int, ...], ...] | None
    kinds: tuple[int, ...]

    @property
    def size(self) -> int:
        """How many special tokens there are."""
        return sum(map(len, self.special))

    def around(self, *texts: Sequence[int]) -> list[int]:
        """The tokens of texts, framed."""
        tokens = list(self.special[0])
        for text, after in zip(texts, self.special[1:], strict=True):
            tokens += [*text, *after]
        return tokens

    def kinds_around(self, *texts: Sequence[int]) -> list[int] | None:
        """The kind of each framed token; None where the model does not want it."""
        if self.special_kinds is None:
            return None
        kinds = list(self.special_kinds[0])
        for text, kind, after in zip(texts, self.kinds, self.special_kinds[1:], strict=True):
            kinds += [kind] * len(text) + list(after)
        return kinds


def plain_options() -> dict[str, Any]:
    """How a tokenizer is called for the tokens of texts without special ones, however long. Files of tokenizers often
    say how to truncate and pad: not here."""
    return {"add_special_tokens": False, "truncation": False, "padding": False, "verbose": False}


def plain_tokens(tokenizer: Any, texts: Sequence[str]) -> list[list[int]]:
    """Tokens of each text without special ones, however long."""
    ids: list[list[int]] = tokenizer(list(texts), **plain_options())["input_ids"] if texts else []
    return ids


def frame_of(tokenizer: Any, texts: int) -> Frame:
    """What the tokenizer puts around one text, or two. ConfigError where it changes the texts, too."""
    plain = plain_tokens(tokenizer, _STANDS_FOR[:texts])
    made = tokenizer(*_STANDS_FOR[:texts], truncation=False, padding=False)
    whole = list(made["input_ids"])
    bounds = [0]
    for each in plain:
        at = next((i for i in range(bounds[-1], len(whole)) if whole[i : i + len(each)] == each), None)
        if at is None or not each:
            raise ConfigError("the tokenizer changes a text beside its special tokens; name another model")
        bounds += [at, at + len(each)]
    bounds.append(len(whole))
    special = tuple(pairwise(bounds))[::2]
    kinds = made.get("token_type_ids")
    return Frame(
        tuple(tuple(whole[start:end]) for start, end in special),
        None if kinds is None else tuple(tuple(kinds[start:end]) for start, end in special),
        () if kinds is None else tuple(kinds[at] for at in bounds[1:-1:2]),
    )
