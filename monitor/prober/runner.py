"""A run: asks are put, judged and kept."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

import msgspec

from monitor.interfaces import Scored, Scorer, Target
from monitor.journal import Journal
from monitor.prober.budget import Budget, Spent
from monitor.prober.caching import Echoes
from monitor.prober.conversing import BREAKER, Conversation
from monitor.prober.judging import check_scorers, judged
from monitor.prober.ledger import Ledger
from monitor.prober.pace import Pace
from monitor.prober.schedule import gaps
from monitor.probing import Answer, Ask, Observation, Outcome

__all__ = ["BREAKER", "Prober", "seed_of"]

_BATCH = 32

_Put = tuple[Ask, int, float, Answer]


class Prober:
    """Puts asks, at most `concurrency` at once and fewer when the endpoint falls behind, and writes each observation to
    the journal.

    What the journal holds already is not asked again, but for what is MISSING there. When `budget` is spent, or the
    endpoint fails BREAKER times in a row, the rest is MISSING, with the reason: a run always ends, and never says good
    of what it did not see. Asks are put in a drawn order, so that what an early end leaves out is of all kinds, and
    over `spread_secs`, with gaps like those of traffic, drawn from `seed`; 0: as
    fast as may be.

    `ledger` remembers what was sent. `earlier` are observations of runs before, by which answers from a cache are
    known. `now` gives Unix seconds, `pause` waits; `on_progress` is told how many observations there are. Scorers judge
    in a thread of their own, one batch at a time; there `on_judged` is told of each that is in the journal.
    """

    def __init__(
        self,
        *,
        target: Target,
        scorers: Mapping[str, Scorer],
        now: Callable[[], float],
        pause: Callable[[float], Awaitable[object]] = asyncio.sleep,
        concurrency: int = 4,
        spread_secs: float = 0.0,
        seed: int = 0,
        budget: Budget | None = None,
        ledger: Ledger | None = None,
        earlier: Iterable[Observation] = (),
        on_progress: Callable[[int], object] = lambda _: None,
        on_judged: Callable[[Sequence[Observation]], object] | None = None,
    ) -> None:
        self._target, self._scorers, self._now, self._pause = target, scorers, now, pause
        self._pace, self._spread_secs = Pace(concurrency), spread_secs
        self._on_progress, self._on_judged = on_progress, on_judged
        self._budget = budget or Budget()
        self._conversation = Conversation(target, self._budget, ledger or Ledger())
        self._seed, self._echoes = seed, Echoes(earlier)
        self._resumed: Journal | None = None
        self._seen = 0

    async def run(self, asks: Sequence[Ask], journal: Journal, *, repeats: Sequence[int] = (0,)) -> None:
        """`repeats` are the ordinals of the times that each ask is put. ConfigError when a scorer is not there,
        TemporaryError when the journal cannot be written."""
        check_scorers(asks, self._scorers)
        self._resume(journal)
        done = {(o.ask, o.item, o.variant, o.arm, o.repeat) for o in journal.done if o.outcome is not Outcome.MISSING}
        todo = [
            (ask, repeat)
            for repeat in repeats
            for ask in asks
            if (ask.hash, ask.item, ask.variant, ask.arm, repeat) not in done
        ]
        self._seen += len(asks) * len(repeats) - len(todo)
        self._on_progress(self._seen)
        todo.sort(key=lambda pair: (pair[1], seed_of(*pair)))
        try:
            await self._put_all(todo, journal, self._spread_secs * len(todo) / max(1, len(asks) * len(repeats)))
        except ExceptionGroup as group:
            raise _first(group) from None

    def _resume(self, journal: Journal) -> None:
        """Once for a journal: what it holds was paid for by this run."""
        if journal is self._resumed:
            return
        self._resumed = journal
        self._echoes.learn(journal.done)
        for observation in journal.done:
            self._budget.resume(self._budget.used(observation.answer) or Spent(observation.answer.tries))

    async def _put_all(self, todo: Sequence[tuple[Ask, int]], journal: Journal, secs: float) -> None:
        put: asyncio.Queue[_Put | None] = asyncio.Queue()
        async with asyncio.TaskGroup() as keeping:
            keeping.create_task(self._keep(put, journal))
            async with asyncio.TaskGroup() as asking:
                for (ask, repeat), gap in zip(todo, gaps(len(todo), secs, seed=self._seed), strict=True):
                    if gap:
                        await self._pause(gap)
                    ordinal = await self._pace.enter()
                    asking.create_task(self._one(ask, repeat, ordinal, put))
            put.put_nowait(None)

    async def _one(self, ask: Ask, repeat: int, ordinal: int, put: asyncio.Queue[_Put | None]) -> None:
        at, answer = self._now(), None
        try:
            answer = await self._conversation.put(ask, seed_of(ask, repeat))
        finally:
            await self._pace.leave(ordinal, answer)
        if self._echoes.suspects(ask, answer):
            answer = msgspec.structs.replace(answer, cached=True)
        put.put_nowait((ask, repeat, at, answer))

    async def _keep(self, put: asyncio.Queue[_Put | None], journal: Journal) -> None:
        """Judges and stores what has come while the batch before was judged and stored."""
        ended = False
        while not ended:
            batch = [await put.get()]
            while len(batch) < _BATCH and not put.empty():
                batch.append(put.get_nowait())
            ended = batch[-1] is None
            here = [one for one in batch if one is not None]
            await asyncio.to_thread(self._store, here, journal)
            self._seen += len(here)
            self._on_progress(self._seen)

    def _store(self, batch: Sequence[_Put], journal: Journal) -> None:
        judgements = judged([Scored(ask, answer) for ask, _, _, answer in batch], self._scorers)
        done = [_observed(*one, outcome, scorer) for one, (outcome, scorer) in zip(batch, judgements, strict=True)]
        journal.add(done)
        if self._on_judged is not None:
            self._on_judged(done)


def _first(group: ExceptionGroup[Exception]) -> Exception:
    """One task's error ends the others: the rest of the group is what came of that."""
    error = group.exceptions[0]
    return _first(error) if isinstance(error, ExceptionGroup) else error


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
