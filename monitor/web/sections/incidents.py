"""The latest incidents, each with a way to all that is known of it."""

from html import escape

from monitor.verdict import Incident
from monitor.web.html import address, place, plain, table
from monitor.web.shown import Shown

LATEST = 10

_HEAD = ("what", "began about", "certain at", "over at", "what moved (share of the evidence)")


def incidents(shown: Shown) -> str:
    known = shown.model.incidents
    if not known:
        return ""
    latest = known[: -LATEST - 1 : -1]
    rows = [
        (
            _named(shown, i) + (" <small>open</small>" if i.closed is None else ""),
            place(i.onset, i.onset_time),
            place(i.opened, i.opened_time),
            "–" if i.closed is None else place(i.closed, i.closed_time),
            escape("; ".join(f"{m.move} ({m.share:.0%})" for m in i.movers[:3])),
        )
        for i in latest
    ]
    caption = f"The latest {len(rows)} of {len(known)} incidents, by exchange" if len(known) > LATEST else "By exchange"
    names = [i.id for i in latest]
    return f"<h2>Incidents, latest first</h2>{table(_HEAD, rows, extra=(2, 3), caption=caption, names=names)}"


def _named(shown: Shown, incident: Incident) -> str:
    name = plain(incident.verdict)
    if shown.alone:
        return f'<span class="tag {incident.verdict}">{name}</span>'
    return (
        f'<a class="tag {incident.verdict}" href="{address(shown.model.name, incident)}">{name}'
        f'<span class="unseen">, exchange {incident.opened:,}</span></a>'
    )
