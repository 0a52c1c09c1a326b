"""Files of traffic through the bank of one model, with looks at its evidence on the way."""

import gzip
import math
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from glob import escape
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from scipy.special import gammaincinv

from monitor.bank import Bank
from monitor.baseline import Baseline
from monitor.errors import ConfigError, MalformedRecord
from monitor.formats import format_of
from monitor.looks import Look, Looks
from monitor.records import Exchange
from monitor.report import ColumnReport, ModelReport
from monitor.sources import SOURCES
from monitor.stats.rate import MonthlyRate
from monitor.verdict import PAGING, Channel, Incident, Span, Verdict, verdict_of
from monitor.web.detectable import changed

LOOK = 25
"""Exchanges between two looks at the evidence; doubled whenever there are MOST_LOOKS."""

MOST_LOOKS = 512

DETAILED = 12
"""Of so many incidents, the earliest, it is kept what they looked like while they lasted."""


class FalsePages(msgspec.Struct, frozen=True, kw_only=True):
    """Two figures that must not be mixed up. Promised: the budget `per_month`, and at most how many that makes
    `over_replay`. Seen: `pages` in this replay; were all of them false, that is `seen_per_month`, with the 95 %
    interval of a Poisson count (its upper end alone when there were none)."""

    per_month: float
    exchanges_per_month: float
    over_replay: float
    pages: int
    seen_per_month: float
    seen_low: float
    seen_high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What a replay found. `report` is the last look; `spans` and `incidents` hold the whole course; `during` has, by
    the id of an incident, the last look while it was open and nothing newer was. `left_out`: records by reason."""

    report: ModelReport
    files: Sequence[str]
    spans: Sequence[Span]
    incidents: Sequence[Incident]
    during: Mapping[str, ModelReport]
    looks: Sequence[Look]
    false_pages: FalsePages
    left_out: Mapping[str, int]
    first_time: float | None
    last_time: float | None

    @property
    def pages(self) -> Sequence[Incident]:
        """The incidents that would have paged."""
        return [i for i in self.incidents if i.verdict in PAGING]

    @property
    def signals(self) -> Sequence[ColumnReport]:
        """The signals of the answers at the end, each with the smallest change that would have been seen."""
        return self.report.channels[Channel.BEHAVIOUR].columns


def replay(
    paths: Sequence[Path],
    baseline: Baseline,
    *,
    record_format: str = "auto",
    model_glob: str | None = None,
    exchanges_per_month: float | None = None,
    false_pages_per_month: float = 1.0,
    on_progress: Callable[[int], object] = lambda _: None,
) -> Replay:
    """Replays the files in the order given, as a monitor that starts with them would see them. `model_glob` is the
    served name, by default the baseline's model; `on_progress` gets the number of records read. ConfigError when a
    file cannot be read, the format is unknown, or nothing is left of the model."""
    for name, number in (("exchanges", exchanges_per_month), ("false-pages", false_pages_per_month)):
        if number is not None and not 0 < number < math.inf:
            raise ConfigError(f"--{name}-per-month: must be a number above 0, not {number}")
    name = baseline.manifest.model
    bank = Bank(
        name=name,
        baseline=baseline,
        exchanges_per_month=exchanges_per_month,
        false_pages_per_month=false_pages_per_month,
    )
    traffic = _Traffic(paths, record_format, escape(name) if model_glob is None else model_glob, on_progress)
    course = _Course(bank)
    for exchange in traffic.exchanges():
        course.take(exchange)
    course.look()
    if not course.exchanges:
        raise ConfigError(traffic.nothing(model_glob or name))
    report = bank.report()
    per_month = course.rate.per_month() if exchanges_per_month is None else exchanges_per_month
    pages = sum(i.verdict in PAGING for i in course.incidents.values())
    return Replay(
        report=report,
        files=[str(path) for path in paths],
        spans=[course.spans[start] for start in sorted(course.spans)],
        incidents=list(course.incidents.values()),
        during=course.during,
        looks=course.looks.seen,
        false_pages=_false_pages(false_pages_per_month, per_month, course.promised, pages, course.exchanges),
        left_out=dict(traffic.left_out),
        first_time=course.first_time,
        last_time=course.last_time,
    )


def lines_in(paths: Sequence[Path]) -> int | None:
    """How many records are to come, about; None when that cannot be known. Errors are the reader's to tell."""
    lines = 0
    for path in paths:
        try:
            with path.open("rb") as raw:
                packed = raw.read(2) == b"\x1f\x8b"
            with gzip.open(path) if packed else path.open("rb") as file:
                lines += sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b""))
        except (OSError, EOFError, zlib.error):
            return None
    return lines


def plain(done: Replay) -> dict[str, Any]:
    """All of it as plain data, for `--json`."""
    report = done.report
    return {
        "model": report.name,
        "baseline_id": report.baseline_id,
        "baseline_exchanges": report.baseline_exchanges,
        "files": list(done.files),
        "exchanges": report.exchanges,
        "left_out": dict(done.left_out),
        "first_time": done.first_time,
        "last_time": done.last_time,
        "verdict": str(report.verdict),
        "pages": len(done.pages),
        "verdicts": [{**_built(s), "to_exchange": s.to_exchange or report.exchanges} for s in done.spans],
        "incidents": [{**_built(i), "pages": i.verdict in PAGING} for i in done.incidents],
        "false_pages": _built(done.false_pages),
        "smallest_change": [_smallest(c) for c in done.signals],
        "looks": [_built(look) for look in done.looks],
    }


def _smallest(column: ColumnReport) -> dict[str, Any]:
    known = column.detectable
    assert known is not None
    return {
        "signal": column.name,
        "unit": column.unit,
        "move": known.move,
        "n": column.samples,
        "baseline": column.baseline,
        "changed": changed(column, known),
        "spreads": known.effect,
        "topic": known.topic,
        "topic_change": known.topic_change,
        "topic_spreads": known.topic_effect,
    }


def _built(value: Any) -> Any:
    return msgspec.to_builtins(value)


class _Traffic:
    """The exchanges of one model in files, and what was left out."""

    def __init__(
        self, paths: Sequence[Path], record_format: str, glob: str, on_progress: Callable[[int], object]
    ) -> None:
        self._paths, self._glob, self._on_progress = paths, glob, on_progress
        self._decode = format_of(record_format).decode
        self._others: set[str] = set()
        self.left_out: Counter[str] = Counter()

    def exchanges(self) -> Iterator[Exchange]:
        source = SOURCES["files"](paths=[str(p) for p in self._paths], wait=lambda _: None, stdin=sys.stdin.buffer)
        read = 0
        for batch in source.batches({}):
            for record in batch.records:
                try:
                    exchange = self._decode(record)
                except MalformedRecord as error:
                    self.left_out[str(error.reason)] += 1
                    continue
                if not fnmatchcase(exchange.model, self._glob):
                    self.left_out["other_model"] += 1
                    if len(self._others) < 4:
                        self._others.add(exchange.model)
                elif exchange.probe:
                    self.left_out["probe"] += 1
                elif exchange.has_content:
                    yield exchange
                else:
                    self.left_out["no_content"] += 1
            read += len(batch.records)
            self._on_progress(read)

    def nothing(self, model: str) -> str:
        """The one line that says why there is nothing to replay."""
        named = ", ".join(map(str, self._paths[:3])) + (", ..." if len(self._paths) > 3 else "")
        if not self.left_out:
            return f"nothing to replay in {named}: no records at all"
        why = ", ".join(f"{n} {reason}" for reason, n in self.left_out.items())
        others = sorted(self._others)
        found = f" ({', '.join(others[:3])}{', ...' if len(others) > 3 else ''}): see --model" if others else ""
        return f"no usable exchange of model {model!r} in {named}: left out {why}{found}"


@dataclass(slots=True)
class _Course:
    """A bank fed in order, and what was seen of it. The bank keeps its latest 200 incidents and spans; this, all."""

    bank: Bank
    exchanges: int = 0
    promised: float = 0.0
    waiting: list[Exchange] = field(default_factory=list)
    looks: Looks = field(default_factory=lambda: Looks(most=MOST_LOOKS, step=LOOK))
    spans: dict[int, Span] = field(default_factory=dict)
    incidents: dict[str, Incident] = field(default_factory=dict)
    during: dict[str, ModelReport] = field(default_factory=dict)
    rate: MonthlyRate = field(default_factory=MonthlyRate)
    first_time: float | None = None
    last_time: float | None = None

    def take(self, exchange: Exchange) -> None:
        self.waiting.append(exchange)
        if len(self.waiting) == self.looks.step:
            self.look()

    def look(self) -> None:
        """Measures what waits, and keeps what is then known."""
        if not self.waiting:
            return
        self.bank.update(self.waiting)
        times = np.array([np.nan if e.time is None else e.time for e in self.waiting])
        self.rate.update(times)
        known = times[~np.isnan(times)]
        if len(known):
            self.first_time = float(known.min() if self.first_time is None else min(self.first_time, known.min()))
            self.last_time = float(known.max() if self.last_time is None else max(self.last_time, known.max()))
        report = self.bank.report()
        self.promised += len(self.waiting) * sum(
            10**-known.threshold_log10 for c, known in report.channels.items() if verdict_of(c) in PAGING
        )
        self.exchanges += len(self.waiting)
        self.waiting = []
        self._keep(report)

    def _keep(self, report: ModelReport) -> None:
        self.spans |= {span.from_exchange: span for span in report.spans}
        self.incidents |= {incident.id: incident for incident in report.incidents}
        lasting = [i for i in report.incidents if i.closed is None]
        if lasting:
            newest = max(lasting, key=lambda i: i.onset).id
            if newest in self.during or len(self.during) < DETAILED:
                self.during[newest] = report
        self.looks.add(Look.at(report))


def _false_pages(budget: float, per_month: float, promised: float, pages: int, exchanges: int) -> FalsePages:
    months = exchanges / per_month
    low, high = (gammaincinv(pages, 0.025), gammaincinv(pages + 1, 0.975)) if pages else (0.0, gammaincinv(1, 0.95))
    return FalsePages(
        per_month=budget,
        exchanges_per_month=per_month,
        over_replay=promised,
        pages=pages,
        seen_per_month=pages / months,
        seen_low=float(low) / months,
        seen_high=float(high) / months,
    )


def worst(done: Replay) -> Verdict:
    """The verdict that a reader must see first: of what paged, else the last."""
    return min((i.verdict for i in done.pages), key=lambda v: v is not Verdict.UNEXPLAINED, default=done.report.verdict)
