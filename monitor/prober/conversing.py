"""Puts one ask: turn by turn, within the budget, as long as the endpoint stands."""

import asyncio

import msgspec

from monitor.interfaces import Request, Target
from monitor.prober.budget import Budget, Reserved
from monitor.prober.ledger import Ledger
from monitor.probing import Answer, Ask, Failure, Kind, Turn

BREAKER = 10
"""After so many failures in a row nothing more is asked."""

FIRST_TOKENS = 20
"""So many of the likeliest first tokens are asked for where the model itself is to be known again."""

_TRIES = 6
_OF_THE_MODEL = frozenset({Failure.BLOCKED, Failure.EMPTY})
"""Failures of single asks: they say nothing against asking the next."""


class Conversation:
    """Shared by all asks of a run: `target`, `budget`, `ledger`, and the count of failures in a row."""

    def __init__(self, target: Target, budget: Budget, ledger: Ledger) -> None:
        self._target, self._budget, self._ledger = target, budget, ledger
        self._under_way = self._failures = 0
        self._settled = asyncio.Condition()

    async def put(self, ask: Ask, seed: int) -> Answer:
        """The answer to the last turn; a user's turn before another user's is put first, and its answer stays. `tries`
        counts the requests of all turns, 0 when nothing was asked."""
        turns: list[Turn] = []
        answer, tries = Answer(failure=Failure.EMPTY, tries=0), 0
        for i, turn in enumerate(ask.turns):
            turns.append(turn)
            last = i + 1 == len(ask.turns)
            if not last and not (turn.role == "user" and ask.turns[i + 1].role == "user"):
                continue
            answer = await self._complete(ask, tuple(turns), seed)
            tries += answer.tries
            if answer.failure is not None:
                break
            turns.append(Turn("assistant", answer.text or answer.refusal or ""))
        return msgspec.structs.replace(answer, tries=tries)

    async def _complete(self, ask: Ask, turns: tuple[Turn, ...], seed: int) -> Answer:
        first = FIRST_TOKENS if ask.kind is Kind.FINGERPRINT else 0
        request = Request(turns, ask.sampling, ask.tools, seed, first)
        if self._failures >= BREAKER:
            return Answer(failure=Failure.CIRCUIT, tries=0)
        reserved = await self._reserve(request)
        if reserved is None:
            return Answer(failure=Failure.BUDGET, tries=0)
        try:
            self._ledger.sent(turns)
            tries = reserved.spent.requests
            answer = await self._target.complete(Request(turns, ask.sampling, ask.tools, seed, first, tries))
        finally:
            self._under_way -= 1
        self._budget.settle(reserved, answer)
        self._ledger.answered(answer)
        await self._tell()
        stands = answer.failure is None or answer.failure in _OF_THE_MODEL
        self._failures = 0 if stands else self._failures + 1
        return answer

    async def _reserve(self, request: Request) -> Reserved | None:
        """Waits for what is under way, which may use less than is set aside for it, before it says no."""
        async with self._settled:
            while (reserved := self._budget.reserve(request, tries=_TRIES)) is None and self._under_way:
                await self._settled.wait()
            if reserved is not None:
                self._under_way += 1
        return reserved

    async def _tell(self) -> None:
        async with self._settled:
            self._settled.notify_all()
