"""`tidegauge backtest`: history replayed against a baseline. What would have paged, and what would have been missed."""

from monitor.backtest.history import PAGING, Replay, lines_in, plain, replay
from monitor.backtest.page import render
from monitor.backtest.smallest import Smallest, readable, shown
from monitor.backtest.words import certainty, false_pages, headline, span_of_time, stamp

__all__ = [
    "PAGING",
    "Replay",
    "Smallest",
    "certainty",
    "false_pages",
    "headline",
    "lines_in",
    "plain",
    "readable",
    "render",
    "replay",
    "shown",
    "span_of_time",
    "stamp",
]
