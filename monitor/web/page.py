"""The status page, rendered on the server, that answers in the order in which a tired person asks: is anything wrong,
since when, how sure, is it the users or the model, where, what to do; then what that rests on."""

from collections.abc import Mapping, Sequence

import msgspec

from monitor.looks import Look
from monitor.report import ModelReport, MonitorReport
from monitor.web.answers import answers
from monitor.web.document import live
from monitor.web.fleet import fleet, worst_first
from monitor.web.health import health
from monitor.web.html import address, plain
from monitor.web.incident import told
from monitor.web.sections import SECTIONS
from monitor.web.shown import Shown

_ALL = '<p><a href="/">All models</a></p>'


def render(
    report: MonitorReport | None,
    only: str | None = None,
    incident: str | None = None,
    *,
    looks: Mapping[str, Sequence[Look]] | None = None,
    during: Mapping[str, MonitorReport] | None = None,
) -> str:
    """The page for a report, or for a monitor that has made none yet; of the model `only` and of its incident if asked.
    `looks` at evidence on the way by model, the present one alone where there are none; `during`, by the id of an
    incident, the last look while it lasted. All text of others is escaped."""
    if report is None:
        return live("starting", "<section><h1>Starting: no report yet.</h1></section>")
    models = worst_first(report.models)
    title = plain(models[0].verdict)
    own = f"<section>{health(report)}</section>"
    if only is None and len(models) > 1:
        return live(title, fleet(models, report.namespace, report.at) + own)
    model = next((m for m in models if only in (None, m.name)), None)
    if model is None:
        return live(title, f"<section><h1>No model has this name.</h1>{_ALL}</section>")
    back = _ALL if len(models) > 1 else ""
    if incident is not None:
        return live(title, back + _incident(report, model, incident, looks or {}, during or {}))
    shown = shown_of(report, model, looks or {})
    sections = "".join(section(shown) for section in SECTIONS)
    first = f'<section class="model">{answers(shown, report.namespace)}</section>'
    return live(plain(model.verdict), f"{back}{first}<section>{sections}</section>{own}")


def shown_of(
    report: MonitorReport, model: ModelReport, looks: Mapping[str, Sequence[Look]], *, alone: bool = False
) -> Shown:
    """What the sections of a model are made from."""
    return Shown(model=model, looks=looks.get(model.name) or (Look.at(model),), time=report.at, alone=alone)


def _incident(
    report: MonitorReport,
    model: ModelReport,
    asked: str,
    looks: Mapping[str, Sequence[Look]],
    during: Mapping[str, MonitorReport],
) -> str:
    back = f'<p><a href="{address(model.name)}">All about this model</a></p>'
    incident = next((i for i in model.incidents if i.id == asked), None)
    if incident is None:
        return f"<section><h1>No incident has this name, or it is no longer kept.</h1>{back}</section>"
    seen, lasted = seen_with(report, model, during.get(asked))
    return back + told(shown_of(seen, seen.models[0], looks), incident, seen, lasted=lasted)


def seen_with(report: MonitorReport, model: ModelReport, kept: MonitorReport | None) -> tuple[MonitorReport, bool]:
    """The look that goes with an incident of a model, of that model alone, and whether it is one from while it lasted:
    `kept`, with the course until now."""
    if kept is None:
        return msgspec.structs.replace(report, models=(model,)), False
    course = {"spans": model.spans, "incidents": model.incidents, "exchanges": model.exchanges}
    return msgspec.structs.replace(kept, models=(msgspec.structs.replace(kept.models[0], **course),)), True
