"""Puts probes to a target, judges what comes back, and keeps it."""

from monitor.prober.budget import Budget, Limits, Prices
from monitor.prober.judging import JUDGE, check_scorers, judged
from monitor.prober.ledger import Ledger
from monitor.prober.locks import StillRunningError, only_run
from monitor.prober.metered import Metered
from monitor.prober.runner import BREAKER, Prober
from monitor.prober.schedule import Schedule
from monitor.prober.scheduler import Scheduler, Skip, skip_of

__all__ = [
    "BREAKER",
    "JUDGE",
    "Budget",
    "Ledger",
    "Limits",
    "Metered",
    "Prices",
    "Prober",
    "Schedule",
    "Scheduler",
    "Skip",
    "StillRunningError",
    "check_scorers",
    "judged",
    "only_run",
    "skip_of",
]
