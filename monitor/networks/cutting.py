"""What is kept of a text that is longer than a model reads: its beginning and its end."""

from collections.abc import Sequence

CHARACTERS_PER_TOKEN = 32
"""No tokenizer's tokens are so long on average, so what lies further inside a long text need not be tokenized."""

MOST_TILES = 8
"""Pieces of one answer that are read: bounds what it costs."""


def head_and_tail(tokens: Sequence[int], most: int) -> list[int]:
    """The first and the last half of `most` tokens; all where there are no more. An odd one goes to the head."""
    if len(tokens) <= most:
        return list(tokens)
    tail = most // 2
    return [*tokens[: most - tail], *tokens[len(tokens) - tail :]]


def edges(text: str, most_tokens: int) -> str:
    """`text` without a middle that `head_and_tail` would not keep: bounds what a huge text costs. Lone surrogates,
    which no tokenizer takes, become question marks."""
    side = CHARACTERS_PER_TOKEN * max(most_tokens, 1)
    if len(text) > 2 * side:
        text = f"{text[:side]} {text[-side:]}"
    return text.encode("utf-8", "replace").decode("utf-8")


def tiles(count: int, width: int, most: int) -> list[slice]:
    """Where pieces of `width` lie in a row of `count` tokens: one each three quarters of a width, so that what stands
    at the edge of a piece stands inside its neighbour; the last ends with the row. Of more than `most` the first and
    the last stay. One piece, if shorter, of a row that is no longer than one."""
    if count <= width:
        return [slice(0, count)]
    starts = [*range(0, count - width, width - width // 4), count - width]
    return [slice(start, start + width) for start in head_and_tail(starts, most)]
