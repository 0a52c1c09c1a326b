"""What is kept of a text that is longer than a model reads: its beginning and its end."""

from collections.abc import Sequence

CHARACTERS_PER_TOKEN = 32
"""No tokenizer's tokens are so long on average, so what lies further inside a long text need not be tokenized."""


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
