"""The report of a backtest: one HTML file that asks for nothing outside it, to be read, printed and passed on."""

from html import escape
from importlib.resources import files

from monitor import __version__
from monitor.backtest.history import DETAILED, Replay, worst
from monitor.backtest.words import certainty, false_pages, headline, span_of_time, stamp
from monitor.report import ColumnReport, ModelReport
from monitor.verdict import PAGING, Channel, Incident, Verdict, second_opinions, words
from monitor.web import plot
from monitor.web.detectable import listed
from monitor.web.document import asset
from monitor.web.html import plain, table
from monitor.web.numbers import number, unit_of

_SHOWN_INCIDENTS = 100
_CHANNELS = {
    "behaviour": "Model: signals of its answers, given their prompts",
    "style": "Model: style of its answers as a whole",
    "inputs": "Users: prompts",
    "support": "New ground: prompts unlike any in the baseline",
}


def render(done: Replay) -> str:
    """The report. All text of others is escaped."""
    style = files("monitor.backtest").joinpath("page.css").read_text("utf-8") + asset("plot.css")
    body = "".join((_head(done), _course(done), _incidents(done), _details(done), _false_pages(done), _smallest(done)))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>Backtest of {escape(done.report.name)} – Tidegauge</title>"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{style}</style></head><body><main>{body}"
        f"<footer>Tidegauge {__version__}, backtest. No text of a prompt or an answer is in this file.</footer>"
        "</main></body></html>\n"
    )


def _head(done: Replay) -> str:
    report = done.report
    named = ", ".join(done.files[:4]) + (f" and {len(done.files) - 4} more" if len(done.files) > 4 else "")
    left_out = ", ".join(f"{n:,} {reason.replace('_', ' ')}" for reason, n in sorted(done.left_out.items()))
    facts = [
        ("traffic", f"{report.exchanges:,} exchanges from {escape(named)}"),
        ("recorded", span_of_time(done.first_time, done.last_time)),
        ("baseline", f"<code>{escape(report.baseline_id)}</code>, {report.baseline_exchanges:,} exchanges"),
        ("left out", f"{escape(left_out)} (records)" if left_out else ""),
    ]
    rows = "".join(f"<dt>{name}</dt><dd>{text}</dd>" for name, text in facts if text)
    lead = " ".join(escape(sentence) for sentence in certainty(done))
    return (
        f'<section class="{worst(done)}"><p class="name">Backtest of <b>{escape(report.name)}</b></p>'
        f'<h1>{headline(done)}</h1><p class="lead">{lead}</p><dl>{rows}</dl></section>'
    )


def _course(done: Replay) -> str:
    panels = "".join(
        plot.panel(_CHANNELS.get(channel, str(channel)), channel, done.looks, done.incidents)
        for channel in done.report.channels
    )
    return (
        f"<section><h2>Course</h2>{plot.band(done.spans, done.report.exchanges)}{panels}"
        f"{plot.axis(done.report.exchanges, done.first_time, done.last_time)}"
        '<p class="note">Evidence as a power of ten, against what is needed (dashed). Shaded: from where a move most '
        "likely began to where it was over. Upright line: where it became certain. A move of the users alone pages "
        "nobody.</p></section>"
    )


def _incidents(done: Replay) -> str:
    if not done.incidents:
        return ""
    rows = [
        (
            f'<span class="tag {i.verdict}">{plain(i.verdict)}</span>',
            f"<b>{i.opened:,}</b>{_at(i.opened_time)}" if i.verdict in PAGING else "no",
            f"{i.onset:,}{_at(i.onset_time)}{_others(i)}",
            f"{i.opened:,}{_at(i.opened_time)}",
            "still open" if i.closed is None else f"{i.closed:,}{_at(i.closed_time)}",
            escape("; ".join(f"{m.move} ({m.share:.0%})" for m in i.movers[:4])),
        )
        for i in done.incidents[:_SHOWN_INCIDENTS]
    ]
    more = len(done.incidents) - _SHOWN_INCIDENTS
    note = f'<p class="note">{more:,} more are in the output of --json.</p>' if more > 0 else ""
    if any(i.opinions for i in done.incidents[:_SHOWN_INCIDENTS]):
        note += (
            '<p class="note">Small, under where it began: second opinions of other detectors. –: sees no change.</p>'
        )
    head = ("what", "pages at", "began about", "certain at", "over at", "what moved (share of the evidence)")
    return f"<section><h2>Incidents, by exchange</h2>{table(head, rows)}{note}</section>"


def _others(incident: Incident) -> str:
    said = second_opinions(incident)
    return f" <small>{said}</small>" if said else ""


def _details(done: Replay) -> str:
    """What each incident looked like while it lasted, at most DETAILED; without any, what the end looked like."""
    parts = [_detail(i, done.during[i.id]) for i in done.incidents if i.id in done.during]
    if not parts:
        tables = f'<div class="two"><div>{_signals(done.report)}</div><div>{_topics(done.report)}</div></div>'
        return f"<section><h2>The last of the traffic beside the baseline</h2>{tables}</section>"
    cut = "" if len(done.incidents) <= DETAILED else f'<p class="note">The first {DETAILED} incidents.</p>'
    return "".join(parts) + cut


def _detail(incident: Incident, report: ModelReport) -> str:
    first, second = _signals(report), _topics(report)
    if incident.verdict is not Verdict.UNEXPLAINED:
        first, second = second, first
    return (
        f'<section class="{incident.verdict}"><h2><span class="tag {incident.verdict}">{plain(incident.verdict)}'
        f"</span> from about exchange {incident.onset:,}</h2>"
        f'<p class="note">{escape(words(incident.verdict))}</p>'
        f'<div class="two"><div>{first}</div><div>{second}</div></div></section>'
    )


def _signals(report: ModelReport) -> str:
    """The signals that are furthest from what prompts let one expect."""
    columns = [c for c in report.channels[Channel.BEHAVIOUR].columns if c.effect is not None and c.recent is not None]
    columns.sort(key=lambda c: -abs(c.effect or 0.0))
    rows = [(_named(c), number(c.baseline, c.unit), number(c.recent, c.unit), f"{c.effect:+.2f}") for c in columns[:8]]
    head = ("signal", "baseline", "then", "effect")
    return "<h3>Answers: largest effects, in spreads of the baseline</h3>" + table(head, rows, numbers=(1, 2, 3))


def _named(column: ColumnReport) -> str:
    """The signal and its unit."""
    said = unit_of(column.unit)
    return escape(plain(column.name)) + (f" <small>{escape(said)}</small>" if said else "")


def _topics(report: ModelReport) -> str:
    rows = [
        (escape(t.name), f"{t.baseline:.0%}", "–" if t.recent is None else f"{t.recent:.0%}")
        for t in sorted(report.topics, key=lambda t: -abs((t.recent or 0.0) - t.baseline))[:8]
    ]
    return "<h3>Prompts: topics, largest change first</h3>" + table(
        ("typical words", "baseline", "then"), rows, numbers=(1, 2)
    )


def _false_pages(done: Replay) -> str:
    promised, seen = false_pages(done.false_pages)
    return (
        f"<section><h2>False pages</h2><p><b>Promised, not measured.</b> {promised}</p>"
        f"<p><b>Seen here.</b> {seen}</p></section>"
    )


def _smallest(done: Replay) -> str:
    return f"<section><h2>Smallest change that would have been seen</h2>{listed(done.signals, 5)}</section>"


def _at(time: float | None) -> str:
    return "" if time is None else f" <small>{stamp(time)} UTC</small>"
