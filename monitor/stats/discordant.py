"""Two models asked side by side: evidence from the pairs in which just one of them is bad.

While both behave alike, such a pair is a fair coin, whatever the ask: it pays 1 + stake when it is the first and
1 - stake when it is the second, 1 on average. So the wealth of a stake is an e-process, and so is the mean of several.
Each round may be the one that the harm began with, so a unit is put in at the start of each (Shiryaev-Roberts): after n
unchanged rounds the mean of the sum is n, and by Doob's inequality it reaches A within them with a chance of at most
n / A. One-sided: where the second is bad more often, the stakes are lost.
"""

import math
from collections.abc import Iterable

STAKES = (0.2, 0.5, 0.8)


def evidence(rounds: Iterable[tuple[int, int]]) -> float:
    """log10 of the mean over the stakes of the sum after these rounds, each given as its pairs in which the first alone
    was bad, and the second alone; -inf of no round."""
    sums = [-math.inf] * len(STAKES)
    for first, second in rounds:
        sums = [
            _one_more(log) + first * math.log1p(stake) + second * math.log1p(-stake)
            for log, stake in zip(sums, STAKES, strict=True)
        ]
    top = max(sums)
    if top == -math.inf:
        return top
    return (top + math.log(sum(math.exp(log - top) for log in sums) / len(sums))) / math.log(10)


def _one_more(log: float) -> float:
    """log(exp(log) + 1)."""
    return max(log, 0.0) + math.log1p(math.exp(-abs(log))) if log > -math.inf else 0.0
