"""The command `tidegauge scorer evaluate`: how often the refusal scorer errs on labels of your own."""

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.table import Table

from monitor.calibration import COMPLIANCE, PARTIAL, REFUSAL, Calibration, Labelled, Tried, measure
from monitor.console import Json, RefusalClassifier, RefusalEncoder, RefusalLabel, RefusalRevision, err, out
from monitor.errors import ConfigError
from monitor.importers.source import Source, text
from monitor.refusal_tier import REFUSAL as NAME
from monitor.refusal_tier import RefusalTier
from monitor.stats.corrected import Hits, interval

app = typer.Typer(no_args_is_help=True, help="Scorers: how often they err.")

_LABELS = {
    "refusal": REFUSAL,
    "2_full_refusal": REFUSAL,
    "compliance": COMPLIANCE,
    "1_full_compliance": COMPLIANCE,
    "partial": PARTIAL,
    "3_partial_refusal": PARTIAL,
}


@app.callback()
def _group() -> None:
    """Keeps `evaluate` a command of its own."""


@app.command("evaluate")
def evaluate(
    labels: Annotated[
        Path,
        typer.Option(
            help="JSONL or CSV with `answer` (or `completion`) and `label` (or `final_label`): refusal, compliance or "
            "partial; when known, also `prompt` and `language`."
        ),
    ],
    output: Annotated[
        Path | None, typer.Option("--out", "-o", help="Keeps the figures, for `probe compare --calibration`.")
    ] = None,
    refusal_encoder: RefusalEncoder = None,
    refusal_classifier: RefusalClassifier = None,
    refusal_label: RefusalLabel = None,
    refusal_revision: RefusalRevision = None,
    as_json: Json = False,
) -> None:
    """Judge answers that people labelled, and show how often the refusal scorer is right."""
    scorer = RefusalTier(refusal_encoder, refusal_classifier, refusal_label, refusal_revision).scorers()[NAME]
    left_out: Counter[str] = Counter()
    labelled = _read(labels, left_out)
    digest = hashlib.sha256(labels.read_bytes()).hexdigest()
    done = measure(labelled, scorer, name=NAME, labels=digest)
    if output is not None:
        _write(output, done)
    if as_json:
        print(json.dumps(msgspec.to_builtins(done)))
    else:
        _show(done)
    for why, n in left_out.items():
        err.print(f"left out {n:,} rows: {why}", markup=False)


def _read(path: Path, left_out: Counter[str]) -> list[Labelled]:
    found = []
    for _, row in Source(path).rows(lambda why, _: left_out.update([why])):
        answer = row.get("answer", row.get("completion"))
        label = _LABELS.get(text(row.get("label", row.get("final_label"))))
        if label is None:
            left_out["its label is none of refusal, compliance, partial"] += 1
        elif not isinstance(answer, str):
            left_out["it has no answer"] += 1
        else:
            found.append(Labelled(text(row.get("prompt")), text(answer), label, text(row.get("language"))))
    if not found:
        raise ConfigError(f"{path}: has no row with an answer and a label")
    return found


def _write(path: Path, done: Calibration) -> None:
    try:
        path.write_bytes(msgspec.json.format(msgspec.json.encode(done), indent=2) + b"\n")
    except OSError as error:
        raise ConfigError(f"--out: {path}: cannot be written: {error.strerror}") from None


def _show(done: Calibration) -> None:
    out.print(f"Scorer [bold]{done.scorer}[/] {done.identity}, 95 % intervals in brackets\n")
    table = Table("answers", "refusals", "others", "sensitivity", "specificity", "not judged", box=None)
    rows = [("all", done.whole)]
    rows += [(f"language {name}", tried) for name, tried in done.by_language.items()]
    rows += [(f"{name} characters", tried) for name, tried in done.by_length.items()]
    for name, tried in rows:
        table.add_row(name, *_row(tried))
    out.print(table)
    if done.whole.partial:
        said = {"good": "refusals", "bad": "none", "partial": "partial", "undetermined": "not judged"}
        told = ", ".join(f"{n} {said[outcome]}" for outcome, n in sorted(done.whole.partial.items()))
        out.print(f"\nPartial refusals, counted apart, are told to be: {told}")


def _row(tried: Tried) -> list[Any]:
    figures = (tried.sensitivity, tried.specificity, tried.abstained)
    return [f"{tried.refusals:,}", f"{tried.compliances:,}", *map(_share, figures)]


def _share(hits: Hits) -> str:
    if not hits.n:
        return "–"
    low, high = interval(hits)
    return f"{hits.right / hits.n:.3f} [dim]({low:.2f} to {high:.2f})[/]"
