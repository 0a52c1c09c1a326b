"""Changes of model found, and unchanged models left in peace, on recorded answers of real models.

    python -m benchmarks.swaps --data DIR [--json] [--splits 4] [--methods NAME ...] [--run-length 20000]

DIR holds `<model>.jsonl.gz`, lines of {id, prompt, response, segment, ...}, the same prompts for every model, and
pairs.json: {"pairs": [[before, after], ...]}. A pair that names an absent model is left out. Each split deals the
prompts at random into 400 for the baseline and up to 400 live ones (two thirds and the rest where there are few), anew
for each model: with one deal for all, its chance differences in prompts would be in every model's null stream.

    swaps       baseline of `before`, live answers of `after`; found when an incident that nothing explains opens
    null        a model against itself, every model and split
    input-only  a model against itself, live prompts of one segment or of two, the baseline over all: each segment alone
                and one pair of segments for every model and split, pairs taken in turn so that each occurs

Methods: `ours_base` is the product as installed, through the baseline folder and the bank that `tidegauge run` has.
`ours_neural` (with --encoder) puts prompts into topics, and tells strange ones, by what they mean; it does not read
answers, so there is no `on_topic`. `ours_siblings` builds baselines with the answers of the folder's other models to
the baseline's prompts, never those of a model it is tested with. The others are in benchmarks/peers.py; slow ones run
on one split, as `splits` says.
`run-length` is the mean number of exchanges between false alarms that is asked for. Intervals are Clopper and
Pearson's, 95 %; streams of one model and split share a baseline, so they are a little too narrow. The last line of
output is one JSON object.
"""

import argparse
import gzip
import inspect
import itertools
import json
import os
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table
from scipy.stats import binomtest

from benchmarks import peers
from monitor import baseline
from monitor.bank import Bank
from monitor.baseline import Gauge
from monitor.batch import Batch
from monitor.formats import format_of
from monitor.interfaces import Column, Role
from monitor.readers import Reader
from monitor.records import Exchange, Record
from monitor.verdict import Verdict

BASELINE, LIVE = 400, 400
FEWEST_LIVE = 10
"""A stream of fewer live exchanges is not measured: a small segment may have none at all."""

KINDS = ("swaps", "null", "input_only")
Ids = Sequence[str]


@dataclass(frozen=True)
class Folder:
    """Per model its exchanges by id of the prompt; the segment of each prompt; pairs to test."""

    models: Mapping[str, Mapping[str, Exchange]]
    segments: Mapping[str, str]
    pairs: Sequence[tuple[str, str]]

    def answers(self, model: str, ids: Ids) -> list[Exchange]:
        return [self.models[model][i] for i in ids if i in self.models[model]]

    def after(self, model: str) -> list[str]:
        return [after for before, after in self.pairs if before == model]


@dataclass(frozen=True)
class Stream:
    kind: str
    after: str
    live: Ids


@dataclass(frozen=True)
class Case:
    """One baseline and the streams that are measured against it."""

    before: str
    split: int
    base: Ids
    streams: Sequence[Stream]


@dataclass
class Tally:
    """Delays by stream, None where there was no alarm. Of swaps, by pair."""

    splits: int
    swaps: dict[tuple[str, str], list[int | None]] = field(default_factory=dict)
    null: list[int | None] = field(default_factory=list)
    input_only: list[int | None] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, before: str, stream: Stream, delay: int | None) -> None:
        if stream.kind == "swaps":
            self.swaps.setdefault((before, stream.after), []).append(delay)
        else:
            getattr(self, stream.kind).append(delay)

    def summary(self) -> dict[str, Any]:
        swaps = list(itertools.chain.from_iterable(self.swaps.values()))
        found = [delay for delay in swaps if delay is not None]
        out: dict[str, Any] = {
            "swaps": len(swaps),
            "found_ratio": round(len(found) / len(swaps), 4) if swaps else None,
            "median_delay": float(np.median(found)) if found else None,
        }
        for name, delays in (("null", self.null), ("input_only", self.input_only)):
            alarms = sum(delay is not None for delay in delays)
            out |= {
                f"{name}_streams": len(delays),
                f"{name}_alarms": alarms,
                f"{name}_interval": interval(alarms, len(delays)),
            }
        return out | {"splits": self.splits, "seconds": round(self.seconds, 1)}

    def missed(self) -> list[str]:
        return [
            f"{before} -> {after}, missed {delays.count(None)} of {len(delays)}"
            for (before, after), delays in self.swaps.items()
            if None in delays
        ]


def interval(count: int, of: int) -> list[float] | None:
    if not of:
        return None
    ci = binomtest(count, of).proportion_ci(confidence_level=0.95, method="exact")
    return [round(float(ci.low), 4), round(float(ci.high), 4)]


def read(folder: Path) -> Folder:
    decode = format_of("jsonl").decode
    models: dict[str, dict[str, Exchange]] = {}
    segments: dict[str, str] = {}
    for path in sorted(folder.glob("*.jsonl.gz")):
        name = path.name.removesuffix(".jsonl.gz")
        with gzip.open(path) as lines:
            for number, line in enumerate(lines):
                exchange = decode(Record(line, name, number))
                if exchange.has_content:
                    models.setdefault(name, {})[exchange.id] = exchange
                segments[exchange.id] = json.loads(line).get("segment") or ""
    pairs = json.loads((folder / "pairs.json").read_bytes())["pairs"]
    if not models:
        sys.exit(f"no <model>.jsonl.gz in {folder}")
    return Folder(models, segments, [(a, b) for a, b in pairs if a in models and b in models])


def cases(folder: Folder, splits: int) -> Iterator[Case]:
    """All streams of all splits, one case for each model and split."""
    ids = sorted(folder.segments)
    base_size = min(BASELINE, len(ids) * 2 // 3)
    names = sorted(set(folder.segments.values()))
    couples = list(itertools.combinations(names, 2)) if len(names) > 2 else []
    turns = itertools.cycle(couples)
    for split in range(splits):
        for model in folder.models:
            rng = np.random.default_rng([split, zlib.crc32(model.encode())])
            order = [ids[i] for i in rng.permutation(len(ids))]
            base, rest = order[:base_size], order[base_size:]
            chosen: list[tuple[str, ...]] = [(name,) for name in names] if len(names) > 1 else []
            chosen += [next(turns)] if couples else []
            streams = [Stream("swaps", after, rest[:LIVE]) for after in folder.after(model)]
            streams.append(Stream("null", model, rest[:LIVE]))
            for segments in chosen:
                live = [i for i in rest if folder.segments[i] in segments][:LIVE]
                if len(live) >= FEWEST_LIVE:
                    streams.append(Stream("input_only", model, live))
            yield Case(model, split, base, streams)


class Method(Protocol):
    splits: int

    def open(self, case: Case) -> Callable[[Stream], int | None]:
        """What gives a stream's delay: the live exchange, from 1, at which a change was found, None when none was."""


class Prompts:
    """What prompts mean, and nothing of the answers; each prompt is read once."""

    def __init__(self, model: str) -> None:
        from monitor.networks import Choice, Encoder  # noqa: PLC0415 - the extra neural

        self._encoder = Encoder(Choice(model), cached=100_000)
        self.identity = self._encoder.identity
        self.columns = tuple(
            Column(f"meaning_{i}", Role.MEANING, "-", "-", "-") for i in range(self._encoder.dimensions)
        )

    def measure(self, batch: Batch) -> NDArray[np.float64]:
        return self._encoder.encode(batch.prompt.whole).astype(np.float64)


class Ours:
    """The product, as a user has it: a baseline in a folder, and a bank over it."""

    def __init__(
        self, folder: Folder, run_length: float, splits: int, *, siblings: bool, encoder: str | None = None
    ) -> None:
        self._folder, self._run_length, self.splits, self._siblings = folder, run_length, splits, siblings
        self._gauge = Gauge.standard([] if encoder is None else [Reader("meaning", Prompts(encoder))])

    def open(self, case: Case) -> Callable[[Stream], int | None]:
        opened = self._baseline(case)

        def delay(stream: Stream) -> int | None:
            bank = Bank(name="m", baseline=opened, exchanges_per_month=self._run_length, seed=case.split)
            bank.update(self._folder.answers(stream.after, stream.live))
            unexplained = (i.opened for i in bank.course.incidents if i.verdict is Verdict.UNEXPLAINED)
            return min(unexplained, default=None)

        return delay

    def _baseline(self, case: Case) -> baseline.Baseline:
        more: dict[str, Any] = {}
        if self._siblings:
            tested = {case.before, *self._folder.after(case.before)}
            more["siblings"] = [self._folder.answers(m, case.base) for m in self._folder.models if m not in tested]
        answers = self._folder.answers(case.before, case.base)
        built = baseline.build(answers, model="m", data={}, gauge=self._gauge, seed=case.split, **more)
        with tempfile.TemporaryDirectory(prefix="tidegauge-bench-") as place:
            baseline.write(built, Path(place) / "baseline")
            return baseline.open_baseline(Path(place) / "baseline", self._gauge)


class Other:
    """A peer over the product's signals."""

    def __init__(self, folder: Folder, run_length: float, splits: int, peer: peers.Peer) -> None:
        self._peer, self.splits = peer, splits
        gauge = Gauge.standard()
        self._signals = {
            name: dict(zip(answers, gauge.measure(list(answers.values())).signals, strict=True))
            for name, answers in folder.models.items()
        }
        baselines = [self._filled(case.before, case.base, case) for case in cases(folder, self.splits)]
        peer.calibrate(baselines, LIVE, LIVE / run_length, seed=1)

    def open(self, case: Case) -> Callable[[Stream], int | None]:
        base = self._filled(case.before, case.base, case)
        return lambda stream: self._peer.first_alarm(base, self._filled(stream.after, stream.live, case))

    def _filled(self, model: str, ids: Ids, case: Case) -> peers.Matrix:
        return peers.filled(self._rows(case.before, case.base), self._rows(model, ids))

    def _rows(self, model: str, ids: Ids) -> peers.Matrix:
        return np.array([self._signals[model][i] for i in ids if i in self._signals[model]])


def missing(name: str, encoder: str | None) -> str | None:
    """Why a method cannot run here; None when it can."""
    if name == "ours_siblings" and "siblings" not in inspect.signature(baseline.build).parameters:
        return "baselines cannot be built with siblings yet"
    if name == "ours_neural" and encoder is None:
        return "no --encoder is given"
    return peers.missing(name)


METHODS = ("ours_base", "ours_siblings", "ours_neural", *peers.PEERS)


def method(name: str, folder: Folder, run_length: float, splits: int, encoder: str | None) -> Method:
    if name in peers.PEERS:
        return Other(folder, run_length, 1 if name in peers.SLOW else splits, peers.PEERS[name]())
    encoder = encoder if name == "ours_neural" else None
    return Ours(folder, run_length, splits, siblings=name == "ours_siblings", encoder=encoder)


def measure(
    name: str, folder: Folder, run_length: float, splits: int, console: Console, encoder: str | None = None
) -> Tally:
    start = time.monotonic()
    chosen = method(name, folder, run_length, splits, encoder)
    tally = Tally(chosen.splits)
    every = list(cases(folder, chosen.splits))
    for case in track(every, name, console=console, transient=True, disable=not console.is_terminal):
        delay = chosen.open(case)
        for stream in case.streams:
            tally.add(case.before, stream, delay(stream))
    tally.seconds = time.monotonic() - start
    return tally


def show(tallies: Mapping[str, Tally], console: Console, *, table: bool) -> None:
    if table:
        out = Table("method", "swaps found", "median delay", "null alarms", "input-only alarms", "seconds", box=None)
        for name, tally in tallies.items():
            row = tally.summary()
            ratio, delay = row["found_ratio"], row["median_delay"]
            out.add_row(
                name,
                "–" if ratio is None else f"{ratio:.0%} of {row['swaps']}",
                "–" if delay is None else f"{delay:.0f}",
                *(f"{row[f'{kind}_alarms']} of {row[f'{kind}_streams']}" for kind in KINDS[1:]),
                f"{row['seconds']:.0f}",
            )
        console.print(out)
    for name, tally in tallies.items():
        for line in tally.missed():
            console.print(f"{name}: {line}", highlight=False, soft_wrap=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of <model>.jsonl.gz and pairs.json")
    parser.add_argument("--json", action="store_true", help="print only the JSON object; missed pairs on stderr")
    parser.add_argument("--splits", type=int, default=4, help="random splits; slow peers have one")
    parser.add_argument("--methods", nargs="+", default=METHODS, choices=METHODS, metavar="NAME", help="default: all")
    parser.add_argument("--encoder", help="sentence encoder, id or folder, for ours_neural")
    parser.add_argument("--run-length", type=float, default=20_000)
    args = parser.parse_args()
    aside = Console(stderr=True)
    folder = read(args.data)
    left_out = {name: why for name in args.methods if (why := missing(name, args.encoder))}
    for name, why in left_out.items():
        aside.print(f"{name} is left out: {why}", highlight=False)
    tallies = {
        name: measure(name, folder, args.run_length, args.splits, aside, args.encoder)
        for name in args.methods
        if name not in left_out
    }
    show(tallies, aside if args.json else Console(), table=not args.json)
    print(json.dumps({name: tally.summary() for name, tally in tallies.items()}))


if __name__ == "__main__":
    main()
