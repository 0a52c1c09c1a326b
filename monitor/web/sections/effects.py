"""What the signals of the answers did: means, and effects with their intervals, the surest first."""

from collections.abc import Sequence
from html import escape

from monitor.report import TELLING, ColumnReport
from monitor.verdict import Channel
from monitor.web.html import plain, table
from monitor.web.numbers import number, unit_of
from monitor.web.plot import effect
from monitor.web.shown import Shown

AT_ONCE = 10
"""So many signals are shown at once; the others unfold."""

MOST_SPREADS = 3.0
"""Pictures reach so far at most: one signal far off must not flatten all others."""

_HEAD = ("signal", "baseline → recent", "effect, in spreads", "evidence")


def effects(shown: Shown) -> str:
    known = shown.model.channels[Channel.BEHAVIOUR]
    columns = [c for c in known.columns if c.recent is not None]
    if not columns:
        return ""
    columns.sort(key=lambda c: (-_distance(c), -(-99.0 if c.evidence_log10 is None else c.evidence_log10)))
    largest = 1.25 * max((abs(c.effect) for c in columns if c.effect is not None), default=1.0)
    most, enough = min(max(largest, 0.5), MOST_SPREADS), TELLING * known.threshold_log10
    first, others = columns[:AT_ONCE], columns[AT_ONCE:]
    body = _table(first, most, enough, "Signals of the answers, those surest to be elsewhere first")
    if others:
        rest = _table(others, most, enough, "The other signals of the answers")
        body += f'<details id="more-signals"><summary>{len(others)} more signals</summary>{rest}</details>'
    return (
        f'<h2>Answers, signal by signal</h2>{body}<p class="note">Effect: departure from what the prompts let expect '
        "since the model last turned, in spreads of the baseline; the bar is its interval at 95 %, which holds "
        f"however often one looks. Pictures reach from {-most:.1f} to {most:+.1f}; what is beyond is at the edge.</p>"
    )


def _distance(column: ColumnReport) -> float:
    """How far the interval of the effect is from zero; below zero where it holds zero, or there is none."""
    if column.effect_low is None or column.effect_high is None:
        return -99.0
    return max(column.effect_low, -column.effect_high)


def _table(columns: Sequence[ColumnReport], most: float, enough: float, caption: str) -> str:
    return table(_HEAD, [_row(c, most, enough) for c in columns], numbers=(3,), extra=(3,), caption=caption)


def _row(column: ColumnReport, most: float, enough: float) -> tuple[str, ...]:
    return (
        _named(column, enough),
        f"{number(column.baseline, column.unit)} → {number(column.recent, column.unit)}",
        _effect(column, most),
        "–" if column.evidence_log10 is None else f"{column.evidence_log10:.1f}",
    )


def _named(column: ColumnReport, enough: float) -> str:
    """The signal with, in words, where it went once there is `enough` evidence that it went anywhere, else its unit."""
    sure = column.evidence_log10 is not None and column.evidence_log10 >= enough
    text = column.move if sure else unit_of(column.unit)
    return escape(plain(column.name)) + (f" <small>{escape(text)}</small>" if text else "")


def _effect(column: ColumnReport, most: float) -> str:
    mean, low, high = column.effect, column.effect_low, column.effect_high
    if mean is None:
        return "–"
    between = "" if low is None or high is None else f"{low:+.2f} to {high:+.2f}"
    said = f"{plain(column.name)}: effect {mean:+.2f}{f', between {between}' if between else ''} spreads"
    words = f"{mean:+.2f}" + (f" <small>{between}</small>" if between else "")
    return f"{effect(said, mean, low, high, most)} {words}"
