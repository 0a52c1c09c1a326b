"""What all of it is measured against."""

from datetime import UTC, datetime
from html import escape

from monitor.web.shown import Shown


def baseline(shown: Shown) -> str:
    model = shown.model
    until = (
        ""
        if model.baseline_time is None
        else f", evaluated until {datetime.fromtimestamp(model.baseline_time, UTC):%d %b %Y}"
    )
    return (
        f'<p class="note">{model.exchanges:,} exchanges measured against baseline '
        f"<code>{escape(model.baseline_id)}</code> of {model.baseline_exchanges:,} exchanges{until}.</p>"
    )
