"""The commands `tidegauge probe ...`: parse, call, print."""

import asyncio
import gzip
import json
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.table import Table

from monitor import import_command, suites
from monitor.calibration import read as read_calibration
from monitor.console import (
    Json,
    RefusalClassifier,
    RefusalEncoder,
    RefusalLabel,
    RefusalRevision,
    err,
    out,
    progress,
)
from monitor.errors import ConfigError
from monitor.interfaces import Scorer, Target
from monitor.journal import Journal, Run, read
from monitor.outcomes import FALSE_ALARMS_PER_YEAR, corrected_rate
from monitor.probe_printing import print_comparison
from monitor.probe_runs import Asks, compare_alike, header_of, put, put_anchors
from monitor.prober import JUDGE, Budget, Ledger, Limits, Metered, Prober
from monitor.probing import Outcome, Rotation, State
from monitor.refusal_tier import RefusalTier
from monitor.scorers.judge import Judge
from monitor.scrubbing import Scrubber
from monitor.settings import read_secret

app = typer.Typer(
    no_args_is_help=True, help="Probes: fixed prompts with an expectation, put to a model again and again."
)
app.command("import")(import_command.import_file)

Packs = Annotated[
    list[str], typer.Argument(metavar="PACK...", help="Names of shipped packs, YAML files or imported suites.")
]
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
Adversarial = Annotated[
    bool, typer.Option("--allow-adversarial", help="The endpoint's owner allows prompts that are attacks.")
]
MaxTokens = Annotated[int | None, typer.Option(min=1, help="Most tokens of this run; the rest is missing.")]


FalseAlarms = Annotated[float, typer.Option(min=0.001, help="What a daily look may cost.")]
JudgeUrl = Annotated[
    str | None, typer.Option("--judge-url", help="Endpoint of a model that is asked what no scorer is sure of.")
]
JudgeModel = Annotated[str | None, typer.Option("--judge-model", help="Name of that model.")]
JudgeKey = Annotated[Path | None, typer.Option("--judge-key-file", help="File that holds that endpoint's key.")]


@app.command("list")
def show_list(
    packs: Annotated[
        list[str] | None, typer.Argument(metavar="[PACK]...", help="Default: all that are shipped.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Show packs: what they ask, and how much a run costs."""
    opened = suites.load_packs(packs or [*suites.shipped()], allow_adversarial=True)
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


def _row(pack: suites.Suite, others: Sequence[suites.Suite]) -> dict[str, Any]:
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
    allow_adversarial: Adversarial = False,
    judge_url: JudgeUrl = None,
    judge_model: JudgeModel = None,
    judge_key_file: JudgeKey = None,
    refusal_encoder: RefusalEncoder = None,
    refusal_classifier: RefusalClassifier = None,
    refusal_label: RefusalLabel = None,
    refusal_revision: RefusalRevision = None,
    as_json: Json = False,
) -> None:
    """Put every ask of the packs, each as often as its pack says (10 times): how the evaluated model answers."""
    opened = suites.load_packs(packs, allow_adversarial=allow_adversarial)
    asks = suites.all_asks(opened)
    repeats = {pack.id: pack.repeats.baseline for pack in opened}
    scorers = RefusalTier(refusal_encoder, refusal_classifier, refusal_label, refusal_revision).scorers()
    budget = Budget(Limits(max_requests, max_tokens))
    judge = _judge(judge_url, judge_model, judge_key_file, budget)
    target = _target(url, model, api_key_file)
    _run(asks, asks, repeats, target, scorers, judge, path, concurrency, budget, ledger, None, as_json)


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
    allow_adversarial: Adversarial = False,
    judge_url: JudgeUrl = None,
    judge_model: JudgeModel = None,
    judge_key_file: JudgeKey = None,
    refusal_encoder: RefusalEncoder = None,
    refusal_classifier: RefusalClassifier = None,
    refusal_label: RefusalLabel = None,
    refusal_revision: RefusalRevision = None,
    baseline: Annotated[
        Path | None,
        typer.Option(help="Journal of the evaluated model: what stands out against it is asked again, in this run."),
    ] = None,
    earlier: Annotated[list[Path] | None, typer.Option(help="Journal of a run before, once for each.")] = None,
    false_alarms_per_year: FalseAlarms = FALSE_ALARMS_PER_YEAR,
    as_json: Json = False,
) -> None:
    """Put one run of the packs: each item in one wording, a part of the rotating ones, triggers in turn."""
    opened = suites.load_packs(packs, allow_adversarial=allow_adversarial)
    day = suites.epoch_of(time.time()) if epoch is None else epoch
    asks = suites.all_asks(opened)
    key = b"" if draw_key_file is None else read_secret(draw_key_file).encode()
    chosen = {name: suites.chosen(some, key, day) for name, some in asks.items()}
    repeats = {pack.id: pack.repeats.scheduled for pack in opened}
    scorers = RefusalTier(refusal_encoder, refusal_classifier, refusal_label, refusal_revision).scorers()
    budget = Budget(Limits(max_requests, max_tokens))
    judge = _judge(judge_url, judge_model, judge_key_file, budget)
    target = _target(url, model, api_key_file)
    look = None
    if baseline is not None:
        before = [read(one) for one in earlier or []]
        look = partial(_look, read(baseline), before, asks, scorers, false_alarms_per_year=false_alarms_per_year)
    _run(asks, chosen, repeats, target, scorers, judge, path, concurrency, budget, ledger, day, as_json, look)


def _look(
    baseline: Run,
    earlier: Sequence[Run],
    asks: Asks,
    scorers: Mapping[str, Scorer],
    latest: Run,
    *,
    false_alarms_per_year: float,
) -> Mapping[str, int]:
    runs = [*earlier, latest]
    return compare_alike(baseline, runs, asks, scorers, false_alarms_per_year=false_alarms_per_year).wanted


def _target(url: str, model: str, api_key_file: Path | None) -> Target:
    from monitor.targets import open_target  # noqa: PLC0415 - brings httpx, which `tidegauge run` may do without

    return open_target(base_url=url, model=model, api_key_file=api_key_file)


def _judge(url: str | None, model: str | None, api_key_file: Path | None, budget: Budget) -> Judge | None:
    if url is None and model is None:
        return None
    if url is None or model is None:
        raise ConfigError("a judge needs both --judge-url and --judge-model")
    return Judge(Metered(_target(url, model, api_key_file), budget))


def _run(
    asks: Asks,
    chosen: Asks,
    repeats: Mapping[str, int],
    target: Target,
    scorers: Mapping[str, Scorer],
    judge: Judge | None,
    path: Path,
    concurrency: int,
    budget: Budget,
    ledger: Path | None,
    epoch: int | None,
    as_json: bool,
    look: Callable[[Run], Mapping[str, int]] | None = None,
) -> None:
    """`asks` are all of the packs by name, `chosen` those that are put."""
    scorers = dict(scorers) if judge is None else {**scorers, JUDGE: judge}
    header = header_of(
        asks,
        scorers,
        model=target.name,
        repeats=repeats,
        started=time.time(),
        epoch=epoch,
        anchored=put_anchors(scorers),
    )
    with Journal(path, header) as journal, progress(quiet=as_json) as bar:
        total = sum(len(some) * repeats[name] for name, some in chosen.items())
        task = bar.add_task("asking", total=total)
        prober = Prober(
            target=target,
            scorers=scorers,
            now=time.time,
            concurrency=concurrency,
            budget=budget,
            ledger=Ledger(ledger),
            on_progress=lambda n: bar.update(task, completed=n, total=max(total, n)),  # what is put again comes on top
        )
        run = put(prober, journal, asks, chosen, repeats, again=epoch is not None, path=path, look=look)
        asyncio.run(_closing(target, run))
    if judge is not None:
        judge.close()
    _print_run(path, as_json)


async def _closing(target: Target, run: Awaitable[None]) -> None:
    try:
        await run
    finally:
        await target.close()


def _print_run(path: Path, as_json: bool) -> None:
    observations = read(path).latest
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


@app.command("compare")
def show_comparison(
    baseline: Annotated[Path, typer.Argument(help="Journal of `probe baseline`.")],
    runs: Annotated[list[Path], typer.Argument(help="Journals of runs; those of the last four weeks count.")],
    pack: Annotated[
        list[str] | None,
        typer.Option(help="A pack of the baseline, once for each. Default: those shipped."),
    ] = None,
    reference: Annotated[
        list[Path] | None,
        typer.Option(help="Journal of the same run put to a live reference, once for each."),
    ] = None,
    reference_baseline: Annotated[
        Path | None,
        typer.Option(help="Journal of `probe baseline` put to that reference: then it may be another kind of model."),
    ] = None,
    refusal_encoder: RefusalEncoder = None,
    refusal_classifier: RefusalClassifier = None,
    refusal_label: RefusalLabel = None,
    refusal_revision: RefusalRevision = None,
    calibration: Annotated[
        Path | None, typer.Option(help="From `scorer evaluate --out`: shows rates without the scorer's errors too.")
    ] = None,
    false_alarms_per_year: FalseAlarms = FALSE_ALARMS_PER_YEAR,
    as_json: Json = False,
) -> None:
    """Compare runs with the baseline. Exit code 0 steady, 1 worse, 3 when nothing can be said."""
    before = read(baseline)
    packs = suites.load_packs(pack or [*before.header.suites], allow_adversarial=True)
    scorers = RefusalTier(refusal_encoder, refusal_classifier, refusal_label, refusal_revision).scorers()
    errors = None if calibration is None else read_calibration(calibration, scorers)
    done = compare_alike(
        before,
        [read(path) for path in runs],
        suites.all_asks(packs),
        scorers,
        references=[read(path) for path in reference or []],
        reference_baseline=None if reference_baseline is None else read(reference_baseline),
        false_alarms_per_year=false_alarms_per_year,
    )
    if as_json:
        rates = {c.category: corrected_rate(c, errors) for c in done.categories}
        said = {"state": done.state, "caveats": before.header.caveats, "corrected": rates}
        print(json.dumps(said | msgspec.to_builtins(done)))
    else:
        for caveat in before.header.caveats:
            out.print(f"imported baseline: {caveat}", markup=False)
        print_comparison(done, errors)
    raise typer.Exit({State.WORSE: 1, State.CHANGED: 1, State.STEADY: 0}.get(done.state, 3))


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
    opened = suites.load_packs(packs or [*suites.shipped()], allow_adversarial=True)
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
