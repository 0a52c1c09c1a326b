"""How sure the model was of its answer: means over the answer's tokens, from the log probabilities it recorded."""

from collections.abc import Sequence

import numpy as np

from monitor.formats.openai.bodies import Logprobs

LOWEST_LOGPROB = -20.0
"""vLLM writes -9999 for minus infinity, and one such token would outweigh a whole answer."""


def mean_logprob(logprobs: Logprobs | None) -> float | None:
    """In nats, each token held within [-20, 0]. None when no token has one."""
    if logprobs is None:
        return None
    values: Sequence[float | None] = (
        [token.logprob for token in logprobs.content] if logprobs.content else logprobs.token_logprobs or ()
    )
    held = [min(0.0, max(LOWEST_LOGPROB, value)) for value in values if value is not None]
    return sum(held) / len(held) if held else None


def mean_entropy(logprobs: Logprobs | None) -> float | None:
    """In nats, over the tokens with at least two recorded alternatives; None when there is no such token.

    Only the most likely alternatives are recorded. The probability that they leave over counts as one more outcome, so
    that the value is a lower bound, and comes close where the alternatives cover most of the distribution.
    """
    alternatives = [] if logprobs is None else _alternatives(logprobs)
    if not alternatives:
        return None
    starts = np.cumsum([0, *map(len, alternatives[:-1])])
    held = np.clip(np.concatenate(alternatives), LOWEST_LOGPROB, 0.0)
    chance = np.exp(held)
    rest = np.clip(1.0 - np.add.reduceat(chance, starts), 0.0, 1.0)
    rest_term = -rest * np.log(np.where(rest > 0.0, rest, 1.0))
    return float(np.mean(np.add.reduceat(-chance * held, starts) + rest_term))


def _alternatives(logprobs: Logprobs) -> list[list[float]]:
    """Per token the log probabilities of its alternatives, tokens with fewer than two left out."""
    if logprobs.content:
        tops = [
            [other.logprob for other in token.top_logprobs or () if other.logprob is not None]
            for token in logprobs.content
        ]
    else:
        tops = [list(top.values()) for top in logprobs.top_logprobs or () if top]
    return [top for top in tops if len(top) >= 2]
