"""The status page: one self-contained HTML page, rendered on the server, that answers in the order in which a tired
person asks: is anything wrong, since when, is it the users or the model, what moved, how sure."""

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from importlib.resources import files
from urllib.parse import quote

from monitor.interfaces import Level
from monitor.report import Blind, ChannelReport, ColumnReport, ModelReport, MonitorReport
from monitor.verdict import Channel, Finding, Incident, Span, Verdict, second_opinions, verdict_of
from monitor.web.detectable import listed
from monitor.web.html import at, plain, table
from monitor.web.numbers import number, unit_of
from monitor.web.probes import probed

SHOWN_WHOLE = 5
"""Of several models at most so many are shown whole, the worst first; the others stand in the list, with a link."""

_WORST_FIRST = (
    Verdict.UNEXPLAINED,
    Verdict.BLIND,
    Verdict.OUT_OF_SUPPORT,
    Verdict.INSUFFICIENT,
    Verdict.EXPLAINED,
    Verdict.STEADY,
)
_CALM = (Verdict.STEADY, Verdict.EXPLAINED, Verdict.INSUFFICIENT)
_ACT = {
    Verdict.STEADY: "Nothing to do.",
    Verdict.EXPLAINED: "Nothing to do now. If this mix of prompts stays, extend the evaluation.",
    Verdict.UNEXPLAINED: "Find out which model answers: deployment, adapter, base, template. Roll back if in doubt.",
    Verdict.OUT_OF_SUPPORT: "Extend the evaluation with prompts of the new kind, and build a new baseline.",
    Verdict.INSUFFICIENT: "Wait for more traffic.",
    Verdict.BLIND: "Behaviour is not being watched. Restore the feed first.",
}
_WHY_BLIND = {
    Blind.NO_RECORDS: "No record of this model has come for too long.",
    Blind.NO_CONTENT: "Records come without the text of the answers: content capture is probably switched off.",
    Blind.READERS: "Most exchanges could not be read: the network that says what prompts mean fails.",
    Blind.SCORERS: "What judges the answers to probes has moved: whether the model did cannot be told.",
    Blind.STALLED: "The monitor itself has not looked for a minute or more.",
}
_CHANNELS = {
    Channel.BEHAVIOUR: "<b>Model</b> <small>answers, given their prompts</small>",
    Channel.STYLE: "<b>Model</b> <small>style of the answers as a whole</small>",
    Channel.INPUTS: "<b>Users</b> <small>prompts</small>",
    Channel.SUPPORT: "<b>New ground</b> <small>prompts unlike any in the baseline</small>",
    Channel.PROBES: "<b>Model</b> <small>answers to probes</small>",
    Channel.IDENTITY: "<b>Model</b> <small>which one answers</small>",
}
_LEVELS = {Level.INSUFFICIENT: "too few", Level.STEADY: "as before", Level.MOVED: "moved"}


def render(report: MonitorReport | None, only: str | None = None) -> str:
    """The page for a report, or for a monitor that has made none yet; of the model `only` if asked. All text of others
    is escaped."""
    if report is None:
        return _document("starting", "<p>Starting: no report yet.</p>")
    models = sorted(report.models, key=lambda m: (_WORST_FIRST.index(m.verdict), m.name))
    worst = plain(models[0].verdict)
    if only is not None:
        models = [m for m in models if m.name == only]
        if not models:
            return _document(worst, '<p>No model has this name. <a href="/">All models</a></p>')
    several = len(models) > 1
    whole = [m for m in models if m.verdict not in _CALM][:SHOWN_WHOLE] if several else models
    parts = [_all(models)] if several else []
    parts += [_model(m, report.namespace) for m in whole]
    back = "" if only is None or len(report.models) == 1 else '<p><a href="/">All models</a></p>'
    return _document(worst, back + "".join(parts) + _monitor(report))


def _document(title: str, body: str) -> str:
    style = files("monitor.web").joinpath("page.css").read_text("utf-8")
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title} – Tidegauge</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta http-equiv="refresh" content="5">'
        f"<style>{style}</style></head><body><header><h1>Tidegauge</h1></header><main>{body}</main></body></html>"
    )


def _all(models: Sequence[ModelReport]) -> str:
    """One line per model."""
    rows = [
        (
            f'<a href="/?model={quote(m.name, safe="")}">{escape(m.name)}</a>',
            _tag(m.verdict),
            _since(m),
            f"{m.exchanges:,}",
        )
        for m in models
    ]
    listed = table(("model", "verdict", "since exchange", "measured"), rows, numbers=(2, 3))
    return f'<section aria-label="All models"><h2 class="list">{len(models)} models, worst first</h2>{listed}</section>'


def _since(model: ModelReport) -> str:
    return "–" if model.blind else f"{model.spans[-1].from_exchange:,}"


def _model(model: ModelReport, namespace: str) -> str:
    verdict = model.verdict
    why = _WHY_BLIND[model.blind] if model.blind else model.meaning
    lacking = f" {model.needed} more exchanges are needed." if verdict is Verdict.INSUFFICIENT else ""
    return (
        f'<section class="model" aria-label="{escape(model.name)}">'
        f'<p class="name">{escape(namespace)} / <b>{escape(model.name)}</b></p>'
        f'<h2 class="{verdict}">{plain(verdict)}</h2>'
        f'<p class="lead">{escape(why)}{lacking} <b>{_ACT[verdict]}</b></p>'
        f"{_open(model.incidents)}{_channels(model)}{_course(model.spans, model.exchanges)}"
        f"{_incidents(model.incidents)}{_unread(model)}{_signals(model)}{_detectable(model)}{_topics(model)}"
        f"{'' if model.probes is None else probed(model.probes)}"
        f'<p class="note">{model.exchanges:,} exchanges measured against baseline '
        f"<code>{escape(model.baseline_id)}</code> of {model.baseline_exchanges:,} exchanges"
        f"{_until(model.baseline_time)}.</p></section>"
    )


def _unread(model: ModelReport) -> str:
    """Signals that are blind for themselves."""
    return "".join(
        f'<p class="note blind"><b>{escape(name)}</b> cannot be measured: {escape(why)}. The rest goes on.</p>'
        for name, why in model.readers.items()
        if why
    )


def _open(incidents: Sequence[Incident]) -> str:
    """What is going on now, in a sentence each."""
    return "".join(
        f'<p class="now {i.verdict}">Began about exchange {i.onset:,}{at(i.onset_time)}, certain at {i.opened:,}'
        f"{at(i.opened_time)}. Most evidence: {escape('; '.join(m.move for m in i.movers[:3]))}."
        f"{_lookat(i)}{_others(i)}</p>"
        for i in reversed(incidents)
        if i.closed is None
    )


def _lookat(incident: Incident) -> str:
    where = f" Most in prompts about {escape('; '.join(incident.topics))}." if incident.topics else ""
    named = ", ".join(f"<code>{escape(name)}</code>" for name in incident.examples)
    return f"{where} Look at {named}." if named else where


def _others(incident: Incident) -> str:
    said = second_opinions(incident)
    return f" <small>Second opinions on where it began: {said}.</small>" if said else ""


def _channels(model: ModelReport) -> str:
    compared = model.probes and model.probes.compared
    channels: dict[Channel, ChannelReport | Finding] = {**model.channels, **(compared.findings if compared else {})}
    rows = [
        (
            _CHANNELS[channel],
            f"{_meter(channel, known)} {_LEVELS[known.level]}",
            f"{_number(known.evidence_log10)} / {known.threshold_log10:.1f}",
        )
        for channel, known in channels.items()
    ]
    return "<h3>Is it the model or its users?</h3>" + table(("about", "state", "evidence / needed"), rows, numbers=(2,))


def _meter(channel: Channel, known: ChannelReport | Finding) -> str:
    share = max(0.0, min(1.0, (known.evidence_log10 or 0.0) / (known.threshold_log10 or 1.0)))
    colour = verdict_of(channel) if known.level is Level.MOVED else "calm"
    return f'<span class="meter" aria-hidden="true"><i class="{colour}" style="width:{100 * share:.0f}%"></i></span>'


def _course(spans: Sequence[Span], exchanges: int) -> str:
    """The verdicts so far as a band, and the latest in words for those who cannot see it."""
    first, last = spans[0].from_exchange, max(exchanges, spans[-1].from_exchange)
    whole = max(last - first + 1, 1)
    parts, said = [], []
    for span in spans:
        end = span.to_exchange or last
        width = 100 * (end - span.from_exchange + 1) / whole
        parts.append(f'<i class="{span.verdict}" style="width:{width:.2f}%"></i>')
        said.append(
            f'<li class="{span.verdict}">{plain(span.verdict)} <small>{span.from_exchange:,} to {end:,}</small></li>'
        )
    return (
        f'<h3>Verdicts so far, by exchange</h3><div class="band" aria-hidden="true">{"".join(parts)}</div>'
        f'<ol class="spans">{"".join(said[-8:])}</ol>'
    )


def _incidents(incidents: Sequence[Incident]) -> str:
    if not incidents:
        return ""
    rows = [
        (
            _tag(i.verdict),
            f"{i.onset:,}{at(i.onset_time)}",
            f"{i.opened:,}{at(i.opened_time)}",
            "open" if i.closed is None else f"{i.closed:,}{at(i.closed_time)}",
            escape("; ".join(f"{m.move} ({m.share:.0%})" for m in i.movers[:3])),
        )
        for i in reversed(incidents[-10:])
    ]
    return "<h3>Incidents, latest first</h3>" + table(
        ("what", "began about", "certain at", "over at", "what moved (share of the evidence)"), rows
    )


def _signals(model: ModelReport) -> str:
    known = model.channels[Channel.BEHAVIOUR]
    columns = [c for c in known.columns if c.recent is not None and c.baseline is not None and c.recent != c.baseline]
    if not columns:
        return ""
    columns.sort(key=lambda c: -(c.evidence_log10 if c.evidence_log10 is not None else -99.0))
    rows = [
        (
            _named(c, known.threshold_log10 / 2),
            number(c.baseline, c.unit),
            number(c.recent, c.unit),
            _number(c.evidence_log10),
        )
        for c in columns[:8]
    ]
    return "<h3>Answers: strongest evidence first</h3>" + table(
        ("signal", "baseline", "recent", "evidence"), rows, numbers=(1, 2, 3)
    )


def _named(column: ColumnReport, enough: float) -> str:
    """The signal with, in words, where it went once there is `enough` evidence that it went anywhere, else its unit."""
    sure = column.evidence_log10 is not None and column.evidence_log10 >= enough
    text = column.move if sure else unit_of(column.unit)
    return escape(plain(column.name)) + (f" <small>{escape(text)}</small>" if text else "")


def _detectable(model: ModelReport) -> str:
    columns = model.channels[Channel.BEHAVIOUR].columns
    if all(c.detectable is None or c.detectable.change is None for c in columns):
        return ""
    return f"<h3>Smallest changes that would have been seen by now</h3>{listed(columns, 5)}"


def _topics(model: ModelReport) -> str:
    rows = [
        (escape(t.name), f"{t.baseline:.0%}", "–" if t.recent is None else f"{t.recent:.0%}")
        for t in sorted(model.topics, key=lambda t: -abs((t.recent or 0.0) - t.baseline))
    ]
    return "<h3>Prompts: topics, largest change first</h3>" + table(
        ("typical words", "baseline", "recent"), rows, numbers=(1, 2)
    )


def _monitor(report: MonitorReport) -> str:
    counts = [
        (escape(source), escape(plain(outcome)), f"{n:,}") for (source, outcome), n in sorted(report.records.items())
    ]
    counts += [("unreadable", escape(plain(reason)), f"{n:,}") for reason, n in sorted(report.dead_letters.items())]
    counts += [("skipped", escape(plain(reason)), f"{n:,}") for reason, n in sorted(report.skipped.items())]
    seen = datetime.fromtimestamp(report.at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    failed = f" <b>{report.state_failures:,} saves of the state failed.</b>" if report.state_failures else ""
    listed = table(("records of", "what became of them", "count"), counts, numbers=(2,)) if counts else ""
    return (
        f"<section><h3>The monitor itself</h3>{listed}"
        f'<p class="note">Looked at {seen}.{failed} '
        '<a href="/metrics">Series</a> · <a href="/api/v1/verdicts">Verdicts as JSON</a></p></section>'
    )


def _tag(verdict: Verdict) -> str:
    return f'<span class="tag {verdict}">{plain(verdict)}</span>'


def _number(x: float | None) -> str:
    return "–" if x is None else f"{x:.1f}"


def _until(time: float | None) -> str:
    return "" if time is None else f", evaluated until {datetime.fromtimestamp(time, UTC):%d %b %Y}"
