"""A canary suite over 90 days, simulated: how often an unchanged model is called worse, how soon a loss is found.

    python -m benchmarks.probes --json

100 items, ten answers of each at the baseline, one a day afterwards; an item is bad at a rate of its own, from
Beta(0.25, 4.75): most never, a few often, 5 % on average. On each day the last seven days, and the last one, are
compared with the baseline as `tidegauge probe compare` does, at its default budget. From day 20 on a loss of L makes
each item bad for good with that chance. `found` is the share of deployments that were told within so many days of the
loss. The last line of output is one JSON object.
"""

import argparse
import json
from time import perf_counter

import numpy as np
from scipy.stats import beta

from monitor.outcomes import DAYS_PER_YEAR, FALSE_ALARMS_PER_YEAR, worse_than_before

ITEMS, REPEATS, WINDOW, BEGINS = 100, 10, 7, 20
LOSSES, DAYS = (0.03, 0.05, 0.10), (1, 7, 30)


def first_alarm(rng: np.random.Generator, loss: float, days: int, *, after: int = 0) -> int | None:
    """The first day, counted from 0 and not before `after`, on which a deployment is called worse; None: on none of
    `days`. The loss begins on day `after`."""
    rate = rng.beta(0.25, 4.75, ITEMS)
    before = rng.binomial(REPEATS, rate)
    lost = (rng.random(ITEMS) < loss) & (np.arange(days)[:, None] >= after)
    bad = (rng.random((days, ITEMS)) < rate) | lost
    known = (before, np.full(ITEMS, REPEATS))
    for day in range(after, days):
        since = max(0, day + 1 - WINDOW)
        week = (bad[since : day + 1].sum(axis=0), np.full(ITEMS, day + 1 - since))
        last = (bad[day].astype(np.int64), np.ones(ITEMS, np.int64))
        if worse_than_before(week, last, known) <= FALSE_ALARMS_PER_YEAR / DAYS_PER_YEAR:
            return day
    return None


def interval(found: int, n: int) -> tuple[float, float]:
    """Clopper and Pearson's, 95 %."""
    low = float(beta.ppf(0.025, found, n - found + 1)) if found else 0.0
    return low, float(beta.ppf(0.975, found + 1, n - found)) if found < n else 1.0


def measure(deployments: int, seed: int) -> dict[str, object]:
    began = perf_counter()
    rng = np.random.default_rng(seed)
    false = sum(first_alarm(rng, 0.0, 90) is not None for _ in range(deployments))
    power = []
    for loss in LOSSES:
        alarms = [first_alarm(rng, loss, BEGINS + max(DAYS), after=BEGINS) for _ in range(deployments // 2)]
        for day in DAYS:
            found = sum(a is not None and a < BEGINS + day for a in alarms)
            low, high = interval(found, len(alarms))
            power.append({"loss": loss, "day": day, "found": found / len(alarms), "interval": [low, high]})
    return {
        "deployments": deployments,
        "false_alarm_share": false / deployments,
        "interval": interval(false, deployments),
        "power": power,
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
        for row in result["power"]:  # type: ignore[attr-defined]
            print(f"a loss of {row['loss']:.0%}, within {row['day']:2} days: found by {row['found']:.0%}")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
