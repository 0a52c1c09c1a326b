"""The frame of a page, and what it loads: from the monitor itself, and nothing else."""

from functools import cache
from html import escape
from importlib.resources import files

REFRESH_SECS = 5
"""A page without script is loaded anew so often."""

_META = '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'


@cache
def asset(name: str) -> str:
    """A file beside this one."""
    return files("monitor.web").joinpath(name).read_text("utf-8")


def style() -> str:
    """The one style sheet of the page: colours and layout, then those of its plots."""
    return asset("page.css") + asset("plot.css")


def live(title: str, body: str) -> str:
    """A page that its script keeps up to date."""
    return (
        f'<!doctype html><html lang="en"><head>{_META}<title>{escape(title)} – Tidegauge</title>'
        '<link rel="stylesheet" href="/page.css"><script src="/page.js" defer></script>'
        f'<noscript><meta http-equiv="refresh" content="{REFRESH_SECS}"></noscript></head>'
        '<body><a class="skip" href="#main">Skip to the answer</a><header><a href="/">Tidegauge</a>'
        '<p id="connection" role="alert"></p><p id="news" class="unseen" role="status"></p></header>'
        f'<main id="main" tabindex="-1">{body}</main></body></html>'
    )


def alone(title: str, body: str, foot: str) -> str:
    """A page in one file, which loads nothing."""
    return (
        f'<!doctype html><html lang="en"><head>{_META}<title>{escape(title)} – Tidegauge</title>'
        f"<style>{style()}</style></head><body><main>{body}</main><footer>{foot}</footer></body></html>\n"
    )
