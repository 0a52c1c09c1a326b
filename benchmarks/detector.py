"""Signal values that the detector of single signals takes per second, on one core, and the size of its state.

    python -m benchmarks.detector [--json] [--rows 4096] [--repeats 9]

Signals of five kinds (even, skewed, rare events, counts, often missing) in twelve strata, a baseline of 1,000, nothing
moved. Seconds are of processor time, the best of several runs. The last line of output is one JSON object.
"""

import argparse
import json
import os
from collections.abc import Sequence

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

import numpy as np
from numpy.typing import NDArray

from benchmarks.timing import best_secs
from monitor.detectors.conformal import ConformalMartingale
from monitor.interfaces import Matrix, Strata
from monitor.stats.bets import shift_and_spread
from monitor.stats.ranks import Bags

BASELINE, STRATA = 1_000, 12
SIGNALS, BATCHES = (10, 40), (32, 256)
LOG_THRESHOLD = 40.0
"""Out of reach: a detector that reports a move learns nothing."""


def values(rng: np.random.Generator, n: int, signals: int) -> tuple[Matrix, Strata]:
    kinds = (
        rng.normal(size=(n, signals)),
        rng.gamma(2.0, size=(n, signals)),
        (rng.random((n, signals)) < 0.05).astype(float),
        rng.poisson(1.0, (n, signals)).astype(float),
        np.where(rng.random((n, signals)) < 0.3, np.nan, rng.normal(size=(n, signals))),
    )
    matrix = np.choose(np.arange(signals) % len(kinds), kinds)
    return matrix, rng.integers(0, STRATA, (n, signals)).astype(np.int32)


def detector(signals: int) -> ConformalMartingale:
    bags = Bags.fit(*values(np.random.default_rng([1, signals]), BASELINE, signals), STRATA, seed=1)
    return ConformalMartingale(bags=bags, bets=shift_and_spread(np.zeros(signals, np.int8)), seed=2)


def values_per_sec(signals: int, batch: int, rows: int, repeats: int) -> float:
    live, strata = values(np.random.default_rng([2, signals]), rows, signals)
    under_test = detector(signals)
    cuts = [slice(start, start + batch) for start in range(0, rows, batch)]

    def take(cut: slice) -> Sequence[object]:
        return under_test.update(live[cut], strata[cut], LOG_THRESHOLD)

    return rows * signals / best_secs(take, cuts, repeats)


def state_mb(signals: int) -> float:
    arrays: list[NDArray[np.generic]] = list(detector(signals).snapshot().values())
    return sum(array.nbytes for array in arrays) / 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print only the JSON object")
    parser.add_argument("--rows", type=int, default=4_096)
    parser.add_argument("--repeats", type=int, default=9)
    args = parser.parse_args()
    result = {
        f"signals_{signals}": {
            **{f"batch_{b}": round(values_per_sec(signals, b, args.rows, args.repeats)) for b in BATCHES},
            "state_mb": round(state_mb(signals), 3),
        }
        for signals in SIGNALS
    }
    if not args.json:
        print(f"{'values per second':18}" + "".join(f"{name:>14}" for name in next(iter(result.values()))))
        for name, row in result.items():
            print(f"{name:18}" + "".join(f"{value:>14,}" for value in row.values()))
    print(json.dumps({"unit": "values per second of processor time", **result}))


if __name__ == "__main__":
    main()
