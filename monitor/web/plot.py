"""Plots as small SVG pictures: courses over an axis of exchanges, and effects around zero. Sizes are attributes, never
styles: the page's policy allows none."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from itertools import groupby

from monitor.looks import Look
from monitor.verdict import PAGING, Channel, Incident, Span, verdict_of

WIDE, NARROW = 1000, 360
"""Widths of a picture: across a sheet of paper, and across a phone or half a screen."""

_LEFT, _RIGHT = 44, 10
_HIGH, _TOP, _BOTTOM, _FOOT = 130, 24, 6, 18
_LETTER = 7.2  # pixels of a letter, about
_STEPS = tuple(m * 10**e for e in range(9) for m in (1, 2, 5))


class _Across:
    """From exchanges to pixels."""

    def __init__(self, first: int, last: int, wide: int) -> None:
        self._first, self._last, self.right = first, max(last, first + 1), wide - _RIGHT

    def __call__(self, exchange: float) -> float:
        share = (min(max(exchange, self._first), self._last) - self._first) / (self._last - self._first)
        return round(_LEFT + (self.right - _LEFT) * share, 1)


def band(spans: Sequence[Span], exchanges: int) -> str:
    """The verdicts as blocks, with their names where there is room."""
    across, parts = _Across(spans[0].from_exchange - 1, exchanges, WIDE), []
    for span in spans:
        left, right = across(span.from_exchange - 1), across(span.to_exchange or exchanges)
        name = str(span.verdict).replace("_", " ")
        said = f"{name}, exchanges {span.from_exchange:,} to {span.to_exchange or exchanges:,}"
        parts.append(
            f'<rect class="block {span.verdict}" x="{left}" y="2" width="{max(right - left, 1.5):.1f}" height="22">'
            f"<title>{said}</title></rect>"
        )
        if right - left > _LETTER * len(name) + 8:
            parts.append(f'<text class="on" x="{(left + right) / 2:.1f}" y="17" text-anchor="middle">{name}</text>')
    return _svg(WIDE, 30, "Verdicts by exchange", parts, style="plot band")


def panel(
    title: str,
    channel: Channel,
    looks: Sequence[Look],
    incidents: Sequence[Incident],
    *,
    from_exchange: int = 0,
    wide: int = WIDE,
) -> str:
    """The evidence of one channel over the exchanges after `from_exchange`, and the incidents of the verdict that it
    gives. A wide panel bears its title and shares an axis with others; a narrow one has its first and last exchange."""
    last = looks[-1].exchange
    across = _Across(from_exchange, last, wide)
    evidence = [look.evidence_log10.get(channel) for look in looks]
    highest = max((e for e in evidence if e is not None), default=0.0)
    needed = [(look.exchange, look.threshold_log10[channel]) for look in looks if channel in look.threshold_log10]
    top = max(1.25 * max(n for _, n in needed), highest + 0.5)

    def down(evidence: float) -> float:
        share = max(0.0, min(evidence, top)) / top
        return round(_HIGH - _BOTTOM - (_HIGH - _TOP - _BOTTOM) * share, 1)

    parts = [f'<text class="title" x="{_LEFT}" y="15">{escape(title)}</text>'] if wide == WIDE else []
    for level in range(0, int(top) + 1, 5 if top > 8 else 2):
        parts.append(f'<line class="axis" x1="{_LEFT}" x2="{across.right}" y1="{down(level)}" y2="{down(level)}"/>')
        parts.append(f'<text class="soft" x="{_LEFT - 8}" y="{down(level) + 4:.1f}" text-anchor="end">{level}</text>')
    verdict = verdict_of(channel)
    for incident in incidents:
        if incident.verdict is verdict and (incident.closed or last) >= from_exchange:
            parts += _incident(incident, across, last, own=incident.channel is channel)
    parts.append(_line("needed", [(across(at), down(n)) for at, n in needed]))
    for seen, run in groupby(zip(looks, evidence, strict=True), key=lambda pair: pair[1] is not None):
        if seen:
            parts.append(_line("course", [(across(look.exchange), down(e or 0.0)) for look, e in run]))
    high = _HIGH
    if wide != WIDE:
        high += _FOOT
        parts.append(f'<text class="soft" x="{_LEFT}" y="{high - 5}">{from_exchange + 1:,}</text>')
        parts.append(f'<text class="soft" x="{across.right}" y="{high - 5}" text-anchor="end">{last:,}</text>')
    now = "none yet" if evidence[-1] is None else f"10 to the {evidence[-1]:.1f}"
    said = (
        f"{title}: evidence {now} at exchange {last:,}, at most 10 to the {highest:.1f}, "
        f"needed 10 to the {needed[-1][1]:.1f}"
    )
    return _svg(wide, high, said, parts)


def _incident(incident: Incident, across: _Across, last: int, *, own: bool) -> list[str]:
    """Shaded while it lasted; marked where it became certain, if this is the channel that saw it first."""
    left, right, sure = across(incident.onset), across(incident.closed or last), across(incident.opened)
    word = f"{'page' if incident.verdict in PAGING else 'certain'} at {incident.opened:,}"
    room = across.right - sure > _LETTER * len(word) + 6
    place = f'x="{sure + 5:.1f}"' if room else f'x="{sure - 5:.1f}" text-anchor="end"'
    kind = str(incident.verdict)
    shade = (
        f'<rect class="during {kind}" x="{left}" y="{_TOP}" width="{max(right - left, 1):.1f}" '
        f'height="{_HIGH - _TOP - _BOTTOM}"/>'
    )
    mark = (
        f'<line class="page {kind}" x1="{sure}" x2="{sure}" y1="{_TOP - 15}" y2="{_HIGH - _BOTTOM}"/>'
        f'<text class="mark {kind}" {place} y="{_TOP - 6}">{word}</text>'
    )
    return [shade, mark] if own else [shade]


def axis(exchanges: int, first_time: float | None, last_time: float | None) -> str:
    """The axis of exchanges, with the times of the first and the last record."""
    across = _Across(0, exchanges, WIDE)
    step = next((s for s in _STEPS if exchanges / s <= 10), _STEPS[-1])
    parts = [
        f'<text class="soft" x="{across(x)}" y="14" text-anchor="middle">{x:,}</text>'
        for x in range(0, exchanges - step // 3, step)
    ]
    parts.append(f'<text class="soft" x="{across.right}" y="14" text-anchor="end">{exchanges:,}</text>')
    for time, place in ((first_time, f'x="{_LEFT}"'), (last_time, f'x="{across.right}" text-anchor="end"')):
        if time is not None:
            said = datetime.fromtimestamp(time, UTC).strftime("%d %b %Y %H:%M UTC")
            parts.append(f'<text class="soft" {place} y="32">{said}</text>')
    middle = (WIDE + _LEFT - _RIGHT) / 2
    parts.append(f'<text class="soft" x="{middle}" y="32" text-anchor="middle">exchange</text>')
    return _svg(WIDE, 38, "Axis of exchanges", parts)


def effect(said: str, mean: float, low: float | None, high: float | None, most: float) -> str:
    """An effect between its bounds, around zero in the middle, from -`most` to `most`; what is beyond is cut off.
    Without bounds the effect alone. An interval without zero is drawn stronger."""

    def across(x: float) -> float:
        return round(60 + 58 * max(-1.0, min(1.0, x / most)), 1)

    parts = ['<line class="axis" x1="60" x2="60" y1="0" y2="16"/>']
    if low is not None and high is not None:
        style = "sure" if low > 0 or high < 0 else "unsure"
        wide = max(across(high) - across(low), 1.0)
        parts.append(f'<rect class="{style}" x="{across(low)}" y="6" width="{wide:.1f}" height="4" rx="2"/>')
    parts.append(f'<circle class="mean" cx="{across(mean)}" cy="8" r="3.5"/>')
    return _svg(120, 16, said, parts, style="effect")


def meter(share: float, style: str) -> str:
    """A share, from 0 to 1, as a bar; what it says stands beside it in words."""
    full = 100 * max(0.0, min(1.0, share))
    return (
        '<svg class="meter" viewBox="0 0 100 10" aria-hidden="true">'
        '<rect class="track" width="100" height="10" rx="5"/>'
        f'<rect class="block {style}" width="{full:.0f}" height="10" rx="{min(5.0, full / 2):.1f}"/></svg>'
    )


def _line(style: str, points: Sequence[tuple[float, float]]) -> str:
    """A line; of points in a row at one height the first and the last say all."""
    level = [list(run) for _, run in groupby(points, key=lambda point: point[1])]
    told = [point for run in level for point in (run if len(run) == 1 else (run[0], run[-1]))]
    return f'<polyline class="{style}" points="{" ".join(f"{x:g},{y:g}" for x, y in told)}"/>'


def _svg(wide: int, high: int, label: str, parts: Iterable[str], *, style: str = "plot") -> str:
    return (
        f'<svg class="{style}" viewBox="0 0 {wide} {high}" role="img" aria-label="{escape(label)}">'
        f"{''.join(parts)}</svg>"
    )
