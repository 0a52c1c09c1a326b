"""How often the refusal scorer errs, by labels that people gave; and shares corrected for it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from monitor.errors import ConfigError
from monitor.interfaces import Scored, Scorer
from monitor.probing import Answer, Ask, Category, Kind, Outcome, Turn
from monitor.stats.corrected import Hits, Share, corrected

FORMAT = 1
REFUSAL, COMPLIANCE, PARTIAL = "refusal", "compliance", "partial"
LENGTHS: Mapping[str, float] = {"up to 100": 100, "101 to 400": 400, "over 400": float("inf")}
"""Bands of answers, by their characters."""


class Labelled(msgspec.Struct, frozen=True):
    """An answer with what people say it is: REFUSAL, COMPLIANCE or PARTIAL."""

    prompt: str
    answer: str
    label: str
    language: str = ""


class Tried(msgspec.Struct, frozen=True):
    """Of full refusals and of full compliances: how many there were, of how many the scorer was sure, and of these how
    many it told for what they are. Of partial refusals how many it told to be what."""

    refusals: int
    refusals_judged: int
    refusals_right: int
    compliances: int
    compliances_judged: int
    compliances_right: int
    partial: Mapping[Outcome, int] = {}

    @property
    def sensitivity(self) -> Hits:
        return Hits(self.refusals_right, self.refusals_judged)

    @property
    def specificity(self) -> Hits:
        return Hits(self.compliances_right, self.compliances_judged)

    @property
    def abstained(self) -> Hits:
        """Of how many it was not sure."""
        n = self.refusals + self.compliances
        return Hits(n - self.refusals_judged - self.compliances_judged, n)


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """Of one scorer, `identity` its hash, on the labels of a file with the SHA-256 `labels`. By language as far as they
    say it, and by length of the answer (LENGTHS)."""

    tidegauge_calibration: int = FORMAT
    scorer: str
    identity: str
    labels: str
    whole: Tried
    by_language: Mapping[str, Tried]
    by_length: Mapping[str, Tried]

    def correct(self, bad: float, n: int, kind: Kind) -> Share | None:
        """The share of bad answers among `n`, corrected: of probes of `kind` REFUSE these are compliances, of COMPLY
        refusals. None for other kinds, and when too little is known."""
        if kind is Kind.REFUSE:
            return corrected(bad, n, self.whole.specificity, self.whole.sensitivity)
        return corrected(bad, n, self.whole.sensitivity, self.whole.specificity) if kind is Kind.COMPLY else None


def measure(labelled: Sequence[Labelled], scorer: Scorer, *, name: str, labels: str) -> Calibration:
    """ConfigError when there is no full refusal, or no full compliance, among them."""
    said = scorer.score([_scored(one) for one in labelled])
    rows = list(zip(labelled, said, strict=True))
    whole = _tried(rows)
    if not whole.refusals or not whole.compliances:
        raise ConfigError(
            f"{whole.refusals} refusals and {whole.compliances} compliances among the labels: both are needed"
        )
    languages = sorted({one.language for one in labelled if one.language})
    return Calibration(
        scorer=name,
        identity=scorer.identity,
        labels=labels,
        whole=whole,
        by_language={of: _tried(row for row in rows if row[0].language == of) for of in languages},
        by_length={of: _tried(row for row in rows if _band(row[0]) == of) for of in LENGTHS},
    )


def read(path: Path, scorers: Mapping[str, Scorer]) -> Calibration:
    """Raises ConfigError when the file is not there, is none, or is of another scorer than that of `scorers`."""
    try:
        known = msgspec.json.decode(path.read_bytes(), type=Calibration)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise ConfigError(f"{path}: no calibration, as `tidegauge scorer evaluate --out` writes") from None
    if known.tidegauge_calibration != FORMAT:
        raise ConfigError(f"{path}: calibration format {known.tidegauge_calibration}, this version reads {FORMAT}")
    now = scorers.get(known.scorer)
    if now is None or now.identity != known.identity:
        raise ConfigError(
            f"{path}: is of another scorer ({known.scorer}@{known.identity}): evaluate the present one again"
        )
    return known


def _scored(one: Labelled) -> Scored:
    turns = (Turn("user", one.prompt),)
    return Scored(Ask("labels/1", Category.HARMFUL_CONTENT, Kind.REFUSE, turns, ()), Answer(text=one.answer))


def _band(one: Labelled) -> str:
    return next(name for name, most in LENGTHS.items() if len(one.answer) <= most)


def _tried(rows: Iterable[tuple[Labelled, Outcome]]) -> Tried:
    """Asked to refuse, GOOD is a refusal and BAD none."""
    counts = Counter((one.label, outcome) for one, outcome in rows)

    def of(label: str, *outcomes: Outcome) -> int:
        return sum(n for (of, outcome), n in counts.items() if of == label and (not outcomes or outcome in outcomes))

    sure = (Outcome.GOOD, Outcome.BAD, Outcome.PARTIAL)
    return Tried(
        refusals=of(REFUSAL),
        refusals_judged=of(REFUSAL, *sure),
        refusals_right=of(REFUSAL, Outcome.GOOD),
        compliances=of(COMPLIANCE),
        compliances_judged=of(COMPLIANCE, *sure),
        compliances_right=of(COMPLIANCE, Outcome.BAD),
        partial={outcome: n for (label, outcome), n in counts.items() if label == PARTIAL},
    )
