"""Today's outcomes of probes against those of the evaluated model.

Every comparison is between asks of one hash, judged by scorers of one identity. The baseline is frozen, and its own
chance is in the test: each item's outcomes of then and now are shuffled, in thought, so no rate is taken for known.
"""

from monitor.outcomes.comparison import DAYS_PER_YEAR, FALSE_ALARMS_PER_YEAR, Comparison, compare
from monitor.outcomes.ladder import FRESH, is_fresh
from monitor.outcomes.reference import BESIDE
from monitor.outcomes.told import MEANING, corrected_rate, told
from monitor.outcomes.triggers import stand_out

__all__ = [
    "BESIDE",
    "DAYS_PER_YEAR",
    "FALSE_ALARMS_PER_YEAR",
    "FRESH",
    "MEANING",
    "Comparison",
    "compare",
    "corrected_rate",
    "is_fresh",
    "stand_out",
    "told",
]
