"""Today's outcomes of probes against those of the evaluated model.

Every comparison is between asks of one hash, judged by scorers of one identity. The baseline is frozen, and its own
chance is in the test: each item's outcomes of then and now are shuffled, in thought, so no rate is taken for known.
"""

from monitor.outcomes.categories import worse_than_before
from monitor.outcomes.comparison import DAYS_PER_YEAR, FALSE_ALARMS_PER_YEAR, Comparison, compare
from monitor.outcomes.told import MEANING, told
from monitor.outcomes.triggers import AGAIN, stand_out

__all__ = [
    "AGAIN",
    "DAYS_PER_YEAR",
    "FALSE_ALARMS_PER_YEAR",
    "MEANING",
    "Comparison",
    "compare",
    "stand_out",
    "told",
    "worse_than_before",
]
