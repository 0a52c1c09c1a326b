"""Learn the space of styles that ships: monitor/spaces/answers.npz.

    python scripts/learn_space.py DIR [DIR ...] [--out monitor/spaces/answers.npz]

A DIR holds answers of one model per file: `<model>.jsonl.gz`, lines with `response` (and `prompt`, if known). Only
answers whose licence allows it may be used for what ships: NOTICE names them. No text goes into the space: it holds
means, spreads and directions of about 450 numbers, and a list of frequent words.
"""

import argparse
import gzip
import io
import json
from pathlib import Path

import numpy as np

from monitor import spaces
from monitor.records import Exchange, Message


def read(path: Path) -> list[Exchange]:
    with gzip.open(path) as lines:
        rows = [json.loads(line) for line in lines]
    return [
        Exchange(id=str(i), model="m", messages=(Message("user", row.get("prompt") or ""),), response=row["response"])
        for i, row in enumerate(rows)
        if row.get("response")
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, default=Path("monitor/spaces/answers.npz"))
    arguments = parser.parse_args()
    models = [read(path) for folder in arguments.folders for path in sorted(folder.glob("*.jsonl.gz"))]
    space = spaces.learn(models)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **space.arrays())
    arguments.out.write_bytes(buffer.getvalue())
    print(
        f"{len(space.names)} features, {len(space.prior)} axes, {space.models} models, {len(buffer.getvalue()):,} bytes"
    )


if __name__ == "__main__":
    main()
