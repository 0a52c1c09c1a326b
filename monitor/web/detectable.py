"""What would have been seen by now, as a table of a page."""

from collections.abc import Sequence
from html import escape

from monitor.report import ColumnReport, Detectable
from monitor.web.html import plain, table
from monitor.web.numbers import number, unit_of

ASKED_FIRST = ("refusal", "answer_length", "language_kept", "finish_length", "repetition")
"""What people ask about first: shown before the rest."""

_CAPTION = "Smallest changes that would have been seen"
_HEAD = ("signal", "change", "baseline", "changed", "in spreads", "one topic alone", "values")


def shown(columns: Sequence[ColumnReport], most: int) -> list[tuple[ColumnReport, Detectable]]:
    """The signals that people ask about first, then those seen at the smallest change; at most `most` of each."""
    known = {c.name: (c, c.detectable) for c in columns if c.detectable is not None}
    first = [known[name] for name in ASKED_FIRST if name in known][:most]
    rest = [x for x in known.values() if x[1].effect is not None and x not in first]
    return first + sorted(rest, key=lambda x: abs(x[1].effect or 0.0))[:most]


def changed(column: ColumnReport, known: Detectable) -> float | None:
    """The mean after the smallest change that would have been seen; None where none would have been."""
    return None if known.change is None or column.baseline is None else column.baseline + known.change


def listed(columns: Sequence[ColumnReport], most: int) -> str:
    """The table with what it means, of `most` signals that are asked about first and as many others."""
    rows = shown(columns, most)
    topic = next((known.topic for _, known in rows if known.topic is not None), None)
    confined = (
        "" if topic is None else f" One topic alone: confined to prompts about {escape(topic)}, the topic met least."
    )
    return (
        f"{table(_HEAD, [_row(*row) for row in rows], numbers=(2, 3, 4, 5, 6), extra=(4, 5, 6), caption=_CAPTION)}"
        '<p class="note">An approximation: a change in this signal alone that lasts over all exchanges seen or the '
        "best part of them, seen in one of two cases or more. Changes of several signals at once are seen sooner. "
        "First what is asked about most, then the signals with the smallest change. –: no change would have been "
        f"seen, or the baseline has no spread.{confined}"
        "</p>"
    )


def _row(column: ColumnReport, known: Detectable) -> tuple[str, ...]:
    unit = unit_of(column.unit)
    return (
        escape(plain(column.name)) + (f" <small>{escape(unit)}</small>" if unit else ""),
        escape(known.move) or "–",
        number(column.baseline, column.unit),
        number(changed(column, known), column.unit),
        _spreads(known.effect),
        number(known.topic_change, column.unit) if known.topic_effect is None else _spreads(known.topic_effect),
        f"{column.samples:,}",
    )


def _spreads(x: float | None) -> str:
    return "–" if x is None else f"{x:+.2f}"
