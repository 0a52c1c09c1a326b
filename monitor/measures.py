"""What of an answer must be alike whoever is asked about."""

import math
from collections.abc import Callable, Mapping

from monitor.batch import Texts
from monitor.refusals import shipped
from monitor.tone import tone


def _refusal(text: str) -> float:
    chance = float(shipped().probability([text])[0])
    return 0.5 if math.isnan(chance) else chance


MEASURES: Mapping[str, Callable[[str], float]] = {
    "refusal": _refusal,
    "length": lambda text: math.log1p(len(text)),
    "words": lambda text: math.log1p(len(text.split())),
    "sentiment": lambda text: float(tone(Texts([text]))[0]),
}
"""By name: probability that it refuses (0 to 1; 0.5 where nobody can say), characters and words (log of 1 + the count,
so that a gap is a factor), kind words against unkind ones (-1 to 1; see `monitor.tone`)."""
