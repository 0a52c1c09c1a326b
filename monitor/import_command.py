"""The command `tidegauge probe import`: a file of another tool as a suite, and its answers as a baseline."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from msgspec.structs import replace
from rich.table import Table

from monitor import importers, suites
from monitor.console import Json, err, out
from monitor.errors import ConfigError
from monitor.importers import Imported
from monitor.importers.source import shown
from monitor.interfaces import Scored, Scorer
from monitor.journal import Header, Journal
from monitor.prober.judging import judged
from monitor.probing import Observation, Outcome
from monitor.scorers import standard

_BATCH = 4_096
_GOOD_OR_NOT = {Outcome.GOOD: True, Outcome.BAD: False, Outcome.PARTIAL: False}


def import_file(
    file: Annotated[Path, typer.Argument(help="What another tool wrote.")],
    suite: Annotated[Path, typer.Option("--out", "-o", help="New file for the suite; ends in .asks.jsonl.")],
    baseline: Annotated[
        Path | None, typer.Option("--observations", help="New journal for its answers, which `compare` reads.")
    ] = None,
    form: Annotated[str | None, typer.Option("--as", help="Its format; default: by its content.")] = None,
    model: Annotated[str | None, typer.Option(help="Whose answers, where there are several models.")] = None,
    as_json: Json = False,
) -> None:
    """Take a suite, and answers to it, from another tool: garak, promptfoo, Inspect, lm-eval or a set of prompts."""
    done = importers.load(file, form)
    for path in (suite, baseline):
        if path is not None and path.exists():
            raise ConfigError(f"{path}: exists already: choose another name")
    title = f"{shown(file.name)}, SHA-256 {_sha256(file)}"
    suite_hash = suites.suite_hash(done.asks)
    scorers = standard()
    observations = [] if baseline is None else _scored_again(done, _of_model(done, model, file), scorers)
    suites.write_compiled(suite, suites.Compiled(done.suite_name, done.asks, done.adversarial, title), suite_hash)
    if baseline is not None:
        header = Header(
            suites={done.suite_name: suite_hash},
            scorers={name: scorer.identity for name, scorer in scorers.items()},
            model=observations[0].answer.model or "",
            repeats={done.suite_name: 1 + max(o.repeat for o in observations)},
            started=min(o.time for o in observations),
            caveats=done.caveats,
        )
        with Journal(baseline, header) as journal:
            for batch in _batches(observations):
                journal.add(batch)
    _show(done, observations, as_json=as_json)


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None


def _of_model(done: Imported, model: str | None, file: Path) -> list[Observation]:
    """The answers of one model: a baseline of two would be nobody's."""
    models = sorted({o.answer.model or "" for o in done.observations})
    if not models:
        why = f" ({'; '.join(done.notes)})" if done.notes else ""
        raise ConfigError(f"{file}: has no answer that can stand in a baseline{why}; leave --observations out")
    if model is None and len(models) > 1:
        raise ConfigError(f"{file}: answers of several models: {shown(', '.join(models))}; choose one with --model")
    if model is not None and model not in models:
        raise ConfigError(f"{file}: no answers of {shown(model)}; there are those of {shown(', '.join(models))}")
    return [o for o in done.observations if model is None or o.answer.model == model]


def _scored_again(done: Imported, observations: Sequence[Observation], scorers: dict[str, Scorer]) -> list[Observation]:
    """Judged as runs are, so that both sides of a comparison have the same judge; the foreign verdict is kept."""
    asks = {ask.hash: ask for ask in done.asks}
    return [
        replace(o, outcome=outcome, scorer=scorer, imported=o.outcome if o.scorer else None)
        for batch in _batches(observations)
        for o, (outcome, scorer) in zip(
            batch, judged([Scored(asks[o.ask], o.answer) for o in batch], scorers), strict=True
        )
    ]


def _batches(observations: Sequence[Observation]) -> Iterator[list[Observation]]:
    rest = iter(observations)
    while batch := list(islice(rest, _BATCH)):
        yield batch


def _agreement(observations: Sequence[Observation]) -> tuple[int, int]:
    """Of how many answers both judges said whether they are good, and how often they said the same."""
    both = [
        (_GOOD_OR_NOT[o.outcome], _GOOD_OR_NOT[o.imported])
        for o in observations
        if o.outcome in _GOOD_OR_NOT and o.imported in _GOOD_OR_NOT
    ]
    return len(both), sum(ours == theirs for ours, theirs in both)


def _show(done: Imported, observations: Sequence[Observation], *, as_json: bool) -> None:
    both, same = _agreement(observations)
    counted = Counter((str(ask.category), str(ask.kind)) for ask in done.asks)
    if as_json:
        said: dict[str, Any] = {
            "suite": done.suite_name,
            "asks": len(done.asks),
            "observations": len(observations),
            "adversarial": done.adversarial,
            "agreement": {"both": both, "same": same},
            "notes": done.notes,
            "caveats": done.caveats,
        }
        print(json.dumps(said))
        return
    table = Table("category", "kind", "asks", box=None)
    for (category, kind), n in sorted(counted.items()):
        table.add_row(category, kind, f"{n:,}")
    out.print(table)
    if observations:
        out.print(f"{len(observations):,} answers; of {both:,} that both judged, both say the same of {same:,}")
        for caveat in done.caveats:
            out.print(f"caveat: {caveat}", markup=False)
    for note in done.notes:
        err.print(f"left out: {note}", markup=False)
    if done.adversarial:
        err.print("its prompts are attacks: `baseline` and `run` put them with --allow-adversarial alone")
