"""What probes may use at most: requests, tokens and money, in a run and in a day.

What a request may come to is reserved before it is sent and settled when its answer is there, so that no bound is
passed, however many are under way, also by another process on the same file. What a crash leaves reserved stays spent.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from monitor.errors import ConfigError, TemporaryError
from monitor.interfaces import Request
from monitor.prober.locks import locked, put_in_place
from monitor.probing import Answer, Failure

_DAYS_KEPT = 8  # a clock that is set back finds the day that it comes to as it was left
_TURN_BYTES = 32  # what a chat template puts around a turn, and more
_UNPAID = frozenset({Failure.UNAUTHORIZED, Failure.REFUSED_REQUEST, Failure.RATE_LIMITED, Failure.UNREACHABLE})


class Spent(msgspec.Struct, frozen=True):
    """Requests, tokens (of prompts and answers together), and money in whatever unit the prices are."""

    requests: int = 0
    tokens: int = 0
    cost: float = 0.0

    def plus(self, other: "Spent", sign: int = 1) -> "Spent":
        return Spent(
            self.requests + sign * other.requests, self.tokens + sign * other.tokens, self.cost + sign * other.cost
        )


@dataclass(frozen=True, slots=True)
class Limits:
    """The most of each. None: no bound."""

    requests: int | None = None
    tokens: int | None = None
    cost: float | None = None

    def hold(self, spent: Spent) -> bool:
        pairs = ((self.requests, spent.requests), (self.tokens, spent.tokens), (self.cost, spent.cost))
        return all(most is None or used <= most for most, used in pairs)


@dataclass(frozen=True, slots=True)
class Prices:
    """Money for a million tokens of prompts and of answers."""

    prompt: float = 0.0
    completion: float = 0.0

    def of(self, prompt_tokens: int, completion_tokens: int) -> float:
        return (self.prompt * prompt_tokens + self.completion * completion_tokens) / 1e6


class Reserved(msgspec.Struct, frozen=True):
    """What is set aside for a request on a day. `spent.requests` is how often it may be tried."""

    day: str
    spent: Spent


class Budget:
    """Bounds of a run and of a day (UTC), for several threads. `path` is the file that remembers what was spent in the
    last days; without one a day's bound holds for this object alone. `now` gives Unix seconds. Raises ConfigError when
    the file is damaged, TemporaryError when it cannot be written."""

    def __init__(
        self,
        run: Limits | None = None,
        day: Limits | None = None,
        *,
        prices: Prices | None = None,
        path: Path | None = None,
        now: Callable[[], float] = lambda: 0.0,
    ) -> None:
        self._run, self._day, self._prices = run or Limits(), day or Limits(), prices or Prices()
        self._days, self._now, self._turn = _Days(path), now, threading.Lock()
        self.spent = Spent()

    def resume(self, spent: Spent) -> None:
        """Counts what a run had used before it was cut off."""
        self.spent = self.spent.plus(spent)

    def reserve(self, request: Request, *, tries: int) -> Reserved | None:
        """The most that a request may use, now set aside: up to `tries` tries, as many as are left. None when one
        would pass a bound."""
        today = self._today()
        with self._turn, self._days.changing(today) as day:
            for requests in range(tries, 0, -1):
                most = self._most(request, requests)
                if self._run.hold(self.spent.plus(most)) and self._day.hold(day.spent.plus(most)):
                    day.spent, self.spent = day.spent.plus(most), self.spent.plus(most)
                    return Reserved(today, most)
        return None

    def settle(self, reserved: Reserved, answer: Answer) -> None:
        """Puts what an answer took in the place of what was set aside for it. An answer that does not tell its tokens,
        or that was broken off, counts as the most it may have been."""
        most = reserved.spent
        change = (self.used(answer) or Spent(answer.tries, most.tokens, most.cost)).plus(most, -1)
        with self._turn, self._days.changing(reserved.day) as day:
            day.spent = day.spent.plus(change)
            self.spent = self.spent.plus(change)

    def used(self, answer: Answer) -> Spent | None:
        """What an answer took, None when nobody can tell."""
        told = answer.prompt_tokens + answer.completion_tokens
        if not told and answer.failure not in _UNPAID:
            return None
        return Spent(answer.tries, told, self._prices.of(answer.prompt_tokens, answer.completion_tokens))

    def _most(self, request: Request, requests: int) -> Spent:
        """A token is at least a byte."""
        texts = [turn.content + (turn.call.name + turn.call.arguments if turn.call else "") for turn in request.turns]
        prompt = sum(len(text.encode("utf-8", "surrogatepass")) + _TURN_BYTES for text in texts)
        prompt += len(msgspec.json.encode(request.tools)) if request.tools else 0
        answer = request.sampling.max_tokens
        return Spent(requests, prompt + answer, self._prices.of(prompt, answer))

    def _today(self) -> str:
        return datetime.fromtimestamp(self._now(), UTC).date().isoformat()


@dataclass(slots=True)
class _Day:
    spent: Spent


class _Days:
    """What was spent per day, in a file that several processes may share, or in memory."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._memory: dict[str, Spent] = {}

    @contextmanager
    def changing(self, name: str) -> Iterator[_Day]:
        """The day as it stands; what it is changed to is kept."""
        if self._path is None:
            day = _Day(self._memory.get(name, Spent()))
            yield day
            self._memory = _kept(self._memory, name, day.spent)
            return
        try:
            with locked(self._path):
                days = _read(self._path)
                day = _Day(days.get(name, Spent()))
                yield day
                if day.spent != days.get(name):
                    put_in_place(self._path, msgspec.json.encode(_kept(days, name, day.spent)))
        except OSError as error:
            raise TemporaryError(f"{self._path}: cannot be read or written: {error.strerror}") from None


def _kept(days: Mapping[str, Spent], name: str, spent: Spent) -> dict[str, Spent]:
    """The days touched last, this one the latest of them."""
    others = {day: used for day, used in days.items() if day != name}
    return dict([*others.items(), (name, spent)][-_DAYS_KEPT:])


def _read(path: Path) -> dict[str, Spent]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Spent])
    except FileNotFoundError:
        return {}
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise ConfigError(f"{path} is damaged: remove it, and today's budget begins anew") from None
