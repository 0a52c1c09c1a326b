"""When runs are due: at even intervals or by cron, each somewhat later by a drawn time."""

import hashlib
import random
from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from itertools import islice, pairwise
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from monitor.errors import ConfigError

_LEAST_SECS = 60.0
_MOST_SLOTS = 10_000


class Schedule:
    """Slots in time: the multiples of `every_secs` since 1970, or the times of `cron` (five fields, as Debian reads
    them) in the time zone `zone`. A slot is due up to `jitter_secs` after its time, drawn from `seed` and the slot: the
    same for ever, another for each slot and each seed. All times are Unix seconds.

    What is due depends on the time alone, never on how long anything waited: a clock that is set comes to the slot that
    it would have come to. ConfigError when neither or both are given, or one is nonsense.
    """

    def __init__(
        self,
        *,
        every_secs: float | None = None,
        cron: str | None = None,
        zone: str = "UTC",
        jitter_secs: float = 0.0,
        seed: int = 0,
    ) -> None:
        if (every_secs is None) == (cron is None):
            raise ConfigError("schedule: give one of every and cron")
        if every_secs is not None and every_secs < _LEAST_SECS:
            raise ConfigError(f"schedule.every: {every_secs:g} s is too often; at least {_LEAST_SECS:g} s")
        self._every, self._cron, self._zone = every_secs, cron, _zone(zone)
        self._jitter_secs, self._seed = jitter_secs, seed
        if cron is not None:
            _check(cron)

    def latest(self, now: float) -> float:
        """The slot that came due last."""
        return next(slot for slot in islice(self._before(now), _MOST_SLOTS) if self.due(slot) <= now)

    def next_due(self, now: float) -> float:
        """When the next slot after `now` is due."""
        soonest = float("inf")
        for slot in islice(self._after(now - self._jitter_secs), _MOST_SLOTS):
            if slot >= soonest:
                break
            due = self.due(slot)
            soonest = min(soonest, due) if due > now else soonest
        return soonest

    def due(self, slot: float) -> float:
        """When a slot is due: its time and its jitter."""
        drawn = hashlib.sha256(f"{self._seed}/{slot:.0f}".encode()).digest()[:8]
        return slot + self._jitter_secs * int.from_bytes(drawn, "big") / 2**64

    def _before(self, time: float) -> Iterator[float]:
        """Slots up to `time`, latest first."""
        if self._every is not None:
            last = int(time // self._every)
            return (number * self._every for number in range(last, last - _MOST_SLOTS, -1))
        return (at.timestamp() for at in CronSim(self._cron or "", self._at(time + 1.0), reverse=True))

    def _after(self, time: float) -> Iterator[float]:
        """Slots after `time`, soonest first."""
        if self._every is not None:
            first = int(time // self._every) + 1
            return (number * self._every for number in range(first, first + _MOST_SLOTS))
        return (at.timestamp() for at in CronSim(self._cron or "", self._at(time)))

    def _at(self, time: float) -> datetime:
        return datetime.fromtimestamp(int(time), self._zone)


def gaps(many: int, secs: float, *, seed: int) -> list[float]:
    """Waits before each of `many` requests so that they fall like those of traffic over `secs` (a Poisson process with
    so many in it). The same seed gives the same."""
    draw = random.Random(seed)  # noqa: S311 - it hides nothing
    at = [0.0, *sorted(draw.random() * secs for _ in range(many))]
    return [later - sooner for sooner, later in pairwise(at)]


def _zone(name: str) -> tzinfo:
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ConfigError(f"schedule.zone: there is no time zone {name!r}; one looks like Europe/Oslo") from None


def _check(cron: str) -> None:
    if len(cron.split()) != 5:
        raise ConfigError(f"schedule.cron: {cron!r} has not five fields; every night at three is '0 3 * * *'")
    try:
        next(CronSim(cron, datetime(2000, 1, 1, tzinfo=UTC)))
    except CronSimError as error:
        raise ConfigError(f"schedule.cron: {cron!r}: {error}") from None
    except StopIteration:
        raise ConfigError(f"schedule.cron: {cron!r} never comes") from None
