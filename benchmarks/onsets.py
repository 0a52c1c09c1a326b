"""Where a change began: the product's likelihood and river's second opinions, against the truth.

    python -m benchmarks.onsets --generator FILE [--json] [--streams 40] [--baseline 2000] [--seed 0]
    python -m benchmarks.onsets --unchanged 4000 [--json] [--seed 0]

With FILE, streams are those of `benchmarks.shifts`: LEAD unchanged exchanges, then AFTER with a change of behaviour. Of
each the first `unexplained` incident that opens after the change is looked at, with the latest opinions that it has.
`sees` counts the incidents in which a detector sees a change at all; `median_error` is over those, in exchanges.

With `--unchanged`, so many sequences of uniform ranks, as long as the product remembers them, say how often each
detector sees a change where there is none, at several settings, with its 95 % interval: the constants of
`monitor.stats.opinions` are the most sensitive of these at which it is at most one in a hundred. KSWIN, which is slow,
sees every fourth sequence. The last line of output is one JSON object.
"""

import argparse
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

import numpy as np
from rich.console import Console
from rich.table import Table
from scipy.stats import binomtest

from benchmarks.shifts import LEAD, Maker, loaded, replay
from monitor.stats import opinions
from monitor.verdict import Incident, Verdict

KINDS = ("small", "medium", "large")
SLOW = 4
SETTINGS = {
    "ADWIN": (opinions.adwin, (0.05, 0.08, 0.1, 0.12, 0.15, 0.2)),
    "Page-Hinkley": (opinions.page_hinkley, (8.5, 8.0, 7.5, 7.0, 6.5)),
    "KSWIN": (opinions.kswin, (5e-5, 1e-4)),
}


def unchanged(sequences: int, seed: int) -> list[dict[str, Any]]:
    """Per detector and setting the share of unchanged sequences in which it sees a change."""
    rows = []
    for name, (ask, settings) in SETTINGS.items():
        count = max(sequences // SLOW, 1) if ask is opinions.kswin else sequences
        seen = np.zeros(len(settings), int)
        for i in range(count):
            ranks = np.random.default_rng([seed, i]).random(opinions.LENGTH)
            seen += [ask(ranks, setting) is not None for setting in settings]
        for setting, k in zip(settings, seen.tolist(), strict=True):
            low, high = binomtest(k, count).proportion_ci(method="exact")
            interval = [round(float(low), 4), round(float(high), 4)]
            row = {"name": name, "setting": setting, "sequences": count, "rate": round(k / count, 4)}
            rows.append(row | {"interval": interval})
    return rows


def found(incidents: Sequence[Incident]) -> Incident | None:
    """The first incident that opened after the change."""
    return next((i for i in incidents if i.verdict is Verdict.UNEXPLAINED and i.opened > LEAD), None)


def errors(onsets: Sequence[int | None]) -> dict[str, Any]:
    away = [abs(onset - (LEAD + 1)) for onset in onsets if onset is not None]
    return {"sees": len(away), "median_error": float(np.median(away)) if away else None}


def placed(maker: Maker, kind: str, seeds: Sequence[int], baseline: int) -> dict[str, Any]:
    """What is said of changes of one kind."""
    replays = (replay(maker, maker.baseline(baseline, s), maker.live(kind, s + 1), s) for s in seeds)
    seen = [incident for incidents in replays if (incident := found(incidents)) is not None]
    said: dict[str, list[int | None]] = {name: [] for name in ("likelihood", *opinions.OPINIONS)}
    for incident in seen:
        said["likelihood"].append(incident.onset)
        for opinion in incident.opinions:
            said[opinion.name].append(opinion.onset)
    delays = [i.opened - LEAD for i in seen]
    return {
        "kind": kind,
        "incidents": len(seen),
        "median_delay": float(np.median(delays)) if delays else None,
        **{name: errors(onsets) for name, onsets in said.items()},
    }


def show(rows: Sequence[dict[str, Any]]) -> None:
    table = Table(*rows[0], box=None)
    for row in rows:
        table.add_row(*(f"{v['median_error']} ({v['sees']})" if isinstance(v, dict) else str(v) for v in row.values()))
    Console().print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--generator", type=Path, help="Python file that makes the streams")
    what.add_argument("--unchanged", type=int, help="sequences of unchanged ranks")
    parser.add_argument("--json", action="store_true", help="print only the JSON object")
    parser.add_argument("--streams", type=int, default=40, help="of each kind")
    parser.add_argument("--baseline", type=int, default=2_000, help="exchanges of a baseline")
    parser.add_argument("--seed", type=int, default=0)
    args, start = parser.parse_args(), time.monotonic()
    if args.unchanged:
        rows = unchanged(args.unchanged, args.seed)
    else:
        maker = Maker(loaded(args.generator))
        seeds = [20_000_000 + args.seed * 100_000 + 10 * i for i in range(args.streams)]
        rows = [placed(maker, kind, seeds, args.baseline) for kind in KINDS]
    if not args.json:
        show(rows)
    print(json.dumps({"onsets": rows, "seconds": round(time.monotonic() - start, 1)}))


if __name__ == "__main__":
    main()
