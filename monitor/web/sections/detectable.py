"""How large a change would have been seen by now: what a calm verdict is worth."""

from monitor.verdict import Channel
from monitor.web.detectable import listed
from monitor.web.shown import Shown


def detectable(shown: Shown) -> str:
    columns = shown.model.channels[Channel.BEHAVIOUR].columns
    if all(c.detectable is None or c.detectable.change is None for c in columns):
        return ""
    return f"<h2>Smallest changes that would have been seen by now</h2>{listed(columns, 5)}"
