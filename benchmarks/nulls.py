"""Unchanged streams: how many false pages the product opens, against the budget, baseline by baseline.

    python -m benchmarks.nulls [--json] [--exchanges 100000] [--baselines 5] [--sizes 200,500,1000]
                               [--scenarios NAME ...] [--seed 0]

Streams are made as numbers, below the text: a `Measured` of inputs, words, n-grams, signals and places in the space of
styles. All after it is the product's own: `Conditional` learns from the numbers of the baseline, and the `Bank` runs
over a `Baseline` of them, with its channels, budget, thresholds, incidents and return tests. Only the gauge is a
stand-in: its `measure` hands out the next prepared batch. What it cannot test is therefore the measuring of text. 24
signals (the product has 54), 12 inputs (16), 24 words, 64 n-grams (256), 150 axes of style with the shipped prior.

Each baseline has a world of its own: how prompts make inputs and how answers come from prompts is drawn anew. Answers
given the prompt have one law, in the baseline and for ever after; so every incident that says `unexplained` or
`out_of_support` is false. The budget is one in 20,000 exchanges (`exchanges_per_month` 20,000, one false page a month).
Answers of the six groups of prompts differ somewhat more than those to the segments of recorded prompts do (variance
between groups 0.09 of a signal, 0.014 of an axis, against 0.03 and 0.01).

    plain         Gaussian signals, linear in what inputs show
    ugly          ties, constants, constants but for the last bits, rates of 0.1 %, counts, capped values
    tails         Cauchy, Pareto and log-normal signals; styles with three degrees of freedom
    missing       NaN always, nearly always, at random, by prompt, in one group; NaN inputs
    uneven        products of inputs in the mean; spread and shape of answers depend on the prompt
    mix           plain answers; prompts all of one group, another every 200 to 500 exchanges
    mix_uneven    uneven answers, prompts as in `mix`
    mix_strong    the same as `mix`, but answers depend 2.5 times as much on the prompt
    repeats       one prompt some 20 times in a row; of what inputs do not show of an answer, half is the prompt's own
    bursts        the same with prompts that differ in a number, so that none is a repeat word for word
    hidden        answers depend on what no input shows, and its share goes from 1/2 to 1/5 and 4/5 and back every 1,000

`interval` is the 95 % Poisson interval of the mean over baselines; where baselines differ much, it is too narrow.
`open_share` is the share of exchanges during which a false incident was open: while one is, no second one can open.
The last line of output is one JSON object.
"""

import argparse
import json
import os
import time
import zlib
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from scipy.stats import chi2

from monitor import spaces
from monitor.bank import Bank
from monitor.baseline import SCHEMA, Baseline, Gauge, Manifest, Topic
from monitor.batch import Batch, Words
from monitor.conditional import Conditional
from monitor.interfaces import Column, Harm, Matrix, Measured, Role
from monitor.records import Exchange
from monitor.stats.space import Space
from monitor.verdict import Channel, Verdict

RUN_LENGTH = 20_000.0
BATCH = 2_048
GROUPS, LATENT, INPUTS, WORDS, NGRAMS, SIGNALS = 6, 4, 12, 24, 64, 24
SHARES = np.array([0.3, 0.25, 0.17, 0.13, 0.1, 0.05])
FALSE = (Verdict.UNEXPLAINED, Verdict.OUT_OF_SUPPORT)
CHANNELS = (Channel.BEHAVIOUR, Channel.STYLE, Channel.SUPPORT)

Rng = np.random.Generator
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Prompts:
    """n prompts: what they are (`group`, `latent`, and what no input shows: `hidden`, 0 or 1, and `own`, (n, m) of each
    prompt's own) and what is measured of them. `roots` (n,) are equal where prompts are the same word for word."""

    group: Ints
    latent: Matrix
    hidden: Ints
    own: Matrix
    roots: NDArray[np.uint64]
    inputs: Matrix
    words: Matrix
    ngrams: Matrix
    said: Words


class World:
    """How prompts are made and how answers come from them: `plain`. Others change a part of it."""

    weight = 1.0  # of the prompt in an answer

    def __init__(self, rng: Rng, axes: int) -> None:
        self.axes = axes
        self._centres = rng.normal(size=(GROUPS, LATENT)) * 0.8
        self._word_rates = np.where(rng.random((GROUPS, WORDS)) < 0.25, 0.5, 0.04)
        self._ngram_rates = rng.gamma(0.5, size=(GROUPS, NGRAMS)) * 0.5
        self._slopes = rng.normal(size=(LATENT, SIGNALS)) * 0.25 * self.weight
        self._steps = rng.normal(size=(GROUPS, SIGNALS)) * 0.3 * self.weight
        self._style_slopes = rng.normal(size=(LATENT, axes)) * 0.06 * self.weight
        self._style_steps = rng.normal(size=(GROUPS, axes)) * 0.12 * self.weight
        self._common = rng.normal(size=SIGNALS) * 0.5
        self._vocabulary = rng.integers(2**64, size=(GROUPS + 1, 500), dtype=np.uint64)
        self._usage = np.cumsum(1 / np.arange(2.0, 502)) / np.sum(1 / np.arange(2.0, 502))

    def baseline(self, rng: Rng, n: int) -> Measured:
        return self._measured(rng, self._prompts(rng, rng.choice(GROUPS, n, p=SHARES), rng.integers(2, size=n)))

    def live(self, rng: Rng, n: int, first: int) -> Measured:
        """The exchanges `first`, `first` + 1, ..."""
        return self._measured(rng, self._asked(rng, n, first))

    def _asked(self, rng: Rng, n: int, first: int) -> Prompts:  # noqa: ARG002
        return self._prompts(rng, rng.choice(GROUPS, n, p=SHARES), rng.integers(2, size=n))

    def _prompts(self, rng: Rng, group: Ints, hidden: Ints) -> Prompts:
        n = len(group)
        latent = self._centres[group] + rng.normal(size=(n, LATENT))
        return Prompts(
            group=group,
            latent=latent,
            hidden=hidden,
            own=rng.normal(size=(n, SIGNALS + self.axes)),
            roots=rng.integers(2**64, size=n, dtype=np.uint64),
            inputs=self._inputs(rng, latent),
            words=(rng.random((n, WORDS)) < self._word_rates[group]).astype(float),
            ngrams=self._ngrams(rng, group),
            said=self._said(rng, group),
        )

    def _inputs(self, rng: Rng, latent: Matrix) -> Matrix:
        n = len(latent)
        return np.column_stack(
            [
                latent,
                np.exp(0.7 * latent[:, 0]),
                rng.poisson(np.exp(0.5 * latent[:, 1])),
                latent[:, 2] > 0.5,
                np.ones(n),
                rng.random(n) < 0.01,
                np.where(rng.random(n) < 0.3, np.nan, latent[:, 3] + rng.normal(size=n)),
                rng.normal(size=(n, 2)),
            ]
        )

    def _ngrams(self, rng: Rng, group: Ints) -> Matrix:
        counts = np.sqrt(rng.poisson(self._ngram_rates[group]).astype(float))
        unit: Matrix = counts / np.maximum(np.sqrt(np.square(counts).sum(axis=1)), 1)[:, None]
        return unit

    def _said(self, rng: Rng, group: Ints) -> Words:
        """5 to 20 words of each prompt, two thirds of them of the vocabulary of its group."""
        counts = rng.integers(5, 21, size=len(group))
        row = np.repeat(np.arange(len(group)), counts)
        rank = np.minimum(np.searchsorted(self._usage, rng.random(len(row))), self._vocabulary.shape[1] - 1)
        book = np.where(rng.random(len(row)) < 2 / 3, group[row], GROUPS)
        place = np.arange(len(row))
        return Words(place, place + 1, row, self._vocabulary[book, rank], np.concatenate([[0], np.cumsum(counts)]))

    def _measured(self, rng: Rng, prompts: Prompts) -> Measured:
        return Measured(
            ids=[f"{i:x}" for i in rng.integers(2**63, size=len(prompts.group)).tolist()],
            inputs=prompts.inputs,
            words=prompts.words,
            ngrams=prompts.ngrams,
            signals=self._signals(rng, prompts),
            style=self._style(rng, prompts),
            prompts=prompts.said,
            roots=prompts.roots,
            templates=prompts.said.sums(prompts.said.hash),
            meaning=np.zeros((len(prompts.group), 0)),
        )

    def _signals(self, rng: Rng, prompts: Prompts) -> Matrix:
        return self._usual(prompts) + self._noise(rng, len(prompts.group))

    def _style(self, rng: Rng, prompts: Prompts) -> Matrix:
        return self._usual_style(prompts) + rng.normal(size=(len(prompts.group), self.axes))

    def _usual(self, prompts: Prompts) -> Matrix:
        usual: Matrix = prompts.latent @ self._slopes + self._steps[prompts.group]
        return usual

    def _usual_style(self, prompts: Prompts) -> Matrix:
        usual: Matrix = prompts.latent @ self._style_slopes + self._style_steps[prompts.group]
        return usual

    def _noise(self, rng: Rng, n: int) -> Matrix:
        noise: Matrix = rng.normal(size=(n, SIGNALS)) + rng.normal(size=(n, 1)) * self._common
        return noise


class Ugly(World):
    def _signals(self, rng: Rng, prompts: Prompts) -> Matrix:
        y = super()._signals(rng, prompts)
        u = rng.random(y.shape)
        kinds = [
            np.ones_like(y),
            np.rint(y),
            u < 0.001 * np.exp(0.5 * prompts.latent[:, :1]),
            u < 1 / (1 + np.exp(2 - y)),
            rng.poisson(np.exp(np.clip(0.5 * y - 1, -5, 3))),
            np.minimum(y, 1.0),
            0.1 + 1e-16 * np.rint(3 * u),
            u < 0.001,
        ]
        return np.choose(np.arange(SIGNALS) % len(kinds), [k.astype(float) for k in kinds])

    def _style(self, rng: Rng, prompts: Prompts) -> Matrix:
        """A third of the axes are of rare features: still, but for a jump in one answer of 200."""
        style = super()._style(rng, prompts)
        rare = np.arange(self.axes) % 3 == 0
        style[:, rare] = np.where(rng.random((len(style), int(rare.sum()))) < 0.005, 10.0, 0.0)
        return style


class Tails(World):
    def _signals(self, rng: Rng, prompts: Prompts) -> Matrix:
        y = super()._signals(rng, prompts)
        kinds = [y + rng.standard_cauchy(y.shape), np.exp(2 * y), y + rng.pareto(1.0, y.shape), y]
        return np.choose(np.arange(SIGNALS) % len(kinds), kinds)

    def _style(self, rng: Rng, prompts: Prompts) -> Matrix:
        noise: Matrix = rng.standard_t(3, (len(prompts.group), self.axes)) / np.sqrt(3)
        return self._usual_style(prompts) + noise


class Missing(World):
    def _signals(self, rng: Rng, prompts: Prompts) -> Matrix:
        y = super()._signals(rng, prompts)
        u, by_prompt = rng.random(y.shape), prompts.latent[:, :1] + np.zeros_like(y)
        kinds = [
            np.ones_like(y, bool),
            u < 0.99,
            u < 0.3,
            u < 1 / (1 + np.exp(-2 * by_prompt)),
            (prompts.group == 1)[:, None] & np.ones_like(y, bool),
            np.zeros_like(y, bool),
        ]
        return np.where(np.choose(np.arange(SIGNALS) % len(kinds), kinds), np.nan, y)

    def _inputs(self, rng: Rng, latent: Matrix) -> Matrix:
        inputs = super()._inputs(rng, latent)
        inputs[:, 5] = np.where(latent[:, 1] > 1, np.nan, inputs[:, 5])
        inputs[:, 10] = np.nan
        return inputs


class Uneven(World):
    def __init__(self, rng: Rng, axes: int) -> None:
        super().__init__(rng, axes)
        self._spread = rng.normal(size=(LATENT, SIGNALS)) * 0.3
        self._product = rng.normal(size=SIGNALS) * 0.4
        self._style_spread = rng.normal(size=(LATENT, axes)) * 0.15
        self._skew = rng.integers(2, size=(GROUPS, SIGNALS)).astype(bool)

    def _signals(self, rng: Rng, prompts: Prompts) -> Matrix:
        noise = self._noise(rng, len(prompts.group))
        skewed = np.where(self._skew[prompts.group], rng.gamma(1.0, size=noise.shape) - 1, noise)
        mean = self._usual(prompts) + (prompts.latent[:, 0] * prompts.latent[:, 1])[:, None] * self._product
        spread: Matrix = np.exp(np.clip(prompts.latent @ self._spread, -2, 2))
        signals: Matrix = mean + skewed * spread
        return signals

    def _style(self, rng: Rng, prompts: Prompts) -> Matrix:
        spread = np.exp(np.clip(prompts.latent @ self._style_spread, -1, 1))
        style: Matrix = self._usual_style(prompts) + spread * rng.normal(size=(len(prompts.group), self.axes))
        return style


class Turning(World):
    """Prompts of one group at a time."""

    _left, _group = 0, 0

    def _asked(self, rng: Rng, n: int, first: int) -> Prompts:  # noqa: ARG002
        group = np.empty(n, np.int64)
        for i in range(n):
            if not self._left:
                self._left, self._group = int(rng.integers(200, 501)), int(rng.integers(GROUPS))
            group[i] = self._group
            self._left -= 1
        return self._prompts(rng, group, rng.integers(2, size=n))


class TurningUneven(Turning, Uneven):
    pass


class TurningStrong(Turning):
    weight = 2.5


class Repeats(World):
    def _asked(self, rng: Rng, n: int, first: int) -> Prompts:
        prompts = super()._asked(rng, n, first)
        new = rng.random(n) < 1 / 20
        new[0] = True
        source = np.flatnonzero(new)[np.cumsum(new) - 1]
        return Prompts(
            group=prompts.group[source],
            latent=prompts.latent[source],
            hidden=prompts.hidden[source],
            own=prompts.own[source],
            roots=prompts.roots[source],
            inputs=prompts.inputs[source],
            words=prompts.words[source],
            ngrams=prompts.ngrams[source],
            said=_repeated(prompts.said, source),
        )

    def _signals(self, rng: Rng, prompts: Prompts) -> Matrix:
        noise = self._noise(rng, len(prompts.group))
        rest: Matrix = (prompts.own[:, :SIGNALS] + noise) * np.sqrt(0.5)
        return self._usual(prompts) + rest

    def _style(self, rng: Rng, prompts: Prompts) -> Matrix:
        own = prompts.own[:, SIGNALS:]
        rest: Matrix = (own + rng.normal(size=own.shape)) * np.sqrt(0.5)
        return self._usual_style(prompts) + rest


class Bursts(Repeats):
    def _asked(self, rng: Rng, n: int, first: int) -> Prompts:
        prompts = super()._asked(rng, n, first)
        inputs = np.column_stack([prompts.inputs[:, :-1], rng.normal(size=n)])
        return replace(prompts, inputs=inputs, roots=rng.integers(2**64, size=n, dtype=np.uint64))


class Hidden(World):
    def __init__(self, rng: Rng, axes: int) -> None:
        super().__init__(rng, axes)
        self._by_hidden = np.where(np.arange(SIGNALS) % 3 == 0, 1.0, 0.0)
        self._style_by_hidden = np.where(np.arange(axes) % 10 == 0, 0.5, 0.0)

    def _asked(self, rng: Rng, n: int, first: int) -> Prompts:
        share = np.array([0.5, 0.2, 0.5, 0.8])[(first + np.arange(n)) // 1_000 % 4]
        return self._prompts(rng, rng.choice(GROUPS, n, p=SHARES), (rng.random(n) < share).astype(np.int64))

    def _usual(self, prompts: Prompts) -> Matrix:
        return super()._usual(prompts) + prompts.hidden[:, None] * self._by_hidden

    def _usual_style(self, prompts: Prompts) -> Matrix:
        return super()._usual_style(prompts) + prompts.hidden[:, None] * self._style_by_hidden


SCENARIOS: Mapping[str, type[World]] = {
    "plain": World,
    "ugly": Ugly,
    "tails": Tails,
    "missing": Missing,
    "uneven": Uneven,
    "mix": Turning,
    "mix_uneven": TurningUneven,
    "mix_strong": TurningStrong,
    "repeats": Repeats,
    "bursts": Bursts,
    "hidden": Hidden,
}


def _repeated(words: Words, source: Ints) -> Words:
    """The words of texts `source`, in this order."""
    counts = words.counts[source]
    bounds = np.concatenate([[0], np.cumsum(counts)])
    keep = np.arange(bounds[-1]) + np.repeat(words.bounds[source] - bounds[:-1], counts)
    row = np.repeat(np.arange(len(source)), counts)
    return Words(words.start[keep], words.end[keep], row, words.hash[keep], bounds)


class Names:
    """Stands where extractors stand: names columns."""

    columns = (
        *(Column(f"input_{i}", Role.INPUT, "-", "more", "less") for i in range(INPUTS)),
        *(Column(f"word_{i}", Role.WORD, "share", "more", "less") for i in range(WORDS)),
        *(Column(f"ngram_{i}", Role.CONTEXT, "-", "more", "less") for i in range(NGRAMS)),
        *(Column(f"signal_{i}", Role.SIGNAL, "-", "more", "less", tuple(Harm)[i % 3]) for i in range(SIGNALS)),
    )

    def measure(self, batch: Batch) -> Matrix:
        raise NotImplementedError


class Axes(Names):
    def __init__(self, count: int) -> None:
        self.columns = tuple(Column(f"axis_{i}", Role.STYLE, "-", "more", "less") for i in range(count))


@dataclass(frozen=True)
class Prepared(Gauge):
    """Hands out batches that were put into `waiting`."""

    waiting: deque[Measured] = field(default_factory=deque)

    @staticmethod
    def make() -> "Prepared":
        shipped = spaces.shipped()
        axes = Axes(len(shipped.prior))
        a, unit = len(axes.columns), np.eye(len(axes.columns))
        names = tuple(c.name for c in axes.columns)
        space = Space(names, np.zeros(a), np.ones(a), unit, unit, shipped.prior, shipped.models)
        return Prepared((Names(), axes), space)

    def feed(self, bank: Bank, measured: Measured) -> None:
        """Has a bank over this gauge see a prepared batch."""
        self.waiting.append(measured)
        bank.update([Exchange(id=i, model="m", messages=(), response="-") for i in measured.ids])

    def measure(self, exchanges: Sequence[Exchange], read: Matrix | None = None) -> Measured:  # noqa: ARG002 - nothing is read
        measured = self.waiting.popleft()
        assert list(measured.ids) == [e.id for e in exchanges]
        return measured


def baseline_of(measured: Measured, gauge: Gauge, seed: int) -> Baseline:
    """What `baseline build` and opening it make of a measured evaluation run."""
    conditional = Conditional.fit(measured, seed=seed)
    known = conditional.apply(measured)
    share = np.bincount(known.topic, minlength=conditional.topics.count) / len(known.topic)
    manifest = Manifest(
        schema=SCHEMA,
        tidegauge="-",
        model="m",
        adapters=[],
        exchanges=len(measured.ids),
        repeats=0,
        first_time=None,
        last_time=None,
        seed=seed,
        inputs=[c.name for c in gauge.columns(Role.INPUT)],
        signals=[c.name for c in gauge.columns(Role.SIGNAL)],
        words=[c.name for c in gauge.columns(Role.WORD)],
        topics=[Topic(name=f"topic {i}", share=float(s)) for i, s in enumerate(share)],
        data={},
        siblings={},
        space_models=0 if gauge.space is None else gauge.space.models,
        readers={},
        plain_topics=[],
        members={},
    )
    return Baseline(
        id="-",
        manifest=manifest,
        gauge=gauge,
        conditional=conditional,
        topics=manifest.topics,
        ids=measured.ids,
        inputs=measured.inputs,
        words=measured.words,
        signals=measured.signals,
        known=known,
    )


@dataclass(frozen=True)
class Run:
    """One baseline and its stream: false pages by channel, exchanges under one, the share of prompts like those of the
    baseline, and how often a channel and the column that carried most opened one."""

    pages: Counter[Channel]
    under: int
    supported: float
    movers: Counter[str]


def run(name: str, size: int, number: int, exchanges: int, seed: int) -> Run:
    rng = np.random.default_rng([seed, zlib.crc32(name.encode()), size, number])
    gauge = Prepared.make()
    world = SCENARIOS[name](rng, len(gauge.columns(Role.STYLE)))
    baseline = baseline_of(world.baseline(rng, size), gauge, seed)
    bank = Bank(name="m", baseline=baseline, false_pages_per_month=1, exchanges_per_month=RUN_LENGTH, seed=seed)
    pages: Counter[Channel] = Counter()
    movers: Counter[str] = Counter()
    under, supported = 0, []
    for first in range(0, exchanges, BATCH):
        measured = world.live(rng, min(BATCH, exchanges - first), first)
        gauge.feed(bank, measured)
        stop = first + len(measured.ids)
        incidents = [i for i in bank.course.incidents if i.verdict in FALSE]
        for incident in incidents:
            if incident.opened > first:
                pages[incident.channel] += 1
                movers[f"{incident.channel}: {incident.movers[0].column if incident.movers else '?'}"] += 1
        covered = np.zeros(stop - first, bool)
        for incident in incidents:
            last = stop if incident.closed is None else incident.closed
            covered[max(incident.opened - 1 - first, 0) : max(last - first, 0)] = True
        under += int(covered.sum())
        supported.append(1 - (bank.report().out_of_support or 0.0))
    return Run(pages, under, float(np.mean(supported)), movers)


def row_of(name: str, size: int, exchanges: int, runs: Sequence[Run], seconds: float) -> dict[str, Any]:
    counts = [sum(r.pages.values()) for r in runs]
    total, b = sum(counts), len(runs)
    low = float(chi2.ppf(0.025, 2 * total)) / 2 / b if total else 0.0
    high = float(chi2.ppf(0.975, 2 * total + 2)) / 2 / b
    movers: Counter[str] = sum((r.movers for r in runs), Counter())
    return {
        "name": name,
        "baseline_n": size,
        "exchanges": exchanges,
        "baselines": b,
        "budget": round(exchanges / RUN_LENGTH, 3),
        "false_pages_mean": round(total / b, 3),
        "false_pages_max": max(counts),
        "false_pages": counts,
        "by_channel": {str(c): round(sum(r.pages[c] for r in runs) / b, 3) for c in CHANNELS},
        "interval": [round(low, 3), round(high, 3)],
        "open_share": round(sum(r.under for r in runs) / b / exchanges, 4),
        "supported": round(sum(r.supported for r in runs) / b, 3),
        "movers": dict(movers.most_common(5)),
        "seconds": round(seconds, 1),
    }


def show(rows: Sequence[Mapping[str, Any]], console: Console) -> None:
    table = Table("scenario", "baseline", "budget", "mean", "95 %", "each baseline", "by channel", "open", box=None)
    for row in rows:
        over = row["false_pages_mean"] > row["budget"]
        table.add_row(
            row["name"],
            str(row["baseline_n"]),
            f"{row['budget']:g}",
            f"[red]{row['false_pages_mean']:g}[/]" if over else f"{row['false_pages_mean']:g}",
            "{:.2f} to {:.2f}".format(*row["interval"]),
            " ".join(map(str, row["false_pages"])),
            ", ".join(f"{c} {n:g}" for c, n in row["by_channel"].items() if n) or "–",
            f"{row['open_share']:.1%}",
        )
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print only the JSON object")
    parser.add_argument("--exchanges", type=int, default=100_000, help="of each stream")
    parser.add_argument("--baselines", type=int, default=5, help="of each scenario and size, each with its own stream")
    parser.add_argument("--sizes", default="200,500,1000", help="exchanges of a baseline")
    parser.add_argument(
        "--scenarios", nargs="+", default=list(SCENARIOS), choices=SCENARIOS, metavar="NAME", help="default: all"
    )
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    aside = Console(stderr=True)
    cases = [(name, int(size)) for name in args.scenarios for size in args.sizes.split(",")]
    rows = []
    with Progress(console=aside, transient=True, disable=not aside.is_terminal) as progress:
        task = progress.add_task("", total=len(cases) * args.baselines)
        for name, size in cases:
            progress.update(task, description=f"{name} {size}")
            start, runs = time.monotonic(), []
            for number in range(args.baselines):
                runs.append(run(name, size, number, args.exchanges, args.seed))
                progress.advance(task)
            rows.append(row_of(name, size, args.exchanges, runs, time.monotonic() - start))
    if not args.json:
        show(rows, Console())
    print(json.dumps({"scenarios": rows}))


if __name__ == "__main__":
    main()
