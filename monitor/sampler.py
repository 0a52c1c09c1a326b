"""Which exchanges are measured: by a hash of their ids, at a rate that the operator chose."""

import zlib

_LOOK_SECS = 10.0


class Sampler:
    """Keeps about `target_per_sec` exchanges a second of record time; None keeps all.

    Whether an exchange is kept depends on its id and on the records before it, never on the machine's clock, so a
    replay keeps the same.
    """

    def __init__(self, target_per_sec: float | None) -> None:
        self._target = target_per_sec
        self._chance, self._since, self._seen = 1.0, float("nan"), 0

    @property
    def chance(self) -> float:
        """The present chance of an exchange to be kept, in (0, 1]."""
        return self._chance

    def keeps(self, exchange_id: str, time: float | None) -> bool:
        if self._target is None:
            return True
        if time is not None:
            self._look(time, self._target)
        self._seen += 1
        # The multiplier moves the hash's low bits, which deal exchanges into folds, away from the high ones used here.
        place = zlib.crc32(exchange_id.encode("utf-8", "surrogatepass")) * 0x9E3779B1 % 2**32 / 2**32
        return place < self._chance

    def _look(self, time: float, target: float) -> None:
        passed = time - self._since
        if passed >= _LOOK_SECS:
            self._chance = min(1.0, target * passed / max(self._seen, 1))
        elif passed >= 0:
            return
        self._since, self._seen = time, 0

    def dump(self) -> list[float]:
        return [self._chance, self._since, float(self._seen)]

    def restore(self, stored: list[float]) -> None:
        self._chance, self._since, self._seen = stored[0], stored[1], int(stored[2])
