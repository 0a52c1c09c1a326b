"""The verdicts so far as a band, and the latest in words."""

from monitor.web.html import plain
from monitor.web.plot import band
from monitor.web.shown import Shown

LATEST = 8


def course(shown: Shown) -> str:
    spans = shown.model.spans
    last = max(shown.model.exchanges, spans[-1].from_exchange)
    said = "".join(
        f'<li class="{span.verdict}">{plain(span.verdict)} '
        f"<small>{span.from_exchange:,} to {span.to_exchange or last:,}</small></li>"
        for span in spans[-LATEST:]
    )
    return f'<h2>Verdicts so far, by exchange</h2>{band(spans, last)}<ol class="spans">{said}</ol>'
