"""Which exchanges are measured: by a hash of their ids, at a rate that the operator chose."""

import zlib
from bisect import bisect_left

import numpy as np

from monitor.records import EVERY, Draw, Exchange
from monitor.stats.sharing import shared

_LOOK_SECS = 10.0

_KEPT, _ERRORS = 0.9, 3.0
"""What a look leaves of the counts before it: some ten looks say how common a kind is. The latest says how much comes,
and a kind is held to be within so many standard errors of its latest count."""

_TURNS, _CHARACTERS = (1, 5), (200, 2_000)
KINDS = 2 * 2 * (len(_TURNS) + 1) * (len(_CHARACTERS) + 1)
"""Kinds of exchanges that `kind_of` tells apart."""


class Sampler:
    """Keeps about `target_per_sec` exchanges a second of record time; None keeps all. With `by_kind` rare kinds are
    kept whole and common ones thinned (`stats.sharing`), else all have one chance.

    Whether an exchange is kept depends on it and on the records before it, never on the machine's clock, so a replay
    keeps the same. Chances follow the traffic every ten seconds of record time; a kind that did not come before is
    kept whole until then.
    """

    def __init__(self, target_per_sec: float | None, *, by_kind: bool = False) -> None:
        self._target, self._by_kind = target_per_sec, by_kind
        self._kinds = KINDS if by_kind else 1
        self._chances, self._least, self._chance = [1.0] * self._kinds, 1.0, 1.0
        self._since, self._seen, self._past = float("nan"), [0] * self._kinds, np.zeros(self._kinds)

    @property
    def chance(self) -> float:
        """The present chance of an exchange to be kept, in (0, 1], on average over the kinds as they come."""
        return self._chance

    def draw(self, exchange: Exchange) -> Draw | None:
        """How the exchange came to be kept; None when it is left out."""
        if self._target is None:
            return EVERY
        if exchange.time is not None:
            self._look(exchange.time, self._target)
        kind = kind_of(exchange) if self._by_kind else 0
        self._seen[kind] += 1
        chance = self._chances[kind]
        # The multiplier moves the hash's low bits, which deal exchanges into folds, away from the high ones used here.
        place = zlib.crc32(exchange.id.encode("utf-8", "surrogatepass")) * 0x9E3779B1 % 2**32 / 2**32
        return Draw(chance, even=place < self._least) if place < chance else None

    def _look(self, time: float, target: float) -> None:
        passed = time - self._since
        if passed >= _LOOK_SECS:
            self._share(target * passed)
        elif passed >= 0:
            return
        self._since, self._seen = time, [0] * self._kinds

    def _share(self, target: float) -> None:
        """Sets the chances at which of what came since the last look about `target` would have been kept."""
        seen = np.array(self._seen, np.float64)
        self._past = self._past * _KEPT + seen
        doubt = _ERRORS * np.sqrt(np.maximum(seen, 1.0))
        rates = np.clip(self._past / self._past.sum() * seen.sum(), seen - doubt, seen + doubt)
        chances = shared(target, rates)
        self._chances, self._least = chances.tolist(), float(chances.min())
        self._chance = float(chances @ (rates / rates.sum()))

    def dump(self) -> list[float]:
        return [self._since, self._chance, *self._chances, *map(float, self._seen), *self._past.tolist()]

    def restore(self, stored: list[float]) -> None:
        """The inverse of `dump`. What a sampler with other kinds has stored is of no use: this one then starts anew."""
        if len(stored) != 2 + 3 * self._kinds:
            return
        self._since, self._chance = stored[:2]
        self._chances, seen, past = (stored[2 + i * self._kinds :][: self._kinds] for i in range(3))
        self._least, self._seen, self._past = min(self._chances), [int(n) for n in seen], np.array(past)


def kind_of(exchange: Exchange) -> int:
    """The kind of the request, 0 to KINDS - 1: with or without a system prompt, with or without tools, a band of the
    number of turns and one of the length of the user's last message. Each is an input of the conditional model too, so
    a mix that is thinned unevenly is one that the baseline can tell. About a microsecond."""
    said, turns, system = 0, 0, False
    for message in exchange.messages:
        if message.role in {"system", "developer"}:
            system = True
        else:
            turns += 1
            said = len(message.content) if message.role == "user" else said
    band = bisect_left(_TURNS, turns) * (len(_CHARACTERS) + 1) + bisect_left(_CHARACTERS, said)
    return (band * 2 + system) * 2 + bool(exchange.tools)
