"""Answers that were not given now: a cache between here and the model would hide that the model changed."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from monitor.probing import Answer, Ask, Observation

_LEAST_CHARACTERS = 80  # shorter answers come out alike by themselves
_SOONER = 5.0


@dataclass(slots=True)
class _Said:
    """The slowest time in which a text came, and the ids under which it did."""

    secs: float
    ids: set[str]


class Echoes:
    """Remembers long answers by a digest. An answer to the same ask, to the letter one that came before, in less than a
    fifth of the time that it took then, is taken for a cache's when it was drawn (temperature over 0, or the endpoint's
    own) or has the same response id. At temperature 0 the same text alone says nothing."""

    def __init__(self, earlier: Iterable[Observation] = ()) -> None:
        self._said: dict[tuple[str, bytes], _Said] = {}
        self.learn(earlier)

    def learn(self, earlier: Iterable[Observation]) -> None:
        """Remembers the answers of other runs."""
        for observation in earlier:
            self._remember(observation.ask, observation.answer)

    def suspects(self, ask: Ask, answer: Answer) -> bool:
        """Whether a cache seems to have answered; remembers the answer."""
        before = self._said.get(_key(ask.hash, answer))
        suspected = before is not None and self._alike(ask, answer, before)
        self._remember(ask.hash, answer)
        return suspected

    def _alike(self, ask: Ask, answer: Answer, before: _Said) -> bool:
        drawn = ask.sampling.temperature is None or ask.sampling.temperature > 0
        return answer.latency_secs * _SOONER < before.secs and (drawn or answer.response_id in before.ids)

    def _remember(self, ask: str, answer: Answer) -> None:
        if answer.failure is not None or len(answer.text) < _LEAST_CHARACTERS:
            return
        said = self._said.setdefault(_key(ask, answer), _Said(0.0, set()))
        said.secs = max(said.secs, answer.latency_secs)
        if answer.response_id is not None:
            said.ids.add(answer.response_id)


def _key(ask: str, answer: Answer) -> tuple[str, bytes]:
    return ask, hashlib.blake2b(answer.text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
