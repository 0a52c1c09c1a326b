"""The exporter that pages read: the latest report, and what was seen on the way, in bounded memory."""

from collections import defaultdict
from collections.abc import Callable, Mapping

import msgspec

from monitor.looks import Look, Looks
from monitor.report import ModelReport, MonitorReport, as_seen_at

MOST_LOOKS = 240
"""So many looks at the evidence are kept per model, about 150 kB; the longer it runs, the further apart."""

DETAILED = 6
"""Of so many incidents per model, the latest, the last look while they lasted is kept."""


class Board:
    """Holds the latest report for those who read it. `now` gives Unix seconds. What was seen on the way begins anew
    with the process."""

    def __init__(self, *, now: Callable[[], float]) -> None:
        self._now = now
        self._report: MonitorReport | None = None
        self._looks: defaultdict[str, Looks] = defaultdict(lambda: Looks(most=MOST_LOOKS))
        self._during: dict[str, dict[str, MonitorReport]] = {}

    def export(self, report: MonitorReport) -> None:
        for model in report.models:
            self._looks[model.name].add(Look.at(model))
            self._keep(report, model)
        self._report = report

    def _keep(self, report: MonitorReport, model: ModelReport) -> None:
        """What the newest open incident looks like now; other threads see what was kept before or this, whole."""
        lasting = [i for i in model.incidents if i.closed is None]
        if lasting:
            newest = max(lasting, key=lambda i: i.onset).id
            kept = self._during.get(model.name, {}) | {newest: msgspec.structs.replace(report, models=(model,))}
            self._during[model.name] = dict(list(kept.items())[-DETAILED:])

    def latest(self) -> MonitorReport | None:
        """The report as it must be read now; None before the first."""
        return None if self._report is None else as_seen_at(self._report, self._now())

    @property
    def looks(self) -> Mapping[str, tuple[Look, ...]]:
        """Per model the looks at its evidence, the latest last."""
        return {name: looks.seen for name, looks in list(self._looks.items())}

    @property
    def during(self) -> Mapping[str, MonitorReport]:
        """By the id of an incident the last look while it was the newest that was open, with that model alone."""
        return {of: seen for kept in list(self._during.values()) for of, seen in kept.items()}
