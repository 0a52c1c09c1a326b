"""The seams of Tidegauge on one page. Protocols, not base classes: a member inherits nothing and can be read alone."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from monitor.batch import Batch, Words
from monitor.probing import Answer, Ask, Outcome, Sampling, Turn
from monitor.records import Exchange, Position, Record, RecordBatch, Tool

Matrix = NDArray[np.float64]
"""(n, k): a row per exchange, a column per measured quantity; NaN = does not apply to this exchange."""

Strata = NDArray[np.int32]
"""(n, k): for each value the group it is compared within; -1 = set aside, not compared."""

Snapshot = Mapping[str, np.ndarray]
"""State as named plain arrays (numbers and text, never objects), so that it can be stored without pickle."""


class Role(StrEnum):
    """What a column is for: `input` and `signal` are shown and tested; `word` says whether a prompt uses a word of the
    baseline, the first of them are tested too; `context` and `meaning` (a vector of the prompt) only feed what signals
    are expected to be, and strata; `style`, together with signals, the space of styles."""

    INPUT = "input"
    SIGNAL = "signal"
    WORD = "word"
    CONTEXT = "context"
    MEANING = "meaning"
    STYLE = "style"


class Harm(IntEnum):
    """The direction in which a signal does harm. NONE: both directions are just change."""

    FALL = -1
    NONE = 0
    RISE = 1


@dataclass(frozen=True, slots=True)
class Column:
    """One measured quantity. `name` is its label value everywhere; `rise` and `fall` say in words what a move means."""

    name: str
    role: Role
    unit: str
    rise: str
    fall: str
    harm: Harm = Harm.NONE


@dataclass(frozen=True, slots=True)
class Measured:
    """A batch in numbers: the exchanges' ids, (n, p) inputs, (n, v) words, (n, d) n-grams, (n, k) signals, (n, a)
    places of the answers in the space of styles, all words of the prompts, hashed, and (n,) what began each
    conversation, and the words of each prompt without numbers, both hashed. `meaning` (n, e): a vector of each prompt,
    of length one, NaN where it was not read; e = 0 without an encoder."""

    ids: Sequence[str]
    inputs: Matrix
    words: Matrix
    ngrams: Matrix
    signals: Matrix
    style: Matrix
    prompts: Words
    roots: NDArray[np.uint64]
    templates: NDArray[np.uint64]
    meaning: Matrix


class Extractor(Protocol):
    """Measures one family of quantities of a batch of exchanges; no I/O, no state, same numbers for a row whatever
    rows stand beside it."""

    @property
    def columns(self) -> tuple[Column, ...]: ...

    def measure(self, batch: Batch) -> Matrix: ...


class SlowExtractor(Extractor, Protocol):
    """An extractor that takes its time, so that it runs beside the traffic. `identity` is a hash of all that decides
    its numbers (model and revision, parameters): only those of the same identity are compared."""

    @property
    def identity(self) -> str: ...


class Format(Protocol):
    """Turns the bytes of one wire format into an exchange. Raises MalformedRecord, nothing else, on bad bytes."""

    def decode(self, record: Record) -> Exchange: ...


class Source(Protocol):
    """Where records come from. At-least-once: everything up to `commit`'s position is never needed again."""

    @property
    def name(self) -> str: ...

    def batches(self, start: Position) -> Iterator[RecordBatch]:
        """Yields batches, also empty ones at least once a second, from `start` (partitions not named in it start
        where the source's own settings say) until the source ends or is closed. Raises TemporaryError when the
        world is in the way and ConfigError when the operator must act."""
        ...

    def commit(self, position: Position) -> None:
        """Everything before `position` is exported and stored. Called after both, never before."""
        ...

    def lag(self) -> Mapping[str, int]:
        """Per partition the number of records not yet read; empty when the source cannot know."""
        ...

    def close(self) -> None: ...


class Level(StrEnum):
    """What a detector says: not enough values yet, no evidence, or evidence at or over its threshold."""

    INSUFFICIENT = "insufficient"
    STEADY = "steady"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a detector knows. Score, threshold and n always travel together.

    `evidence` and `threshold` are log10; `evidence` may be -inf before the first value. `by_column` holds the
    evidence of each column alone, on the same scale. `direction` is +1 where a column's evidence says "higher than
    the baseline", -1 "lower", 0 "more or less spread". `n` counts the exchanges that were compared, `samples` the
    values of each column. `onset` is the ordinal of the exchange with which the present move most likely began; `move`
    (a,) is where to, for a detector of many columns that are not shown one by one.
    """

    evidence: float
    threshold: float
    level: Level
    n: int
    by_column: Matrix
    direction: NDArray[np.int8]
    samples: NDArray[np.int64]
    onset: int | None
    move: NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True)
class Crossing:
    """A level entered inside a batch: at which `row` of it, and what the detector then knew."""

    row: int
    reading: Reading


class Detector(Protocol):
    """An online test. No I/O, no clock, no hidden randomness; the same values give the same bytes however they are
    cut into batches."""

    def update(self, values: Matrix, strata: Strata, log_threshold: float) -> Sequence[Crossing]: ...

    def reading(self) -> Reading: ...

    def remembered(self, column: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """(m,) rows, counted from 0, and (m,) ranks of the latest values of a column, oldest first. While nothing
        changes they are uniform on (0, 1), each given those before it; NaN where there is none."""
        ...

    def snapshot(self) -> Snapshot: ...

    def restore(self, snapshot: Snapshot) -> None: ...


@dataclass(frozen=True, slots=True)
class Request:
    """What a target is asked: one completion. `seed` None and `first_tokens` 0 are not sent. `tries`: at most so many
    requests may be made for it; None: as many as the target makes."""

    turns: tuple[Turn, ...]
    sampling: Sampling
    tools: tuple[Tool, ...] = ()
    seed: int | None = None
    first_tokens: int = 0
    tries: int | None = None


class Target(Protocol):
    """An endpoint that answers. Tries again only what failed on the way (never an answer), and raises nothing for what
    the endpoint does: a failure is in the answer. Raises ConfigError when it can never work as it is set up."""

    @property
    def name(self) -> str: ...

    async def complete(self, request: Request) -> Answer: ...

    async def close(self) -> None: ...


class Probes(Protocol):
    """Knows what of the traffic are probes that came back, also those that another process put."""

    def is_probe(self, exchange: Exchange) -> bool: ...

    def refresh(self) -> None:
        """Looks for what was put since. Called once for each batch."""
        ...


@dataclass(frozen=True, slots=True)
class Scored:
    """An answer and what was asked."""

    ask: Ask
    answer: Answer


class Scorer(Protocol):
    """Judges answers that are there (never failures). UNDETERMINED where it is not sure. Same answer, same outcome.

    `identity` is a hash of all that decides its judgement (type, version, model and revision, parameters): answers are
    compared only when both were judged by the same identity.
    """

    @property
    def identity(self) -> str: ...

    def score(self, batch: Sequence[Scored]) -> Sequence[Outcome]: ...
