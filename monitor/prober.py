"""Puts asks to a target and judges the answers."""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from monitor.interfaces import Request, Scored, Scorer, Target
from monitor.journal import Journal
from monitor.probing import Answer, Ask, Failure, Kind, Observation, Outcome, Turn

BREAKER = 10
"""After so many failures of the endpoint in a row nothing more is asked."""

FIRST_TOKENS = 20
"""So many of the likeliest first tokens are asked for where the model itself is to be known again."""

_ENDPOINT = frozenset(
    {Failure.UNAUTHORIZED, Failure.RATE_LIMITED, Failure.SERVER, Failure.TIMEOUT, Failure.UNREACHABLE}
)


@dataclass(slots=True)
class Budget:
    """The most that a run may use. None: no bound."""

    requests: int | None = None
    tokens: int | None = None

    def spent(self, requests: int, tokens: int) -> bool:
        return (self.requests is not None and requests >= self.requests) or (
            self.tokens is not None and tokens >= self.tokens
        )


class Prober:
    """Puts asks, as many at once as `concurrency`, and writes each observation to the journal.

    What the journal holds already is not asked again, but for what is MISSING there. When `budget` is spent, or the
    endpoint fails BREAKER times in a row, the rest is MISSING, with the reason: a run always ends, and never says good
    of what it did not see. `now` gives Unix seconds; `on_progress` is told how many observations there are.
    """

    def __init__(
        self,
        *,
        target: Target,
        scorers: Mapping[str, Scorer],
        now: Callable[[], float],
        concurrency: int = 4,
        budget: Budget | None = None,
        on_progress: Callable[[int], object] = lambda _: None,
    ) -> None:
        self._target, self._scorers, self._now = target, scorers, now
        self._gate = asyncio.Semaphore(concurrency)
        self._budget, self._on_progress = budget or Budget(), on_progress
        self._requests = self._tokens = self._failures = self._seen = 0

    async def run(self, asks: Sequence[Ask], journal: Journal, *, repeats: Sequence[int] = (0,)) -> None:
        """`repeats` are the ordinals of the times that each ask is put."""
        done = {(o.ask, o.item, o.variant, o.arm, o.repeat) for o in journal.done if o.outcome is not Outcome.MISSING}
        todo = [
            (ask, repeat)
            for repeat in repeats
            for ask in asks
            if (ask.hash, ask.item, ask.variant, ask.arm, repeat) not in done
        ]
        self._seen += len(asks) * len(repeats) - len(todo)
        self._on_progress(self._seen)
        await asyncio.gather(*(self._one(ask, repeat, journal) for ask, repeat in todo))

    async def _one(self, ask: Ask, repeat: int, journal: Journal) -> None:
        async with self._gate:
            at = self._now()
            answer = await self._answer(ask, seed_of(ask, repeat))
        outcome, scorer = self._judged(ask, answer)
        journal.add([_observed(ask, repeat, at, answer, outcome, scorer)])
        self._seen += 1
        self._on_progress(self._seen)

    async def _answer(self, ask: Ask, seed: int) -> Answer:
        """The answer to the last turn; a user's turn before another user's is put first, and its answer stays."""
        turns: list[Turn] = []
        answer = Answer(failure=Failure.EMPTY)
        for i, turn in enumerate(ask.turns):
            turns.append(turn)
            following = ask.turns[i + 1].role if i + 1 < len(ask.turns) else "user"
            if turn.role != "user" or following != "user":
                continue
            answer = await self._complete(ask, tuple(turns), seed)
            if answer.failure is not None:
                return answer
            turns.append(Turn("assistant", answer.text))
        return answer

    async def _complete(self, ask: Ask, turns: tuple[Turn, ...], seed: int) -> Answer:
        if self._budget.spent(self._requests, self._tokens):
            return Answer(failure=Failure.BUDGET)
        if self._failures >= BREAKER:
            return Answer(failure=Failure.CIRCUIT)
        self._requests += 1
        first = FIRST_TOKENS if ask.kind is Kind.FINGERPRINT else 0
        answer = await self._target.complete(Request(turns, ask.sampling, ask.tools, seed, first))
        self._tokens += answer.prompt_tokens + answer.completion_tokens
        self._failures = self._failures + 1 if answer.failure in _ENDPOINT else 0
        return answer

    def _judged(self, ask: Ask, answer: Answer) -> tuple[Outcome, str | None]:
        if answer.failure is not None:
            return (Outcome.BLOCKED if answer.failure is Failure.BLOCKED else Outcome.MISSING), None
        return judged(Scored(ask, answer), self._scorers)


def judged(scored: Scored, scorers: Mapping[str, Scorer]) -> tuple[Outcome, str | None]:
    """The outcome of the first of the ask's scorers that is sure, and `name@identity` of it."""
    for name in scored.ask.scorers:
        (outcome,) = scorers[name].score([scored])
        if outcome is not Outcome.UNDETERMINED:
            return outcome, f"{name}@{scorers[name].identity}"
    return Outcome.UNDETERMINED, None


def settled(
    observations: Sequence[Observation], asks: Mapping[str, Ask], name: str, scorer: Scorer
) -> list[Observation]:
    """The same observations, those UNDETERMINED among them judged by one more scorer, all at once. `asks` by hash; what
    was asked by none of them stays as it is."""
    open_ones = [o for o in observations if o.outcome is Outcome.UNDETERMINED and o.ask in asks]
    outcomes = scorer.score([Scored(asks[o.ask], o.answer) for o in open_ones])
    sure = {
        id(o): replace(o, outcome=outcome, scorer=f"{name}@{scorer.identity}")
        for o, outcome in zip(open_ones, outcomes, strict=True)
        if outcome is not Outcome.UNDETERMINED
    }
    return [sure.get(id(o), o) for o in observations]


def seed_of(ask: Ask, repeat: int) -> int:
    """The seed that goes with an ask: the same for each run, another for each repeat."""
    return int.from_bytes(hashlib.sha256(f"{ask.hash}/{repeat}".encode()).digest()[:4], "big") >> 1


def _observed(ask: Ask, repeat: int, at: float, answer: Answer, outcome: Outcome, scorer: str | None) -> Observation:
    return Observation(
        ask=ask.hash,
        item=ask.item,
        category=ask.category,
        kind=ask.kind,
        repeat=repeat,
        time=at,
        answer=answer,
        outcome=outcome,
        scorer=scorer,
        carrier=ask.carrier,
        variant=ask.variant,
        arm=ask.arm,
        of=ask.of,
        seed=seed_of(ask, repeat),
    )
