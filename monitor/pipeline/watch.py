"""One monitored model: which exchanges are its own, and whether it can be measured."""

from dataclasses import dataclass, field
from fnmatch import fnmatchcase

import msgspec

from monitor.bank import Bank
from monitor.baseline import Gauge
from monitor.report import Blind, Canary, ModelReport, ProbesReport
from monitor.sampler import Sampler
from monitor.verdict import Verdict, words

_MOST_BLIND = 0.5
_MEMORY = 1 / 128


@dataclass(slots=True)
class Watch:
    """One monitored model: which exchanges are its own, its bank, its sampler (of its own or shared with other models),
    and whether it can be measured.
    `empty` is the recent share of its records without content, `left` that of its drawn exchanges that there was no
    time to read, `failed` that of those that could not be read, `seen` when one of its records last came (monotonic),
    `heard` what its canary said last."""

    model_glob: str
    adapter_glob: str | None
    bank: Bank
    sampler: Sampler
    canary: Canary | None = None
    empty: float = 0.0
    left: float = 0.0
    failed: float = 0.0
    seen: float = field(default=float("nan"))
    heard: ProbesReport | None = None

    @property
    def gauge(self) -> Gauge:
        """What its exchanges are measured by."""
        return self.bank.baseline.gauge

    def matches(self, model: str, adapter: str | None) -> bool:
        if not fnmatchcase(model, self.model_glob):
            return False
        return self.adapter_glob is None or fnmatchcase(adapter or "", self.adapter_glob)

    def dump(self) -> list[float]:
        """What belongs to the records read so far beside the bank; NaN where the sampler saw none."""
        return [self.empty, *self.sampler.dump()]

    def restore(self, values: list[float]) -> None:
        """The opposite of `dump`."""
        self.empty = values[0]
        self.sampler.restore(values[1:])

    def report(self, *, at: float, blind_after_secs: float) -> ModelReport:
        """What is known of the model `at` a monotonic second. Blind where over half of its recent records have no
        content or could not be read, where none came for `blind_after_secs`, and where scorers moved: but then an alarm
        of the traffic's own stands."""
        report = msgspec.structs.replace(self.bank.report(), probes=self.heard)
        blind = None
        if self.empty > _MOST_BLIND:
            blind = Blind.NO_CONTENT
        elif self.failed > _MOST_BLIND:
            blind = Blind.READERS
        elif at - self.seen > blind_after_secs:
            blind = Blind.NO_RECORDS
        elif self._scorers_moved() and report.verdict is not Verdict.UNEXPLAINED:
            blind = Blind.SCORERS
        if blind is None:
            return report
        return msgspec.structs.replace(report, verdict=Verdict.BLIND, blind=blind, meaning=words(Verdict.BLIND))

    def _scorers_moved(self) -> bool:
        return self.heard is not None and self.heard.compared is not None and self.heard.compared.blind


def lately(share: float, new: int, of: int) -> float:
    """The recent share after `of` more, of which `new` count; those before fade by _MEMORY with each."""
    return share + (1 - (1 - _MEMORY) ** of) * (new / max(of, 1) - share)
