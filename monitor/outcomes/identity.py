"""Whether the same model answers, by the first tokens of its answers."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np

from monitor.outcomes.ladder import Wanted, climbed, lacking
from monitor.outcomes.observed import LEAST_ITEMS, by_ask
from monitor.probing import Observation, State
from monitor.stats.shuffles import distance, moved

LEAST_DISTANCE = 0.03
"""What a server rounds otherwise with other requests beside it moves probabilities by about a hundredth; another model,
or a fine-tune, by a fifth."""


class Identity(msgspec.Struct, frozen=True):
    """First tokens of the answers to prompts at which they are a near thing: mean total variation between then and now
    over `prompts`. `p` is the chance of that of an unchanged model; SUSPECT when at most `alpha`, and the distance is
    LEAST_DISTANCE or more; CHANGED when fresh answers `confirmed` it (their p-value, 1 when they are nearer than that;
    None: there are none yet). `by` says whether likely tokens with their probabilities were compared, or the tokens
    that came. `wanted` is to be put now."""

    state: State
    prompts: int
    by: str
    p: float
    alpha: float
    distance: float
    confirmed: float | None = None
    wanted: tuple[Wanted, ...] = ()


class _Moved(NamedTuple):
    prompts: int
    by: str
    p: float
    distance: float

    @property
    def p_if_far(self) -> float:
        """1.0 of what is nearer than LEAST_DISTANCE."""
        return self.p if self.distance >= LEAST_DISTANCE else 1.0


def compare_identity(
    then: Sequence[Observation], now: Sequence[Observation], fresh: Sequence[Observation], alpha: float
) -> Identity:
    """`now` are what runs of a week put, `fresh` what the latest put to confirm."""
    seen = _compared(then, now)
    again = _compared(then, fresh) if seen.p_if_far <= alpha else None
    confirmed = again.p_if_far if again is not None and again.prompts and 2 * again.prompts >= seen.prompts else None
    calm = State.STEADY if seen.prompts >= LEAST_ITEMS else State.NOT_ENOUGH
    state = climbed(seen.p_if_far, alpha, confirmed, found=State.CHANGED, calm=calm)
    wanted = lacking(sorted({o.ask for o in now}), 1, by_ask(fresh)) if state is State.SUSPECT else ()
    return Identity(state, seen.prompts, seen.by, seen.p, alpha, seen.distance, confirmed, wanted)


def _compared(then: Sequence[Observation], now: Sequence[Observation]) -> _Moved:
    """Prompts that were answered both times, each with as many answers as the one that has fewest."""
    before, after = (by_ask(o for o in some if o.answer.failure is None) for some in (then, now))
    asks = [ask for ask in after if ask in before]
    if not asks:
        return _Moved(0, "tokens", 1.0, 0.0)
    by_chance = all(o.answer.first_tokens for ask in asks for o in (*before[ask], *after[ask]))
    k, w = (min(len(some[ask]) for ask in asks) for some in (before, after))
    pairs = [
        ([_likely(o, by_chance) for o in before[a][:k]], [_likely(o, by_chance) for o in after[a][:w]]) for a in asks
    ]
    most = max(len({token for answer in (*b, *n) for token in answer}) for b, n in pairs)
    base, latest = np.zeros((len(asks), k, most)), np.zeros((len(asks), w, most))
    for i, (b, n) in enumerate(pairs):
        place = {token: j for j, token in enumerate(sorted({token for answer in (*b, *n) for token in answer}))}
        for answers, table in ((b, base), (n, latest)):
            for j, answer in enumerate(answers):
                for token, chance in answer.items():
                    table[i, j, place[token]] = chance
    by = "probabilities" if by_chance else "tokens"
    return _Moved(len(asks), by, moved(base, latest), distance(base, latest))


def _likely(o: Observation, by_chance: bool) -> dict[str, float]:
    """Tokens with their probabilities, or the token that came."""
    if by_chance and o.answer.first_tokens:
        return {token: math.exp(log) for token, log in o.answer.first_tokens}
    return {o.answer.text.strip(): 1.0}
