"""`tidegauge backtest`: history replayed against a baseline. What would have paged, and what would have been missed."""

from monitor.backtest.history import Replay, lines_in, plain, replay
from monitor.backtest.page import render
from monitor.backtest.words import certainty, false_pages, headline, span_of_time, stamp
from monitor.verdict import PAGING

__all__ = [
    "PAGING",
    "Replay",
    "certainty",
    "false_pages",
    "headline",
    "lines_in",
    "plain",
    "render",
    "replay",
    "span_of_time",
    "stamp",
]
