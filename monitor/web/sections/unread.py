"""Signals that are blind for themselves, because the network behind them cannot be used."""

from html import escape

from monitor.web.shown import Shown


def unread(shown: Shown) -> str:
    return "".join(
        f'<p class="note blind"><b>{escape(name)}</b> cannot be measured: {escape(why)}. The rest goes on.</p>'
        for name, why in shown.model.readers.items()
        if why
    )
