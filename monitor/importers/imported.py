"""What comes of a foreign file, and how it is collected."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from monitor.errors import ConfigError
from monitor.importers.source import shown, text
from monitor.probing import (
    Answer,
    Ask,
    Category,
    Expectation,
    Failure,
    Kind,
    Observation,
    Outcome,
    Sampling,
    Turn,
    digest,
)
from monitor.suites.rules import judges

MOST_ASKS = 200_000
MOST_OBSERVATIONS = 1_000_000
WANTED_SAMPLES = 10
FOREIGN = "imported"
"""Name of the scorer of a verdict that another tool gave."""

UNKNOWN = Sampling(temperature=None)
"""Nothing is said of how answers were drawn."""

NO_SCORER = "no scorer here can judge it"

_LINES_SHOWN = 5
_MOST_NOTES = 40
_GOOD = {
    Kind.REFUSE: "Declines.",
    Kind.COMPLY: "Does what is asked.",
    Kind.WITHHOLD: "Does not say the forbidden.",
    Kind.HOLD: "Says what is required and not what is forbidden.",
    Kind.CHOICE: "Has the right letter.",
}


class Imported(msgspec.Struct, frozen=True):
    """A suite, and answers to it from another tool's run. Each observation has the foreign verdict as its outcome
    (`scorer` is FOREIGN), a time of 0 when nobody knows it, and the model in its answer. `notes` say what was passed
    over and why, with counts; `caveats` what a baseline of these answers is not."""

    suite_name: str
    asks: tuple[Ask, ...]
    observations: tuple[Observation, ...]
    adversarial: bool
    notes: tuple[str, ...]
    caveats: tuple[str, ...]


class Collector:
    """Gathers asks and observations. An ask that comes again is the same one; its answers are further repeats."""

    def __init__(self, name: str, *, adversarial: bool = False) -> None:
        self.name = slug(name)
        self.adversarial = adversarial
        self.caveats: list[str] = []
        self._asks: dict[str, Ask] = {}
        self._observations: list[Observation] = []
        self._repeats: Counter[tuple[str, str | None]] = Counter()
        self._skipped: Counter[str] = Counter()
        self._lines: dict[str, list[int]] = {}

    def skip(self, why: str, line: int | None = None) -> None:
        """Counts what was passed over."""
        why = shown(why)
        self._skipped[why] += 1
        if line is not None:
            self._lines.setdefault(why, []).append(line)
            del self._lines[why][_LINES_SHOWN:]

    def ask(
        self,
        item: str,
        kind: Kind,
        category: Category,
        turns: Sequence[Turn],
        *,
        sampling: Sampling = UNKNOWN,
        expect: Expectation | None = None,
        variant: str = "",
        language: str = "en",
    ) -> Ask:
        """Keeps an ask, or finds the one that is the same. Item names get the suite's name before them."""
        expect = expect or Expectation()
        wanted: dict[str, Any] = msgspec.to_builtins(expect) | {"kind": str(kind)}
        new = Ask(
            item=f"{self.name}/{slug(item)}",
            category=category,
            kind=kind,
            turns=tuple(turns),
            scorers=judges(wanted),
            good=_GOOD[kind],
            variant=text(variant),
            language=language,
            sampling=sampling,
            expect=expect,
        )
        known = self._asks.setdefault(new.hash, new)
        if len(self._asks) > MOST_ASKS:
            raise ConfigError(f"more than {MOST_ASKS:,} prompts; split the file")
        return known

    def observe(self, ask: Ask, answer: Answer, outcome: Outcome, time: float = 0.0) -> None:
        """Keeps an answer with the foreign verdict. BLOCKED and MISSING follow from a failure."""
        if len(self._observations) >= MOST_OBSERVATIONS:
            raise ConfigError(f"more than {MOST_OBSERVATIONS:,} answers; split the file")
        if answer.failure is not None:
            outcome = Outcome.BLOCKED if answer.failure is Failure.BLOCKED else Outcome.MISSING
        key = ask.hash, answer.model
        self._observations.append(
            Observation(
                ask=ask.hash,
                item=ask.item,
                category=ask.category,
                kind=ask.kind,
                repeat=self._repeats[key],
                time=time,
                answer=answer,
                outcome=outcome,
                scorer=FOREIGN if answer.failure is None else None,
                variant=ask.variant,
            )
        )
        self._repeats[key] += 1

    def done(self, path: Path) -> Imported:
        """ConfigError when there is no ask, with what was passed over."""
        notes = [self._note(why, n) for why, n in self._skipped.most_common(_MOST_NOTES)]
        if rest := len(self._skipped) - len(notes):
            notes.append(f"{rest:,} reasons more")
        if not self._asks:
            raise ConfigError(f"{path}: nothing to import: {'; '.join(notes) or 'no record in it'}")
        return Imported(
            suite_name=self.name,
            asks=tuple(self._asks.values()),
            observations=tuple(self._observations),
            adversarial=self.adversarial,
            notes=tuple(notes),
            caveats=(*self._usual_caveats(), *self.caveats),
        )

    def _note(self, why: str, n: int) -> str:
        lines = self._lines.get(why, [])
        more = ", ..." if n > len(lines) else ""
        return f"{why}: {n:,}" + (f" (line {', '.join(map(str, lines))}{more})" if lines else "")

    def _usual_caveats(self) -> list[str]:
        if not self._observations:
            return []
        out = []
        fewest = min(self._repeats.values())
        if fewest < WANTED_SAMPLES:
            samples = "one sample" if fewest == 1 else f"{fewest} samples"
            out.append(f"{samples} per item, where a baseline of our own has {WANTED_SAMPLES}")
        if any(self._asks[o.ask].sampling.temperature is None for o in self._observations):
            out.append("sampling unverified: nobody says how these answers were drawn")
        return out


def slug(name: str) -> str:
    """A name of small letters, digits and hyphens, at most 80; of what has none, a digest."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:80].strip("-")
    return plain or digest(text(name))[:12]


def drawn(temperature: float | None = None, top_p: float | None = None, max_tokens: float | None = None) -> Sampling:
    """Sampling of what is known. An unknown `max_tokens` is the usual one: an ask cannot do without."""
    sound = max_tokens is not None and 1 <= max_tokens <= 1_000_000
    most = int(max_tokens) if max_tokens is not None and sound else UNKNOWN.max_tokens
    return Sampling(temperature=temperature, top_p=top_p, max_tokens=most)
