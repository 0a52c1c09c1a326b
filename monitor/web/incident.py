"""All that is known of one incident, for whoever looks into it, during and after."""

from datetime import UTC, datetime
from html import escape
from urllib.parse import quote

from monitor.report import MonitorReport
from monitor.verdict import Incident
from monitor.web.advice import alert_of, runbook
from monitor.web.answers import where
from monitor.web.health import health
from monitor.web.html import ago, at, facts, plain, power, table
from monitor.web.sections import SECTIONS
from monitor.web.sections.incidents import incidents
from monitor.web.shown import Shown
from monitor.web.words import full


def told(shown: Shown, incident: Incident, report: MonitorReport, *, lasted: bool) -> str:
    """The page of one incident. `report` is the look that goes with `shown`; `lasted` says whether the incident was
    open then: it is the last such look that is kept."""
    over = "it is still open" if incident.closed is None else f"exchange {incident.closed:,}{at(incident.closed_time)}"
    asked = (
        ("Began about", f"exchange {incident.onset:,}{at(incident.onset_time)}"),
        ("Certain at", f"exchange {incident.opened:,}{at(incident.opened_time)}{_took(incident)}"),
        ("Over at", over),
        ("Seen first by", full(incident.channel)),
        ("Evidence", f"{power(incident.evidence_log10)} when it opened, {power(incident.threshold_log10)} needed"),
        ("Where", where(incident)),
        ("Runbook", runbook(alert_of(incident.channel))),
    )
    rows = [(escape(m.move), f"<code>{escape(m.column)}</code>", f"{m.share:.0%}") for m in incident.movers]
    movers = table(("what", "signal", "share"), rows, numbers=(2,), caption="What moved, by its share of the evidence")
    keep = f'<p><a href="/incident.html?id={quote(incident.id, safe="")}" download>Save this page as one file</a></p>'
    sections = "".join(section(shown) for section in SECTIONS if section is not incidents)
    return (
        f'<section><p class="name">{escape(report.namespace)} / <b>{escape(shown.model.name)}</b> '
        f"<small>{escape(incident.id)}</small></p>"
        f'<h1 class="answer {incident.verdict}">Incident: {plain(incident.verdict)}</h1>{facts(asked)}{movers}'
        f"{'' if shown.alone else keep}</section>"
        f'<section><p class="note">{_as_of(report.at, lasted=lasted)}</p>{sections}</section>'
        f"<section>{health(report, alone=shown.alone)}</section>"
    )


def _took(incident: Incident) -> str:
    began, sure = incident.onset_time, incident.opened_time
    n = incident.opened - incident.onset
    took = f", {ago(sure - began)}" if began is not None and sure is not None else ""
    return f", {n:,} exchanges{took} after it began"


def _as_of(time: float, *, lasted: bool) -> str:
    when = f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M:%S} UTC"
    if lasted:
        return f"What follows is as of {when}, the last look while this incident was open and the latest."
    return f"What follows is as of {when}, not of the incident: no look from while it lasted is kept any more."
