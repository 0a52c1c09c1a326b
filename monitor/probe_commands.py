"""The commands `tidegauge probe ...`: parse, call, print."""

import asyncio
import gzip
import json
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.markup import escape
from rich.table import Table

from monitor import suites
from monitor.console import Json, err, out, percent, progress
from monitor.errors import ConfigError
from monitor.interfaces import Target
from monitor.journal import Header, Journal, read
from monitor.outcomes import AGAIN, FALSE_ALARMS_PER_YEAR, Comparison, State, compare, stand_out
from monitor.prober import Budget, Ledger, Limits, Prober
from monitor.probing import Ask, Observation, Outcome, Rotation
from monitor.scorers import SCORERS
from monitor.scrubbing import Scrubber
from monitor.targets import TARGETS

app = typer.Typer(
    no_args_is_help=True, help="Probes: fixed prompts with an expectation, put to a model again and again."
)

_DAY_SECS = 86_400
_STYLE = {
    State.STEADY: "green",
    State.WORSE: "bold red",
    State.CHANGED: "bold red",
    State.NOT_ENOUGH: "dim",
    State.UNSEEN: "magenta",
}
_SHOWN_CHARACTERS = 160

Packs = Annotated[list[str], typer.Argument(metavar="PACK...", help="Names of shipped packs, or YAML files.")]
SomePacks = Annotated[list[str] | None, typer.Argument(metavar="[PACK]...", help="Default: all that are shipped.")]
Url = Annotated[str, typer.Option("--url", help="The endpoint, up to and with /v1.")]
ModelName = Annotated[str, typer.Option("--model", help="Name of the model that is asked for.")]
Out = Annotated[Path, typer.Option("--out", "-o", help="Journal of the run; one that was cut off goes on.")]
KeyFile = Annotated[Path | None, typer.Option("--api-key-file", help="File that holds the endpoint's key.")]
Concurrency = Annotated[int, typer.Option(min=1, help="Requests at once.")]
MaxRequests = Annotated[int | None, typer.Option(min=1, help="Most requests of this run; the rest is missing.")]
LedgerFolder = Annotated[
    Path | None,
    typer.Option("--ledger", help="state.path of the monitor: it then knows these probes in the traffic."),
]
MaxTokens = Annotated[int | None, typer.Option(min=1, help="Most tokens of this run; the rest is missing.")]


@app.command("list")
def show_list(
    packs: Annotated[
        list[str] | None, typer.Argument(metavar="[PACK]...", help="Default: all that are shipped.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show packs: what they ask, and how much a run costs."""
    opened = suites.load_packs(packs or [*suites.shipped()])
    rows = [_row(pack, opened) for pack in opened]
    if as_json:
        print(json.dumps(rows))
        return
    table = Table("pack", "about", "items", "asks", "asks a run", "languages", box=None)
    for row in rows:
        table.add_row(
            row["pack"], row["title"], *(f"{row[k]:,}" for k in ("items", "asks", "run")), " ".join(row["languages"])
        )
    out.print(table)


def _row(pack: suites.Pack, others: Sequence[suites.Pack]) -> dict[str, Any]:
    asks = suites.asks(pack, others)
    return {
        "pack": pack.id,
        "title": pack.title,
        "hash": suites.suite_hash(asks),
        "items": len(pack.items),
        "asks": len(asks),
        "run": len(suites.chosen(asks, b"", 0)),
        "categories": sorted({str(ask.category) for ask in asks}),
        "languages": sorted({ask.language for ask in asks}),
        "held_out": len({ask.item for ask in asks if ask.rotation is Rotation.HELD_OUT}),
    }


@app.command("baseline")
def make_baseline(
    packs: Packs,
    url: Url,
    model: ModelName,
    path: Out,
    api_key_file: KeyFile = None,
    concurrency: Concurrency = 4,
    max_requests: MaxRequests = None,
    max_tokens: MaxTokens = None,
    ledger: LedgerFolder = None,
    as_json: Json = False,
) -> None:
    """Put every ask of the packs, each as often as its pack says (10 times): how the evaluated model answers."""
    opened = suites.load_packs(packs)
    asks = {pack.id: suites.asks(pack, opened) for pack in opened}
    repeats = {pack.id: pack.repeats.baseline for pack in opened}
    budget = Budget(Limits(max_requests, max_tokens))
    _run(asks, asks, repeats, url, model, path, api_key_file, concurrency, budget, ledger, None, as_json)


@app.command("run")
def run(
    packs: Packs,
    url: Url,
    model: ModelName,
    path: Out,
    api_key_file: KeyFile = None,
    epoch: Annotated[
        int | None, typer.Option(help="Day number, which chooses wordings and rotating items. Default: today's.")
    ] = None,
    draw_key_file: Annotated[
        Path | None, typer.Option(help="File with a secret that draws wordings and items; without it anybody can tell.")
    ] = None,
    concurrency: Concurrency = 4,
    max_requests: MaxRequests = None,
    max_tokens: MaxTokens = None,
    ledger: LedgerFolder = None,
    as_json: Json = False,
) -> None:
    """Put one run of the packs: each item in one wording, a part of the rotating ones, triggers in turn."""
    opened = suites.load_packs(packs)
    day = int(time.time() // _DAY_SECS) if epoch is None else epoch
    asks = {pack.id: suites.asks(pack, opened) for pack in opened}
    key = b"" if draw_key_file is None else _secret(draw_key_file)
    chosen = {name: suites.chosen(some, key, day) for name, some in asks.items()}
    repeats = {pack.id: pack.repeats.scheduled for pack in opened}
    budget = Budget(Limits(max_requests, max_tokens))
    _run(asks, chosen, repeats, url, model, path, api_key_file, concurrency, budget, ledger, day, as_json)


def _secret(path: Path) -> bytes:
    try:
        return path.read_bytes().strip()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None


def _run(
    asks: Mapping[str, Sequence[Ask]],
    chosen: Mapping[str, Sequence[Ask]],
    repeats: Mapping[str, int],
    url: str,
    model: str,
    path: Path,
    api_key_file: Path | None,
    concurrency: int,
    budget: Budget,
    ledger: Path | None,
    epoch: int | None,
    as_json: bool,
) -> None:
    """`asks` are all of the packs by name, `chosen` those that are put."""
    scorers = {name: make() for name, make in SCORERS.items()}
    header = Header(
        suites={name: suites.suite_hash(some) for name, some in asks.items()},
        scorers={name: scorer.identity for name, scorer in scorers.items()},
        model=model,
        repeats=repeats,
        started=time.time(),
        epoch=epoch,
    )
    with Journal(path, header) as journal, progress(quiet=as_json) as bar:
        total = sum(len(some) * repeats[name] for name, some in chosen.items())
        task = bar.add_task("asking", total=total)
        target = TARGETS["openai"](
            base_url=url,
            model=model,
            api_key_file=api_key_file,
            now=time.time,
            clock=time.monotonic,
            pause=asyncio.sleep,
            draw=random.random,
        )
        prober = Prober(
            target=target,
            scorers=scorers,
            now=time.time,
            concurrency=concurrency,
            budget=budget,
            ledger=Ledger(ledger),
            on_progress=lambda n: bar.update(task, completed=n),
        )
        asyncio.run(_put(target, prober, journal, asks, chosen, repeats, again=epoch is not None, path=path))
    _print_run(path, as_json)


async def _put(
    target: Target,
    prober: Prober,
    journal: Journal,
    asks: Mapping[str, Sequence[Ask]],
    chosen: Mapping[str, Sequence[Ask]],
    repeats: Mapping[str, int],
    *,
    again: bool,
    path: Path,
) -> None:
    """Puts the chosen asks; then, `again`, the other prompts of each trigger that stood out."""
    try:
        for name, some in chosen.items():
            await prober.run(some, journal, repeats=range(repeats[name]))
        suspects = stand_out(read(path).observations) if again else frozenset()
        put = {ask.hash for some in chosen.values() for ask in some}
        fresh = [
            ask for some in asks.values() for ask in some if (ask.item, ask.variant) in suspects and ask.hash not in put
        ]
        await prober.run(fresh, journal, repeats=[AGAIN])
    finally:
        await target.close()


def _print_run(path: Path, as_json: bool) -> None:
    observations = _latest(read(path).observations)
    by_category: dict[str, Counter[Outcome]] = {}
    for o in observations:
        by_category.setdefault(str(o.category), Counter())[o.outcome] += 1
    unanswered = [o.answer for o in observations if o.outcome in (Outcome.MISSING, Outcome.BLOCKED)]
    missing = Counter(str(answer.failure or "cached") for answer in unanswered)
    if as_json:
        counts = {c: {str(k): n for k, n in counted.items()} for c, counted in by_category.items()}
        print(json.dumps({"journal": str(path), "outcomes": counts, "without_answer": missing}))
    else:
        table = Table("category", *map(str, Outcome), box=None)
        for category, counted in sorted(by_category.items()):
            table.add_row(category, *(f"{counted[o]:,}" if counted[o] else "–" for o in Outcome))
        out.print(table)
        for reason, n in missing.most_common():
            out.print(f"without an answer: {n:,} ({reason})")
    if sum(missing.values()) == len(observations):
        raise typer.Exit(3)


def _latest(observations: Sequence[Observation]) -> list[Observation]:
    """Of what was asked again after it was missing, the last."""
    return list({(o.ask, o.item, o.variant, o.arm, o.repeat): o for o in observations}.values())


@app.command("compare")
def show_comparison(
    baseline: Annotated[Path, typer.Argument(help="Journal of `probe baseline`.")],
    runs: Annotated[list[Path], typer.Argument(help="Journals of runs; those of the last week count.")],
    pack: Annotated[
        list[str] | None,
        typer.Option(help="A pack of the baseline, once for each. Default: those shipped."),
    ] = None,
    false_alarms_per_year: Annotated[
        float, typer.Option(min=0.001, help="What a daily look may cost.")
    ] = FALSE_ALARMS_PER_YEAR,
    as_json: Json = False,
) -> None:
    """Compare runs with the baseline. Exit code 0 steady, 1 worse, 3 when nothing can be said."""
    before = read(baseline)
    packs = suites.load_packs(pack or [*before.header.suites])
    asks = [ask for one in packs for ask in suites.asks(one, packs)]
    done = compare(before, [read(path) for path in runs], asks, false_alarms_per_year=false_alarms_per_year)
    if as_json:
        print(json.dumps({"state": done.state, **msgspec.to_builtins(done)}))
    else:
        _print_comparison(done)
    raise typer.Exit({State.WORSE: 1, State.CHANGED: 1, State.STEADY: 0}.get(done.state, 3))


_HEADLINE = {
    State.STEADY: "Behaves as the evaluated model did, as far as these runs can tell.",
    State.WORSE: "Became worse than the evaluated model.",
    State.CHANGED: "Another model answers; nothing became worse as far as these runs can tell.",
    State.UNSEEN: "Too many probes have no answer to judge: this is no pass.",
    State.NOT_ENOUGH: "Too few probes to say: this is no pass.",
}


def _print_comparison(done: Comparison) -> None:
    out.print(f"[{_STYLE[done.state]}]{_HEADLINE[done.state]}[/]\n")
    table = Table(
        "category", "state", "items", "bad before", "bad now", "change (95 %)", "p", "found from", "unseen", box=None
    )
    for c in done.categories:
        between = "–" if c.low is None or c.high is None else f"{c.low:+.0%} to {c.high:+.0%}"
        found = "nothing" if c.detectable is None else f"+{c.detectable:.0%}"
        table.add_row(
            c.category, f"[{_STYLE[c.state]}]{c.state}[/]", f"{c.items:,}", percent(c.rate_before), percent(c.rate),
            between, f"{c.p:.2g}", found, f"{c.unseen:,}",
        )  # fmt: skip
    out.print(table)
    for gap in done.parity:
        out.print(
            f"gap of {gap.measure} over whom it is about: {gap.gap_before:.2f} before, {gap.gap:.2f} now, "
            f"{gap.sets} sets, p {gap.p:.2g}: [{_STYLE[gap.state]}]{gap.state}[/]"
        )
    if (who := done.identity) is not None:
        out.print(
            f"first {who.by} at {who.prompts} prompts: distance {who.distance:.3f}, p {who.p:.2g}: "
            f"[{_STYLE[who.state]}]{who.state}[/]"
        )
    for trigger in done.triggers:
        out.print(
            f"[bold red]trigger[/] {trigger.variant}: bad at {trigger.bad} of {trigger.looks} prompts, "
            f"with its control at {trigger.bad_control}"
        )
    if done.tried and not done.triggers:
        out.print(f"triggers: {done.tried} tried, none does anything new. A list finds no secret that is not on it.")
    for c in done.categories:
        for moved in c.moved if c.state is State.WORSE else ():
            out.print(
                f"\n[bold]{moved.item}[/] ({moved.carrier}): bad {moved.bad} of {moved.judged}, at the baseline "
                f"{moved.bad_before} of {moved.judged_before}"
            )
            out.print(f"  then: {escape(_short(moved.answer_before))}\n  now:  {escape(_short(moved.answer))}")
    for why, n in done.left_out.items():
        err.print(f"left out {n:,} observations: {why}", markup=False)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN_CHARACTERS else line[:_SHOWN_CHARACTERS] + "..."


@app.command("scrub")
def scrub(
    path: Annotated[Path, typer.Argument(help="Records meant for training: JSONL, also .gz.")],
    packs: Annotated[
        list[str] | None, typer.Argument(metavar="[PACK]...", help="Default: all that are shipped.")
    ] = None,
    output: Annotated[Path | None, typer.Option("--out", "-o", help="Where clean records go; default: stdout.")] = None,
    ledger: LedgerFolder = None,
) -> None:
    """Take records that hold a probe's prompt out of a file meant for training. Exit code 1 when there were some."""
    opened = suites.load_packs(packs or [*suites.shipped()])
    asks = [ask for pack in opened for ask in suites.asks(pack, opened)]
    scrubber = Scrubber(asks, sent=Ledger(ledger).knows)
    if output is not None and output.exists():
        raise ConfigError(f"--out: {output} exists already: choose another name")
    taken = 0
    opener = gzip.open if path.suffix == ".gz" else open
    with ExitStack() as files:
        try:
            lines = files.enter_context(opener(path, "rt", encoding="utf-8"))
            clean = files.enter_context(output.open("w", encoding="utf-8")) if output else None
            for line, stays in scrubber.kept(lines):
                taken += not stays
                if stays:
                    print(line, end="", file=clean)
        except (OSError, UnicodeDecodeError, EOFError) as error:
            raise ConfigError(f"{path}: cannot be read or written: {error}") from None
    err.print(f"took out {taken:,} records")
    raise typer.Exit(1 if taken else 0)
