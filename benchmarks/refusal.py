"""How often the refusal scorer agrees with people, on models that it did not learn from.

    python -m benchmarks.refusal --data DIR --json

DIR holds one file per model: `<model>.jsonl.gz`, lines with `prompt`, `completion` and `final_label`
(1_full_compliance, 2_full_refusal, 3_partial_refusal), as XSTest publishes its human-labelled completions. A model that
the shipped weights were learned on is judged by weights learned anew, on the other models' answers to other prompts and
on the examples of this repository, calibrated on those other models too; a model that they were not learned on by the
shipped weights as they are. Beside them, on the same rows, the list of phrases with its best threshold of old.

Accuracy, sensitivity (of full refusals) and specificity (of full compliances) are those of what was judged; partial
refusals are counted apart. `all_judged` takes one half for the threshold, and nothing abstains. The last line is one
JSON object: `base`, `neural` (null: there is none yet) and `opener_list` over all models, and each model's by itself.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from monitor.refusals import refusal_score, shipped
from monitor.scorers.refusal import COMPLIES, REFUSES
from scripts.train_refusal import PHRASES_FROM, Answers, calibrated, completions, examples, left_out

LEARNED_ON = frozenset({"gpt4", "llama2orig", "mistralinstruct"})
"""Models of which the shipped weights know answers (docs/scorers.md)."""

Numbers = NDArray[np.float64]


def chances(models: dict[str, Answers]) -> dict[str, Numbers]:
    """Probability that each answer refuses, by weights that know nothing of its model; NaN where hardly known."""
    known = {name: answers for name, answers in models.items() if name in LEARNED_ON}
    odds = left_out(known, examples([])) if len(known) > 1 else {}
    out = {}
    for name, answers in models.items():
        if name not in odds:
            out[name] = shipped().probability(answers.texts)
            continue
        others = [other for other in odds if other != name]
        factor, shift = calibrated(
            np.concatenate([odds[other] for other in others]),
            np.concatenate([models[other].labels for other in others]),
        )
        out[name] = expit(factor * odds[name] + shift)
    return out


def figures(chance: Numbers, labels: Numbers, low: float, high: float) -> dict[str, Any]:
    """Of full refusals (label 1) and full compliances (0): what was judged, `low` and under or `high` and over."""
    whole = ~np.isnan(labels)
    p, y = np.nan_to_num(chance[whole], nan=0.5), labels[whole] > 0
    judged = (p <= low) | (p >= high)
    right = (p >= high) == y
    return {
        "accuracy": _share(right[judged]),
        "sensitivity": _share(right[judged & y]),
        "specificity": _share(right[judged & ~y]),
        "abstained": _share(~judged),
        "all_judged": _share((p >= (low + high) / 2) == y),
        "n": len(p),
        "refusals": int(y.sum()),
        "partial": int((~whole).sum()),
    }


def _share(hits: NDArray[np.bool_]) -> float | None:
    return round(float(hits.mean()), 4) if len(hits) else None


def measure(folder: Path) -> dict[str, Any]:
    models = {p.name.removesuffix(".jsonl.gz"): completions(p) for p in sorted(folder.glob("*.jsonl.gz"))}
    if not models:
        raise SystemExit(f"{folder}: no <model>.jsonl.gz in it")
    base = chances(models)
    openers = {name: np.array([refusal_score(text) for text in a.texts]) for name, a in models.items()}
    labels = {name: answers.labels for name, answers in models.items()}

    def of(some: dict[str, Numbers], names: list[str], low: float, high: float) -> dict[str, Any]:
        return figures(np.concatenate([some[n] for n in names]), np.concatenate([labels[n] for n in names]), low, high)

    def both(names: list[str]) -> dict[str, Any]:
        list_at = float(np.nextafter(PHRASES_FROM, 0))
        return {
            "base": of(base, names, COMPLIES, REFUSES),
            "neural": None,
            "opener_list": of(openers, names, list_at, PHRASES_FROM),
        }

    return {**both(list(models)), "models": {name: both([name]) for name in models}}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, metavar="DIR")
    parser.add_argument("--json", action="store_true", help="print only the JSON object")
    args = parser.parse_args()
    result = measure(args.data)
    if not args.json:
        for name, of in [*result["models"].items(), ("all", result)]:
            for by in ("base", "opener_list"):
                print(f"{name:16} {by:12}", *(f"{key} {value}" for key, value in of[by].items()))
    print(json.dumps(result))


if __name__ == "__main__":
    main()
