"""How many requests are under way at once: more while the endpoint keeps up, half as many when it does not."""

import asyncio

from monitor.probing import Answer, Failure

_BUSY = frozenset({Failure.RATE_LIMITED, Failure.SERVER, Failure.TIMEOUT})
_SLOWER, _NO_BETTER = 2.0, 0.8
_MEMORY = 1 / 8
_FIXED_TOKENS = 10  # what an answer costs before its first token, in tokens
_LEAST_ANSWERS = 8


class Pace:
    """From 1 to `most` at once. Begins with one and doubles with each round, until the endpoint first falls behind;
    from then on one more a round. It falls behind when it refuses for being busy, fails, takes too long, had to be
    tried again, or when the time per token is twice the least that it was. Then half as many are allowed, once for all
    that were under way."""

    def __init__(self, most: int) -> None:
        self._most, self._allowed, self._doubling = most, 1.0, True
        self._under_way = self._started = self._last_start_before_cut = 0
        self._secs: float | None = None
        self._least = self._before_cut = float("inf")
        self._answers = 0
        self._free = asyncio.Condition()

    @property
    def allowed(self) -> int:
        return int(self._allowed)

    async def enter(self) -> int:
        """Waits for a place; gives the ordinal of the request."""
        async with self._free:
            await self._free.wait_for(lambda: self._under_way < self.allowed)
            self._under_way += 1
            self._started += 1
            return self._started

    async def leave(self, ordinal: int, answer: Answer | None) -> None:
        """Gives the place back. None: nothing was asked."""
        async with self._free:
            self._under_way -= 1
            if answer is not None:
                self._learn(ordinal, answer)
            self._free.notify_all()

    def _learn(self, ordinal: int, answer: Answer) -> None:
        if ordinal <= self._last_start_before_cut:
            return
        if answer.failure in _BUSY or answer.tries > 1 or self._slower(answer):
            self._allowed, self._doubling = max(1.0, self._allowed / 2), False
            self._last_start_before_cut, self._answers, self._secs = self._started, 0, None
        else:
            more = 1.0 if self._doubling else 1.0 / self._allowed
            self._allowed = min(float(self._most), self._allowed + more)

    def _slower(self, answer: Answer) -> bool:
        """Whether seconds per token, smoothed since the last cut, are twice the least that they were. When they stay
        what they were before a cut, it is no load of ours: then they are the new measure."""
        if answer.failure is not None or not answer.latency_secs:
            return False
        secs = answer.latency_secs / (_FIXED_TOKENS + answer.completion_tokens)
        self._secs = secs if self._secs is None else self._secs + _MEMORY * (secs - self._secs)
        self._answers += 1
        if self._answers < _LEAST_ANSWERS:
            return False
        if self._secs > _NO_BETTER * self._before_cut:
            self._least = self._secs
        self._before_cut, self._least = float("inf"), min(self._least, self._secs)
        if self._secs <= _SLOWER * self._least:
            return False
        self._before_cut = self._secs
        return True
