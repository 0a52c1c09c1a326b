"""Puts probes to a target, judges what comes back, and keeps it."""

from monitor.prober.budget import Budget, Limits, Prices
from monitor.prober.ledger import Ledger
from monitor.prober.locks import StillRunningError, only_run
from monitor.prober.runner import BREAKER, Prober
from monitor.prober.schedule import Schedule
from monitor.prober.scheduler import Scheduler, Skip, skip_of

__all__ = [
    "BREAKER",
    "Budget",
    "Ledger",
    "Limits",
    "Prices",
    "Prober",
    "Schedule",
    "Scheduler",
    "Skip",
    "StillRunningError",
    "only_run",
    "skip_of",
]
