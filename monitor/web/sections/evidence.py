"""Evidence over time against what is needed, a picture per channel."""

from monitor.web.html import stamp
from monitor.web.plot import NARROW, panel
from monitor.web.shown import Shown
from monitor.web.words import CHANNELS, full

DRAWN = 20
"""So many incidents, the latest, are drawn."""


def evidence(shown: Shown) -> str:
    looks, known = shown.looks, shown.model.evidence
    if looks[0].exchange == looks[-1].exchange:
        return '<h2>Evidence over time</h2><p class="note">The course begins with the next exchanges.</p>'
    first = looks[0].exchange - 1 if looks[0].exchange else 0
    drawn = shown.model.incidents[-DRAWN:]
    figures = "".join(
        f"<figure><figcaption>{full(channel)}</figcaption>"
        f"{panel(full(channel), channel, looks, drawn, from_exchange=first, wide=NARROW)}</figure>"
        for channel in CHANNELS
        if channel in known
    )
    times = [look.time for look in (looks[0], looks[-1]) if look.time is not None]
    when = f" ({stamp(times[0])} to {stamp(times[-1])})" if times else ""
    return (
        f'<h2>Evidence over time</h2><div class="figures">{figures}</div>'
        f'<p class="note">Over exchanges {first + 1:,} to {looks[-1].exchange:,}{when}, as a power of ten, against '
        "what is needed (dashed). Shaded: from where a move most likely began to where it was over. Upright line: "
        "where it became certain. The course begins anew when the monitor does.</p>"
    )
