"""A canary suite over 90 days, simulated: how often an unchanged model is called worse, how soon a loss is found.

    python -m benchmarks.probes --json

100 items, ten answers of each at the baseline, one a day afterwards; an item is bad at a rate of its own, from
Beta(0.25, 4.75): most never, a few often, 5 % on average. On each day its answers, those of a week and those of four
weeks are compared with the baseline as `tidegauge probe compare` does, at its default budget for one category; what
stands out is asked afresh, and told when that confirms it. From day 30 on a loss of L makes each item bad for good with
that chance; of the rows `even`, it turns each good answer bad with that chance instead. `found` is the share of
deployments that were told within so many days of the loss. The last line of output is one JSON object.
"""

import argparse
import json
from time import perf_counter

import numpy as np
from numpy.typing import NDArray
from scipy.stats import beta

from monitor.outcomes import DAYS_PER_YEAR, FALSE_ALARMS_PER_YEAR
from monitor.outcomes.ladder import CONFIRM_REPEATS, CONFIRMED, MOST_MOVED, MOST_OTHERS
from monitor.outcomes.windows import Window, confirmation, most_moved, worse_than_before

ITEMS, REPEATS, BEGINS = 100, 10, 30
SPANS = {Window.RUN: 1, Window.WEEK: 7, Window.MONTH: 28}
LOSSES, DAYS = (0.03, 0.05, 0.10), (1, 7, 30)
ALPHA = FALSE_ALARMS_PER_YEAR / DAYS_PER_YEAR


def first_alarm(rng: np.random.Generator, loss: float, days: int, *, after: int = 0, even: bool = False) -> int | None:
    """The first day, counted from 0 and not before `after`, on which a deployment is called worse; None: on none of
    `days`. The loss begins on day `after`."""
    rate = rng.beta(0.25, 4.75, ITEMS)
    before = (rng.binomial(REPEATS, rate), np.full(ITEMS, REPEATS))
    lost = rate + loss * (1 - rate) if even else np.where(rng.random(ITEMS) < loss, 1.0, rate)
    bad = rng.random((days, ITEMS)) < np.where(np.arange(days)[:, None] >= after, lost, rate)
    for day in range(after, days):
        windows = {}
        for window, span in SPANS.items():
            since = max(0, day + 1 - span)
            windows[window] = (bad[since : day + 1].sum(axis=0), np.full(ITEMS, day + 1 - since))
        p, window = worse_than_before(windows, before)
        if p <= ALPHA and confirmed(rng, lost, windows[window], before):
            return day
    return None


def confirmed(
    rng: np.random.Generator,
    rate: NDArray[np.float64],
    counts: tuple[NDArray[np.int64], NDArray[np.int64]],
    before: tuple[NDArray[np.int64], NDArray[np.int64]],
) -> bool:
    """Whether fresh answers to what moved, and to some other asks, say so too."""
    moved = most_moved(counts, before, MOST_MOVED)
    others = [i for i in range(ITEMS) if i not in moved][:MOST_OTHERS]
    rows = np.array([*moved, *others])
    fresh = (rng.binomial(CONFIRM_REPEATS, rate[rows]), np.full(len(rows), CONFIRM_REPEATS))
    return confirmation(fresh, (before[0][rows], before[1][rows])) <= CONFIRMED


def interval(found: int, n: int) -> tuple[float, float]:
    """Clopper and Pearson's, 95 %."""
    low = float(beta.ppf(0.025, found, n - found + 1)) if found else 0.0
    return low, float(beta.ppf(0.975, found + 1, n - found)) if found < n else 1.0


def power(rng: np.random.Generator, deployments: int, *, even: bool) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for loss in LOSSES:
        alarms = [first_alarm(rng, loss, BEGINS + max(DAYS), after=BEGINS, even=even) for _ in range(deployments)]
        for day in DAYS:
            found = sum(a is not None and a < BEGINS + day for a in alarms)
            low, high = interval(found, len(alarms))
            rows.append({"loss": loss, "day": day, "found": found / len(alarms), "interval": [low, high]})
    return rows


def measure(deployments: int, seed: int) -> dict[str, object]:
    began = perf_counter()
    rng = np.random.default_rng(seed)
    false = sum(first_alarm(rng, 0.0, 90) is not None for _ in range(deployments))
    return {
        "deployments": deployments,
        "false_alarm_share": false / deployments,
        "interval": interval(false, deployments),
        "power": power(rng, deployments // 2, even=False),
        "even": power(rng, deployments // 4, even=True),
        "seconds": round(perf_counter() - began, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print only the JSON object")
    parser.add_argument("--deployments", type=int, default=1_000, help="unchanged ones; half as many for each loss")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    result = measure(args.deployments, args.seed)
    if not args.json:
        print(f"called worse though unchanged, within 90 days: {result['false_alarm_share']:.1%}")
        for kind, of in (("power", "of few items"), ("even", "of all a little")):
            for row in result[kind]:  # type: ignore[attr-defined]
                print(f"a loss of {row['loss']:.0%} {of}, within {row['day']:2} days: found by {row['found']:.0%}")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
