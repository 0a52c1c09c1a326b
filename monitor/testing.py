"""Real implementations of the seams, for tests. Nothing is mocked, nothing waits; nothing in `monitor` imports this."""

import asyncio
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from monitor.batch import Batch, Texts
from monitor.errors import TemporaryError
from monitor.interfaces import Column, Harm, Matrix, Request, Role
from monitor.probing import Answer
from monitor.records import Position, Record, RecordBatch


@dataclass(frozen=True, slots=True, eq=False)
class Abort:
    """Stands between records and raises `error` when it is reached: once, so that a reader that opens the source again
    gets past it."""

    error: Exception = field(default_factory=lambda: TemporaryError("aborted by the test"))


@dataclass(frozen=True, slots=True, eq=False)
class Pause:
    """Stands between records for "nothing for now": ends the batch and yields an empty one."""


class ListSource:
    """A source over a list. Bytes become records of `partition` with their ordinal as offset; a Record stays as it is.

    `committed` holds every position that was committed, in order. `batches` starts at a position, and may be called
    again, as of any source.
    """

    def __init__(
        self,
        items: Sequence[bytes | Record | Abort | Pause],
        *,
        name: str = "list",
        partition: str = "list/0",
        batch_records: int = 256,
    ) -> None:
        values = iter(range(len(items)))
        self._items = [
            Record(item, partition, next(values), size=len(item)) if isinstance(item, bytes) else item for item in items
        ]
        self._batch_records = batch_records
        self._raised: set[Abort] = set()
        self._position: dict[str, int] = {}
        self.name = name
        self.committed: list[Position] = []
        self.closed = False

    def batches(self, start: Position) -> Iterator[RecordBatch]:
        self._position = dict(start)
        waiting: list[Record] = []
        for item in self._items:
            if self.closed:
                return
            if isinstance(item, Record):
                if item.offset >= start.get(item.partition, 0):
                    waiting.append(item)
                if len(waiting) == self._batch_records:
                    yield self._batch(waiting)
                    waiting = []
                continue
            if waiting:
                yield self._batch(waiting)
                waiting = []
            if isinstance(item, Pause):
                yield self._batch([])
            elif item not in self._raised:
                self._raised.add(item)
                raise item.error
        if waiting:
            yield self._batch(waiting)

    def commit(self, position: Position) -> None:
        self.committed.append(dict(position))

    def lag(self) -> Mapping[str, int]:
        """Per partition the records not yet yielded."""
        records = [item for item in self._items if isinstance(item, Record)]
        return {
            partition: sum(r.partition == partition and r.offset >= self._position.get(partition, 0) for r in records)
            for partition in {r.partition for r in records}
        }

    def close(self) -> None:
        self.closed = True

    def _batch(self, records: list[Record]) -> RecordBatch:
        self._position |= {record.partition: record.offset + 1 for record in records}
        return RecordBatch(records, dict(self._position))


class ManualClock:
    """A clock that goes only when told: call it for the time, `advance` it, or hand out `wait` or `pause` as a way to
    sleep. `set` turns it to any time, as an operator may."""

    def __init__(self, now: float = 0.0) -> None:
        self._now = now

    def __call__(self) -> float:
        return self._now

    def advance(self, secs: float) -> None:
        if secs < 0:
            raise ValueError("time goes forward only")
        self._now += secs

    def set(self, now: float) -> None:
        self._now = now

    def wait(self, secs: float) -> bool:
        """Advances at once, and says like `Event.wait` that nobody interrupted it."""
        self.advance(secs)
        return False

    async def pause(self, secs: float) -> None:
        """Advances at once, after others had their turn."""
        await asyncio.sleep(0)
        self.advance(secs)


class ScriptedTarget:
    """A target that answers what a function says. `requests` holds all that it was asked, in order; `most_at_once` how
    many it was asked at one time, `now_asked` how many now."""

    def __init__(self, answer: Callable[[Request], Answer | str], *, name: str = "scripted") -> None:
        self._answer, self.name = answer, name
        self.requests: list[Request] = []
        self.most_at_once = self.now_asked = 0

    async def complete(self, request: Request) -> Answer:
        self.requests.append(request)
        self.now_asked += 1
        self.most_at_once = max(self.most_at_once, self.now_asked)
        try:
            await asyncio.sleep(0)  # lets the others ask, as a wait for the network would
            answer = self._answer(request)
        finally:
            self.now_asked -= 1
        return Answer(text=answer) if isinstance(answer, str) else answer

    async def close(self) -> None:
        """Nothing is open."""


class WordMeaning:
    """Vectors of texts without a network: the sum of a direction of each word, of length one; NaN where there is none.
    Reads the prompt's as meaning, and as signal `kept` the cosine of prompt and answer. `identity` names the version.
    While `broken` it raises; `turn` is added to the signal, as by a library that computes otherwise."""

    def __init__(self, identity: str = "words/1", dimensions: int = 64) -> None:
        self.identity, self._dimensions = identity, dimensions
        self.broken, self.turn = False, 0.0
        self.columns: tuple[Column, ...] = (
            *(Column(f"meaning_{i}", Role.MEANING, "-", "-", "-") for i in range(dimensions)),
            Column("kept", Role.SIGNAL, "cosine -1..1", "nearer answers", "farther answers", Harm.FALL),
        )

    def measure(self, batch: Batch) -> Matrix:
        if self.broken:
            raise RuntimeError("broken by the test")
        prompts, answers = self._vectors(batch.prompt), self._vectors(batch.answer)
        return np.column_stack([prompts, (prompts * answers).sum(axis=1) + self.turn])

    def _vectors(self, texts: Texts) -> Matrix:
        words = texts.words
        out = np.zeros((len(texts), self._dimensions))
        for row, word in zip(words.row.tolist(), words.hash.tolist(), strict=True):
            out[row] += np.random.default_rng(word).normal(size=self._dimensions)
        length = np.sqrt((out**2).sum(axis=1))
        return out / np.where(length > 0, length, np.nan)[:, None]


class Loudness(WordMeaning):
    """A signal and no meaning: `loud`, the share of capital letters."""

    def __init__(self, identity: str = "loud/1") -> None:
        super().__init__(identity)
        self.columns = (Column("loud", Role.SIGNAL, "share", "louder answers", "quieter answers", Harm.RISE),)

    def measure(self, batch: Batch) -> Matrix:
        if self.broken:
            raise RuntimeError("broken by the test")
        return np.array([[sum(map(str.isupper, text)) / max(len(text), 1) + self.turn] for text in batch.answer.whole])


class Gated:
    """An extractor that waits, each time that it measures, for the test to let it `pass_on`, unless it is `open`."""

    def __init__(self, extractor: WordMeaning) -> None:
        self._extractor, self._free, self._there = extractor, threading.Semaphore(0), threading.Semaphore(0)
        self.columns, self.identity, self.open = extractor.columns, extractor.identity, True

    def measure(self, batch: Batch) -> Matrix:
        self._there.release()
        if not self.open and not self._free.acquire(timeout=60):
            raise RuntimeError("the test let nothing pass")
        return self._extractor.measure(batch)

    def await_one(self) -> None:
        """Until somebody measures."""
        if not self._there.acquire(timeout=60):
            raise RuntimeError("nobody came")

    def pass_on(self, times: int = 1) -> None:
        self._free.release(times)
