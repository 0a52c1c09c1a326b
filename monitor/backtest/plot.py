"""Curves of a backtest as small SVG pictures that share one axis of exchanges. Numbers and words of ours only."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import groupby

from monitor.backtest.history import PAGING, Look
from monitor.verdict import Channel, Incident, Span, verdict_of

_WIDTH, _LEFT, _RIGHT = 1000, 44, 10
_HIGH, _TOP, _BOTTOM = 130, 24, 6
_LETTER = 7.2  # pixels of a letter, about
_STEPS = tuple(m * 10**e for e in range(9) for m in (1, 2, 5))


class _Across:
    """From exchanges to pixels."""

    def __init__(self, exchanges: int) -> None:
        self._last = max(exchanges, 1)

    def __call__(self, exchange: float) -> float:
        return round(_LEFT + (_WIDTH - _LEFT - _RIGHT) * min(exchange, self._last) / self._last, 1)


def band(spans: Sequence[Span], exchanges: int) -> str:
    """The verdicts as blocks, with their names where there is room."""
    across, parts = _Across(exchanges), []
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
    return _svg(30, "Verdicts by exchange", parts)


def panel(title: str, channel: Channel, looks: Sequence[Look], incidents: Sequence[Incident]) -> str:
    """The evidence of one channel over the exchanges, and the incidents of the verdict that it gives."""
    last = looks[-1].exchange
    across = _Across(last)
    highest = max((e for look in looks if (e := look.evidence_log10[channel]) is not None), default=0.0)
    needed = [look.threshold_log10[channel] for look in looks]
    top = max(1.25 * max(needed), highest + 0.5)

    def down(evidence: float) -> float:
        share = max(0.0, min(evidence, top)) / top
        return round(_HIGH - _BOTTOM - (_HIGH - _TOP - _BOTTOM) * share, 1)

    parts = [f'<text class="title" x="{_LEFT}" y="15">{title}</text>']
    for level in range(0, int(top) + 1, 5 if top > 8 else 2):
        parts.append(f'<line class="axis" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{down(level)}" y2="{down(level)}"/>')
        parts.append(f'<text class="soft" x="{_LEFT - 8}" y="{down(level) + 4:.1f}" text-anchor="end">{level}</text>')
    verdict = verdict_of(channel)
    for incident in incidents:
        if incident.verdict is verdict:
            parts += _incident(incident, across, last, own=incident.channel is channel)
    parts.append(_line("needed", [(across(k.exchange), down(n)) for k, n in zip(looks, needed, strict=True)]))
    for seen, run in groupby(looks, key=lambda look: look.evidence_log10[channel] is not None):
        if seen:
            points = [(across(look.exchange), down(look.evidence_log10[channel] or 0.0)) for look in run]
            parts.append(_line("course", points))
    said = f"{title}: evidence at most 10 to the {highest:.1f}, needed 10 to the {needed[-1]:.1f}"
    return _svg(_HIGH, said, parts)


def _incident(incident: Incident, across: _Across, last: int, *, own: bool) -> list[str]:
    """Shaded while it lasted; marked where it became certain, if this is the channel that saw it first."""
    left, right, sure = across(incident.onset), across(incident.closed or last), across(incident.opened)
    word = f"{'page' if incident.verdict in PAGING else 'certain'} at {incident.opened:,}"
    room = _WIDTH - _RIGHT - sure > _LETTER * len(word) + 6
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
    across = _Across(exchanges)
    step = next((s for s in _STEPS if exchanges / s <= 10), _STEPS[-1])
    parts = [
        f'<text class="soft" x="{across(x)}" y="14" text-anchor="middle">{x:,}</text>'
        for x in range(0, exchanges - step // 3, step)
    ]
    parts.append(f'<text class="soft" x="{_WIDTH - _RIGHT}" y="14" text-anchor="end">{exchanges:,}</text>')
    for time, place in ((first_time, f'x="{_LEFT}"'), (last_time, f'x="{_WIDTH - _RIGHT}" text-anchor="end"')):
        if time is not None:
            said = datetime.fromtimestamp(time, UTC).strftime("%d %b %Y %H:%M UTC")
            parts.append(f'<text class="soft" {place} y="32">{said}</text>')
    middle = (_WIDTH + _LEFT - _RIGHT) / 2
    parts.append(f'<text class="soft" x="{middle}" y="32" text-anchor="middle">exchange</text>')
    return _svg(38, "Axis of exchanges", parts)


def _line(style: str, points: Iterable[tuple[float, float]]) -> str:
    return f'<polyline class="{style}" points="{" ".join(f"{x},{y}" for x, y in points)}"/>'


def _svg(high: int, label: str, parts: Iterable[str]) -> str:
    return f'<svg viewBox="0 0 {_WIDTH} {high}" role="img" aria-label="{label}">{"".join(parts)}</svg>'
