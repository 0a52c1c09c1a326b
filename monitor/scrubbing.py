"""Probes taken out of records that are meant for training: a model that learned them would only look safe."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from monitor.probing import Ask
from monitor.stats.normalised import normalised

LEAST_CHARACTERS = 16
"""Shorter prompts are no probe's alone; they are found only when a record's text is nothing else."""


class Scrubber:
    """Finds records that hold the last user turn of a probe, in any of a line's texts, however spaced or cased; or a
    text that `sent` knows as one that was put, to the letter (packs are edited; what was put stays so)."""

    def __init__(self, asks: Iterable[Ask], *, sent: Callable[[str], bool] = lambda _: False) -> None:
        self._whole = frozenset(normalised(ask.turns[-1].content) for ask in asks)
        self._sent = sent
        self._beginning: defaultdict[str, list[str]] = defaultdict(list)  # by it, the probes that begin so
        for text in self._whole:
            if len(text) >= LEAST_CHARACTERS:
                self._beginning[text[:LEAST_CHARACTERS]].append(text)

    def holds(self, text: str) -> bool:
        if self._sent(text):
            return True
        text = normalised(text)
        return text in self._whole or any(
            text.startswith(probe, place)
            for place in range(len(text) - LEAST_CHARACTERS + 1)
            for probe in self._beginning.get(text[place : place + LEAST_CHARACTERS], ())
        )

    def kept(self, lines: Iterable[str]) -> Iterator[tuple[str, bool]]:
        """Each line, and whether it stays. Lines that are no JSON are looked at as text."""
        for line in lines:
            yield line, not any(map(self.holds, _texts(line)))


def _texts(line: str) -> Iterator[str]:
    try:
        yield from _strings(json.loads(line))
    except (ValueError, RecursionError):
        yield line


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part)
