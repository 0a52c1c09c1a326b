"""All that is known of one incident, to be kept: as plain data, and as a page in one file. No text of a prompt or an
answer is in either."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from monitor import __version__
from monitor.looks import Look
from monitor.report import MonitorReport, ProbesReport
from monitor.verdict import Incident
from monitor.web.document import alone
from monitor.web.html import plain
from monitor.web.incident import told
from monitor.web.page import seen_with, shown_of
from monitor.web.shown import Shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """One incident, and the look that goes with it: `lasted` says whether that is from while it was open."""

    incident: Incident
    report: MonitorReport
    shown: Shown
    lasted: bool

    @staticmethod
    def of(
        report: MonitorReport,
        incident: str,
        *,
        looks: Mapping[str, Sequence[Look]],
        during: Mapping[str, MonitorReport],
    ) -> "Bundle":
        """Of the incident with this id, which must be in the report."""
        model, found = next((m, i) for m in report.models for i in m.incidents if i.id == incident)
        seen, lasted = seen_with(report, model, during.get(incident))
        return Bundle(
            incident=found, report=seen, shown=shown_of(seen, seen.models[0], looks, alone=True), lasted=lasted
        )

    def page(self) -> str:
        body = told(self.shown, self.incident, self.report, lasted=self.lasted)
        foot = f"Tidegauge {__version__}, incident. No text of a prompt or an answer is in this file."
        return alone(f"{plain(self.incident.verdict)}, {self.shown.model.name}", body, foot)

    def plain(self) -> dict[str, Any]:
        """As JSON has it. Times are Unix seconds."""
        model = self.shown.model
        report: dict[str, Any] = _built(msgspec.structs.asdict(self.report) | {"models": ()})
        about = {key: value for key, value in report.items() if key not in ("models", "batch_secs", "namespace", "at")}
        return {
            "version": __version__,
            "namespace": self.report.namespace,
            "model": model.name,
            "incident": msgspec.to_builtins(self.incident),
            "as_of": self.report.at,
            "while_it_lasted": self.lasted,
            **{
                key: msgspec.to_builtins(getattr(model, key))
                for key in (
                    "verdict",
                    "meaning",
                    "blind",
                    "exchanges",
                    "last_record_time",
                    "baseline_id",
                    "baseline_exchanges",
                    "baseline_time",
                    "input_shift",
                    "out_of_support",
                    "repeated",
                    "readers",
                    "spans",
                    "channels",
                    "topics",
                )
            },
            "probes": None if model.probes is None else plain_probes(model.probes),
            "looks": msgspec.to_builtins(self.shown.looks),
            "monitor": about,
        }


def plain_probes(probes: ProbesReport) -> dict[str, Any]:
    """Outcomes as a list: JSON has no keys of three parts."""
    counted = [
        dict(zip(("suite", "category", "outcome", "n"), (*k, n), strict=True)) for k, n in probes.outcomes.items()
    ]
    built: dict[str, Any] = msgspec.to_builtins(msgspec.structs.asdict(probes) | {"outcomes": counted})
    return built


def _built(value: Mapping[str, Any]) -> dict[str, Any]:
    """Keys of two parts become one, parted by a blank: JSON has no others."""
    return {
        key: {" ".join(k) if isinstance(k, tuple) else k: n for k, n in v.items()} if isinstance(v, Mapping) else v
        for key, v in value.items()
    }
