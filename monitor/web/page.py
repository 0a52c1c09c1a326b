"""The status page: one self-contained HTML page, rendered on the server, that answers in the order in which a tired
person asks: is anything wrong, since when, how sure, is it the users or the model, what moved."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from importlib.resources import files

from monitor.report import Blind, ChannelReport, ColumnReport, ModelReport, MonitorReport
from monitor.verdict import Channel, Incident, Span, Verdict

_ACT = {
    Verdict.STEADY: "Nothing to do.",
    Verdict.EXPLAINED: "No page: users ask other things than at evaluation. Extend the evaluation if this mix stays.",
    Verdict.UNEXPLAINED: "Find out which model answers: deployment, adapter, base, template. Roll back if in doubt.",
    Verdict.OUT_OF_SUPPORT: "Extend the evaluation with prompts of the new kind, and build a new baseline.",
    Verdict.INSUFFICIENT: "Wait for more traffic.",
    Verdict.BLIND: "Behaviour is not being watched. Restore the feed first.",
}
_WHY_BLIND = {
    Blind.NO_RECORDS: "No record of this model has come for too long.",
    Blind.NO_CONTENT: "Records come without the text of the answers: content capture is probably switched off.",
    Blind.STALLED: "The monitor itself has not looked for a minute or more.",
}
_CHANNELS = {
    Channel.BEHAVIOUR: "answers, given their prompts",
    Channel.INPUTS: "prompts",
    Channel.SUPPORT: "prompts unlike any in the baseline",
}


def render(report: MonitorReport | None) -> str:
    """The page for a report, or for a monitor that has made none yet. All text of others is escaped."""
    body = (
        "<p>Starting: no report yet.</p>"
        if report is None
        else "".join(_model(m, report.namespace) for m in report.models)
    )
    foot = "" if report is None else _monitor(report)
    style = files("monitor.web").joinpath("page.css").read_text("utf-8")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Tidegauge</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><meta http-equiv="refresh" content="5">'
        f"<style>{style}</style></head><body><header><h1>Tidegauge</h1></header><main>{body}{foot}</main></body></html>"
    )


def _model(model: ModelReport, namespace: str) -> str:
    verdict = model.verdict
    why = _WHY_BLIND[model.blind] if model.blind else model.meaning
    lacking = f" {model.needed} more exchanges are needed." if verdict is Verdict.INSUFFICIENT else ""
    return (
        f'<section class="model" aria-label="{escape(model.name)}">'
        f'<p class="name">{escape(namespace)} / <b>{escape(model.name)}</b></p>'
        f'<h2 class="{verdict}"><span>{_plain(verdict)}</span></h2>'
        f"<p class=lead>{escape(why)}{lacking} {_ACT[verdict]}</p>"
        f"{_course(model.spans, model.exchanges)}{_incidents(model.incidents)}"
        f"{_channels(model)}{_signals(model)}{_topics(model)}"
        f"<p class=note>{model.exchanges:,} exchanges measured against baseline "
        f"<code>{escape(model.baseline_id)}</code> of {model.baseline_exchanges:,} exchanges{_until(model.baseline_time)}.</p></section>"
    )


def _course(spans: Sequence[Span], exchanges: int) -> str:
    """The verdicts so far as a band, and the same in words for those who cannot see it."""
    first, last = spans[0].from_exchange, max(exchanges, spans[-1].from_exchange)
    whole = max(last - first + 1, 1)
    parts, said = [], []
    for span in spans:
        end = span.to_exchange or last
        width = 100 * (end - span.from_exchange + 1) / whole
        text = f"{_plain(span.verdict)}, exchanges {span.from_exchange:,} to {end:,}"
        parts.append(f'<i class="{span.verdict}" style="width:{width:.3f}%" title="{text}"></i>')
        said.append(
            f"<li class={span.verdict}>{_plain(span.verdict)} <small>{span.from_exchange:,} to {end:,}</small></li>"
        )
    return (
        f'<h3>Verdicts, by exchange</h3><div class="band" aria-hidden="true">{"".join(parts)}</div>'
        f'<ol class="spans">{"".join(said[-12:])}</ol>'
    )


def _incidents(incidents: Sequence[Incident]) -> str:
    if not incidents:
        return ""
    rows = [
        (
            f'<span class="tag {i.verdict}">{_plain(i.verdict)}</span>',
            f"{i.onset:,}{_at(i.onset_time)}",
            f"{i.opened:,}{_at(i.opened_time)}",
            "open" if i.closed is None else f"{i.closed:,}{_at(i.closed_time)}",
            escape("; ".join(f"{m.move} ({m.share:.0%})" for m in i.movers[:3])),
        )
        for i in reversed(incidents[-10:])
    ]
    return "<h3>Incidents</h3>" + _table(
        ("what", "began about", "certain at", "over at", "what moved (share of the evidence)"), rows
    )


def _channels(model: ModelReport) -> str:
    rows = [
        (
            _CHANNELS[channel],
            _meter(known),
            f"{_number(known.evidence_log10)} of {known.threshold_log10:.1f}",
            f"{known.n:,}",
        )
        for channel, known in model.channels.items()
    ]
    return "<h3>Evidence that something left the baseline</h3>" + _table(
        ("about", "", "evidence, powers of ten", "exchanges"), rows
    )


def _meter(known: ChannelReport) -> str:
    share = max(0.0, min(1.0, (known.evidence_log10 or 0.0) / known.threshold_log10))
    return f'<span class="meter {known.level}" aria-hidden="true"><i style="width:{100 * share:.1f}%"></i></span>'


def _signals(model: ModelReport) -> str:
    columns = [c for c in model.channels[Channel.BEHAVIOUR].columns if c.recent is not None and c.baseline is not None]
    columns.sort(key=lambda c: -(c.evidence_log10 if c.evidence_log10 is not None else -99.0))
    rows = [
        (escape(c.name), _number(c.baseline, 3), _number(c.recent, 3), _effect(c), _number(c.evidence_log10))
        for c in columns[:10]
    ]
    return "<h3>Signals of the answers, strongest evidence first</h3>" + _table(
        ("signal", "baseline", "recent", "unexplained move, in spreads", "evidence"), rows
    )


def _effect(column: ColumnReport) -> str:
    if column.effect is None:
        return "–"
    sure = column.evidence_log10 is not None and column.evidence_log10 > 1
    return f"{column.effect:+.2f}" + (f" <small>{escape(column.move)}</small>" if sure else "")


def _topics(model: ModelReport) -> str:
    rows = [
        (escape(t.name), f"{t.baseline:.0%}", "–" if t.recent is None else f"{t.recent:.0%}")
        for t in sorted(model.topics, key=lambda t: -abs((t.recent or 0.0) - t.baseline))
    ]
    return "<h3>Topics of the prompts, largest change first</h3>" + _table(
        ("typical words", "baseline", "recent"), rows
    )


def _monitor(report: MonitorReport) -> str:
    counts = [(escape(source), escape(outcome), f"{n:,}") for (source, outcome), n in sorted(report.records.items())]
    counts += [("dead letters", escape(reason), f"{n:,}") for reason, n in sorted(report.dead_letters.items())]
    counts += [("skipped", escape(reason), f"{n:,}") for reason, n in sorted(report.skipped.items())]
    seen = datetime.fromtimestamp(report.at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return (
        "<section><h3>The monitor itself</h3>"
        + _table(("records of", "outcome", "count"), counts)
        + f"<p class=note>Looked at {seen}. Failed saves: {report.state_failures}. "
        + '<a href="/metrics">series</a> <a href="/api/v1/verdicts">verdicts as JSON</a></p></section>'
    )


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    top = "".join(f'<th scope="col">{h}</th>' for h in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'


def _plain(verdict: Verdict) -> str:
    return verdict.replace("_", " ")


def _number(x: float | None, digits: int = 1) -> str:
    return "–" if x is None else f"{x:.{digits}f}"


def _at(time: float | None) -> str:
    return "" if time is None else f" <small>{datetime.fromtimestamp(time, UTC):%d %b %H:%M}</small>"


def _until(time: float | None) -> str:
    return "" if time is None else f", evaluated until {datetime.fromtimestamp(time, UTC):%d %b %Y}"
