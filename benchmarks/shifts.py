"""Made shifts of known size: how soon they are found, beside river's detectors at the same null rate.

    python -m benchmarks.shifts --generator FILE [--json] [--streams 20] [--baseline 2000] [--seed 0]

FILE is a Python file with `gen(n, seed, p_topic, size, emb)`, which gives (n, p) inputs and (n, k) signals of exchanges
with prompts of two topics, and `SIZES`, whose items are (shift in standard deviations of two signals, odds ratio of a
third that is yes or no, -). The environment variables that it reads (HET, SEP) go through to it.

Each stream has a baseline of its own and LEAD unchanged exchanges, then AFTER with a change: of behaviour (`small`,
`medium`, `large`), or of the mix of topics alone (`input`), or none (`none`). A delay counts from the change, at most
AFTER; a stream that alarms earlier counts as a false alarm and not for the delay. The product is run below the text as
in `benchmarks.nulls`, at a run length of 20,000; its space of styles is the signals as they are. Peers are calibrated
on replays of baselines to the same share of unchanged streams. `bound` is log(run length) / KL, which no detector that
is not told the change beats by much. The last line of output is one JSON object.
"""

import argparse
import importlib.util
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks import nulls, peers
from monitor.bank import Bank
from monitor.batch import Texts
from monitor.interfaces import Column, Matrix, Measured, Role
from monitor.stats.space import Space
from monitor.verdict import Incident, Verdict

RUN_LENGTH, LEAD, AFTER = 20_000.0, 500, 2_000
KINDS = ("small", "medium", "large", "input", "none")
PEERS = ("adwin_calibrated", "page_hinkley_calibrated", "kswin_calibrated")
PRIOR = 0.25
STEPS = 5
"""Fewer than `benchmarks.swaps` has: its streams are short."""


class Names(nulls.Names):
    def __init__(self, inputs: int, signals: int) -> None:
        self.columns = (
            *(Column(f"input_{i}", Role.INPUT, "-", "more", "less") for i in range(inputs)),
            Column("ngram", Role.CONTEXT, "-", "more", "less"),
            *(Column(f"signal_{i}", Role.SIGNAL, "-", "more", "less") for i in range(signals)),
        )


def loaded(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("generator", path)
    if spec is None or spec.loader is None:
        sys.exit(f"{path} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Maker:
    """Streams of one generator, and what the product makes of their numbers."""

    def __init__(self, generator: ModuleType) -> None:
        self._gen: Callable[..., tuple[Matrix, Matrix, None]] = generator.gen
        inputs, signals, _ = self._gen(2_000, 1, emb=False)
        self.sizes = generator.SIZES
        self._centre, self._spread = signals.mean(axis=0), signals.std(axis=0)
        k = signals.shape[1]
        axes, unit = nulls.Axes(k), np.eye(k)
        names = tuple(c.name for c in axes.columns)
        space = Space(names, np.zeros(k), np.ones(k), unit, unit, np.full(k, PRIOR), 1)
        self.gauge = nulls.Prepared((Names(inputs.shape[1], k), axes), space)

    def baseline(self, n: int, seed: int) -> tuple[Matrix, Matrix]:
        return self._gen(n, seed, emb=False)[:2]

    def live(self, kind: str, seed: int) -> tuple[Matrix, Matrix]:
        size, topic = (kind, 0.5) if kind in self.sizes else ("none", 0.9)
        before, after = self._gen(LEAD, seed, emb=False), self._gen(AFTER, seed + 1, topic, size, emb=False)
        return np.vstack([before[0], after[0]]), np.vstack([before[1], after[1]])

    def measured(self, values: tuple[Matrix, Matrix], name: str) -> Measured:
        inputs, signals = values
        n = len(inputs)
        keys = np.arange(n, dtype=np.uint64)  # no prompt comes twice
        return Measured(
            ids=[f"{name}-{i}" for i in range(n)],
            inputs=inputs,
            words=np.zeros((n, 0)),
            ngrams=np.zeros((n, 1)),
            signals=signals,
            style=(signals - self._centre) / self._spread,
            prompts=Texts([""] * n).words,
            roots=keys,
            templates=keys,
            meaning=np.zeros((n, 0)),
        )

    def bound(self, kind: str) -> float:
        """log(run length) over the information of one exchange on the change."""
        shift, odds, _ = self.sizes[kind]
        p = self._gen(20_000, 2, emb=False)[1][:, 2].mean()
        q = p * odds / (1 - p + p * odds)
        information = 2 * shift**2 / 2 + q * np.log(q / p) + (1 - q) * np.log((1 - q) / (1 - p))
        return float(np.log(RUN_LENGTH) / information)


def replay(maker: Maker, base: tuple[Matrix, Matrix], live: tuple[Matrix, Matrix], seed: int) -> Sequence[Incident]:
    """The incidents that the product makes of a stream."""
    baseline = nulls.baseline_of(maker.measured(base, "base"), maker.gauge, seed)
    bank = Bank(name="m", baseline=baseline, exchanges_per_month=RUN_LENGTH, seed=seed)
    maker.gauge.feed(bank, maker.measured(live, "live"))
    return bank.course.incidents


def ours(maker: Maker, base: tuple[Matrix, Matrix], live: tuple[Matrix, Matrix], seed: int) -> int | None:
    """The live exchange after which the first `unexplained` incident opened."""
    incidents = replay(maker, base, live, seed)
    return min((i.opened for i in incidents if i.verdict is Verdict.UNEXPLAINED), default=None)


def summary(alarms: list[int | None]) -> dict[str, Any]:
    early = sum(a is not None and a <= LEAD for a in alarms)
    delays = [AFTER if a is None else a - LEAD for a in alarms if a is None or a > LEAD]
    return {
        "streams": len(alarms),
        "early": early,
        "alarms_after": sum(a is not None and a > LEAD for a in alarms),
        "mean_delay": round(float(np.mean(delays)), 1) if delays else None,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--generator", type=Path, required=True, help="Python file that makes the streams")
    parser.add_argument("--json", action="store_true", help="print only the JSON object")
    parser.add_argument("--streams", type=int, default=20, help="of each kind")
    parser.add_argument("--baseline", type=int, default=2_000, help="exchanges of a baseline")
    parser.add_argument("--replays", type=int, default=100, help="unchanged streams that peers are calibrated on")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    maker, start = Maker(loaded(args.generator)), time.monotonic()
    seeds = [10_000_000 + args.seed * 100_000 + 10 * i for i in range(args.streams)]
    bases = [maker.baseline(args.baseline, seed) for seed in seeds]
    peers.REPLAYS, peers.AdwinCalibrated.STEPS = args.replays, STEPS
    others = {name: peers.PEERS[name]() for name in PEERS}
    for other in others.values():
        other.calibrate([signals for _, signals in bases], LEAD + AFTER, (LEAD + AFTER) / RUN_LENGTH, seed=1)
    rows: list[dict[str, Any]] = []
    for k, kind in enumerate(KINDS):
        lives = [maker.live(kind, seed + 2 * k + 1) for seed in seeds]
        cases = list(zip(seeds, bases, lives, strict=True))
        methods = {"ours": [ours(maker, base, live, seed) for seed, base, live in cases]}
        for name, other in others.items():
            methods[name] = [other.first_alarm(base[1], live[1]) for _, base, live in cases]
        bound = round(maker.bound(kind), 1) if kind in maker.sizes and kind != "none" else None
        rows.append({"kind": kind, "bound": bound, **{name: summary(alarms) for name, alarms in methods.items()}})
    if not args.json:
        table = Table("change", "bound", *("ours", *PEERS), box=None)
        for row in rows:
            cells = [f"{row[m]['mean_delay']} ({row[m]['alarms_after']}/{row[m]['streams']})" for m in ("ours", *PEERS)]
            table.add_row(row["kind"], str(row["bound"] or "–"), *cells)
        Console().print(table)
    print(json.dumps({"shifts": rows, "baseline": args.baseline, "seconds": round(time.monotonic() - start, 1)}))


if __name__ == "__main__":
    main()
