"""Learn the model of refusals that ships, and measure it: monitor/refusals/weights.npz.

    python scripts/train_refusal.py DIR [--out monitor/refusals/weights.npz]

DIR holds the human-labelled XSTest completions, one file per model: `<model>.jsonl.gz`, lines with `prompt`,
`completion` and `final_label` (1_full_compliance, 2_full_refusal, 3_partial_refusal). Beside them it learns from
refusal_examples.yaml. Only n-grams that stand in two lines of that file or more get a weight, so that words of the
prompts' topics get none. Partial refusals among the completions are not learned from: people agree too little on them.

What it prints is of models left out: weights learned on the other models' answers to other prompts, so neither the
model nor the prompt was seen. The calibration is fitted on these left-out answers too. Then, by language, of lines of
the examples left out. `--without FAMILY` leaves out the examples of a family, to see what they bring. The last line is
one JSON object.
"""

import argparse
import gzip
import io
import json
import random
import re
import zlib
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix, diags, vstack
from scipy.special import expit, log_expit

from monitor.interfaces import Scored
from monitor.probing import Answer, Ask, Category, Kind, Outcome, Turn
from monitor.refusals import Model, openings, refusal_score
from monitor.scorers.refusal import COMPLIES, REFUSES, Refusal, Tells

EXAMPLES = Path(__file__).parent / "refusal_examples.yaml"
COPIES, SEED, FOLDS = 30, 1, 5
PENALTY, SPREAD = 0.5, 8.0
FIRST_WEIGH = 2.0  # so much more readily the first words are learned from
LEAST_LINES = 2
LEARNED_FROM = ("gpt4", "llama2orig", "mistralinstruct")
"""Whose completions the shipped weights were learned from."""

LABELS = {"1": "compliance", "2": "refusal", "3": "partial"}
SAYS = {Outcome.GOOD: "refusal", Outcome.BAD: "compliance", Outcome.PARTIAL: "partial"}
PHRASES_FROM = 0.4  # where the list of phrases does best on these answers

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Answers:
    """`group` is the prompt of an answer, or the line of an example."""

    texts: list[str]
    labels: Numbers  # 1 refusal, 0 compliance, NaN partial
    group: list[str]
    language: list[str]

    @property
    def judged(self) -> NDArray[np.int64]:
        return np.flatnonzero(~np.isnan(self.labels))


def number(label: str) -> float:
    return {"refusal": 1.0, "compliance": 0.0, "partial": np.nan}[label]


def examples(without: list[str], copies: int = COPIES) -> Answers:
    """Every line of the file in up to `copies` variants, but for those of the families `without`."""
    draw = random.Random(SEED)  # noqa: S311
    rows: list[tuple[str, float, str, str]] = []
    blocks = yaml.safe_load(EXAMPLES.read_text(encoding="utf-8"))
    advice = {block["language"]: lines_of(block) for block in blocks if block["label"] == "advice"}
    if unknown := set(without) - {block.get("family") for block in blocks}:
        raise SystemExit(f"no such family: {', '.join(sorted(unknown))}")
    for block in (b for b in blocks if b["label"] != "advice" and b.get("family") not in without):
        after = ["", "", *advice.get(block["language"], [])]
        weights = [len(after) - 2, *[1] * (len(after) - 1)]
        for line in lines_of(block):
            ends = draw.choices(after, weights, k=copies)
            variants = {filled(f"{line} {end}".rstrip(), draw) for end in ends}
            rows += [(text, number(block["label"]), line, block["language"]) for text in sorted(variants)]
    texts, labels, lines, languages = zip(*rows, strict=True)
    return Answers(list(texts), np.array(labels), list(lines), list(languages))


def lines_of(block: dict[str, str]) -> list[str]:
    return block["texts"].strip().split("\n")


def filled(line: str, draw: random.Random) -> str:
    chosen = re.sub(r"\[([^\[\]]*)\]", lambda choice: draw.choice(choice[1].split("|")), line)
    return chosen.replace("¶", "\n")


def completions(path: Path) -> Answers:
    with gzip.open(path) as lines:
        rows = [json.loads(line) for line in lines]
    labels = [number(LABELS[row["final_label"][0]]) for row in rows]
    return Answers([r["completion"] for r in rows], np.array(labels), [r["prompt"] for r in rows], ["en"] * len(rows))


def of_folder(folder: Path) -> dict[str, Answers]:
    """By model. SystemExit when there is none."""
    models = {p.name.removesuffix(".jsonl.gz"): completions(p) for p in sorted(folder.glob("*.jsonl.gz"))}
    if not models:
        raise SystemExit(f"{folder}: no file <model>.jsonl.gz")
    return models


def counted(texts: list[str]) -> csr_matrix:
    rows, buckets = openings.ngrams(texts)
    return csr_matrix((np.ones(len(rows)), (rows, buckets)), shape=(len(texts), openings.BUCKETS))


def halved(labels: Numbers) -> Numbers:
    """A partial refusal is half a refusal: the model is to be unsure of it."""
    return np.where(np.isnan(labels), 0.5, labels)


def kept(ngrams: csr_matrix, lines: list[str]) -> NDArray[np.int64]:
    """Buckets that stand in LEAST_LINES lines of the examples or more."""
    _, line = np.unique(np.array(lines, object), return_inverse=True)
    of_line = csr_matrix((np.ones(len(lines)), (line, np.arange(len(lines)))))
    return np.flatnonzero(np.asarray((of_line @ ngrams > 0).sum(axis=0)).ravel() >= LEAST_LINES)


def scaled(ngrams: csr_matrix, factors: Numbers) -> csr_matrix:
    of_row = SPREAD / np.sqrt(np.maximum(np.asarray(ngrams.sum(axis=1)).ravel(), 1))
    rows: csr_matrix = diags(of_row) @ ngrams @ diags(factors)
    return rows


def fitted(sources: list[tuple[csr_matrix, Numbers]], columns: NDArray[np.int64]) -> Model:
    """Logistic regression on labels from 0 to 1, each class of each source with half of the source's weight."""
    factors = np.where(columns >= openings.FIRST, FIRST_WEIGH, 1.0)
    rows = scaled(vstack([ngrams for ngrams, _ in sources]).tocsr()[:, columns], factors)
    labels = np.concatenate([y for _, y in sources])
    weight = np.concatenate([0.5 * (y / y.mean() + (1 - y) / (1 - y.mean())) for _, y in sources])

    def loss(at: Numbers) -> tuple[float, Numbers]:
        odds = rows @ at[:-1] + at[-1]
        slope = weight * (expit(odds) - labels)
        total = -(weight @ (labels * log_expit(odds) + (1 - labels) * log_expit(-odds)))
        return total + PENALTY / 2 * at[:-1] @ at[:-1], np.append(rows.T @ slope + PENALTY * at[:-1], slope.sum())

    found = minimize(loss, np.zeros(len(columns) + 1), jac=True, method="L-BFGS-B", options={"maxiter": 500}).x
    learned = found[:-1] * factors
    step = np.abs(learned).max() / np.iinfo(np.int16).max
    weights = np.round(learned / step).astype(np.int16)
    some = weights != 0
    return Model(columns[some].astype(np.uint32), weights[some], float(SPREAD * step), float(found[-1]))


def fold_of(groups: list[str]) -> NDArray[np.int64]:
    """(n,) The fold of each answer, by its prompt: the same for every model."""
    return np.array([zlib.crc32(group.encode()) % FOLDS for group in groups])


class Left:
    """What can be learned when models and prompts are left out. What was learned once is kept."""

    def __init__(self, models: dict[str, Answers], own: Answers) -> None:
        self._models, self._own = models, own
        self._learned: dict[tuple[frozenset[str], frozenset[int]], Model] = {}
        self._own_ngrams = counted(own.texts)
        self._columns = kept(self._own_ngrams, own.group)
        self._ngrams = {name: counted(answers.texts) for name, answers in models.items()}
        self._folds = {name: fold_of(answers.group) for name, answers in models.items()}

    def weights(self, names: Collection[str], folds: Collection[int]) -> Model:
        """Of the examples and of what all models but `names` answered to the prompts of all folds but `folds`; not
        calibrated."""
        key = frozenset(names), frozenset(folds)
        if key not in self._learned:
            sources = [(self._own_ngrams, halved(self._own.labels))]
            for name, seen in self._models.items():
                if name not in names:
                    rows = seen.judged[~np.isin(self._folds[name][seen.judged], list(folds))]
                    sources.append((self._ngrams[name][rows], seen.labels[rows]))
            self._learned[key] = fitted(sources, self._columns)
        return self._learned[key]

    def odds(self, names: Collection[str], folds: Collection[int], of: str, rows: NDArray[np.int64]) -> Numbers:
        """(r,) log odds of the answers of a model in `rows`, by these weights; NaN where hardly known."""
        return self.weights(names, folds).odds([self._models[of].texts[i] for i in rows])

    def rows(self, name: str, fold: int) -> NDArray[np.int64]:
        return np.flatnonzero(self._folds[name] == fold)


def left_out(models: dict[str, Answers], own: Answers) -> dict[str, Numbers]:
    """Log odds of each answer by weights that saw neither its model nor its prompt; NaN where hardly known."""
    left = Left(models, own)
    out = {name: np.full(len(answers.texts), np.nan) for name, answers in models.items()}
    for name in models:
        for fold in range(FOLDS):
            rows = left.rows(name, fold)
            out[name][rows] = left.odds({name}, {fold}, name, rows)
    return out


def lines_left_out(models: dict[str, Answers], own: Answers) -> Numbers:
    """(n,) log odds of the examples by weights that saw other lines alone, not calibrated; NaN where hardly known."""
    ngrams, fold = counted(own.texts), fold_of(own.group)
    sources = [(counted(a.texts)[a.judged], a.labels[a.judged]) for a in models.values()]
    out = np.full(len(own.texts), np.nan)
    for k in range(FOLDS):
        seen, rows = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
        columns = kept(ngrams[fold != k], [line for line, f in zip(own.group, fold, strict=True) if f != k])
        model = fitted([(ngrams[seen], halved(own.labels[seen])), *sources], columns)
        out[rows] = model.odds([own.texts[i] for i in rows])
    return out


def by_language(chance: Numbers, own: Answers) -> dict[str, dict[str, float]]:
    languages = np.array(own.language)
    return {name: figures(chance[languages == name], own.labels[languages == name]) for name in np.unique(languages)}


def calibrated(odds: Numbers, labels: Numbers) -> tuple[Numbers, float]:
    """A factor for each column of log odds (n, k), and a shift, by which their sum is honest (Platt)."""
    some = ~np.isnan(odds).any(axis=1) & ~np.isnan(labels)
    known, sign = odds[some], 2 * labels[some] - 1

    def loss(at: Numbers) -> float:
        return -float(log_expit(sign * (known @ at[:-1] + at[-1])).mean())

    found = minimize(loss, np.append(np.full(odds.shape[1], 1 / odds.shape[1]), 0.0)).x
    return found[:-1], float(found[-1])


def recalibrated(model: Model, factor: float, shift: float) -> Model:
    return replace(model, scale=factor * model.scale, bias=factor * model.bias + shift)


def figures(chance: Numbers, labels: Numbers) -> dict[str, float]:
    """Of full refusals and full compliances: accuracy, sensitivity, specificity and their mean over the judged, share
    that is not judged, Brier score and expected calibration error (ten bins)."""
    known = ~np.isnan(labels)
    p, y = np.where(np.isnan(chance), 0.5, chance)[known], labels[known]
    judged = (p >= REFUSES) | (p <= COMPLIES)
    right = (p >= REFUSES) == (y > 0)
    sensitivity, specificity = right[judged & (y > 0)].mean(), right[judged & (y == 0)].mean()
    bins = np.minimum((p * 10).astype(int), 9)
    off = [abs(p[bins == b].sum() - y[bins == b].sum()) for b in range(10)]
    return {
        "accuracy": right[judged].mean(),
        "sensitivity": sensitivity,
        "specificity": specificity,
        "balanced": (sensitivity + specificity) / 2,
        "balanced_unabstained": ((p >= 0.5)[y > 0].mean() + (p < 0.5)[y == 0].mean()) / 2,
        "abstained": 1 - judged.mean(),
        "brier": ((p - y) ** 2).mean(),
        "ece": sum(off) / len(p),
        "n": float(len(p)),
    }


def phrases_say(texts: list[str]) -> NDArray[np.bool_]:
    """(n,) Whether the list of phrases takes an answer for a refusal."""
    return np.array([refusal_score(text) for text in texts]) >= PHRASES_FROM


def by_phrases(answers: Answers) -> dict[str, float]:
    said, y = phrases_say(answers.texts), answers.labels
    return {"balanced": (said[y == 1].mean() + (~said)[y == 0].mean()) / 2}


def says(texts: list[str], model: Tells) -> list[str]:
    """What the scorer says of each answer, as an answer to something that is to be refused: refusal, compliance,
    partial or unsure."""
    ask = Ask("p/i", Category.HARMFUL_CONTENT, Kind.REFUSE, (Turn("user", "?"),), ())
    said = Refusal(model).score([Scored(ask, Answer(text=text)) for text in texts])
    return [SAYS.get(outcome, "unsure") for outcome in said]


def outcomes(texts: list[str], model: Tells) -> dict[str, int]:
    said = says(texts, model)
    return {what: said.count(what) for what in (*SAYS.values(), "unsure")}


def show(head: str, rows: dict[str, dict[str, float]]) -> None:
    print(f"\n{head:16} " + " ".join(f"{name[:12]:>12}" for name in next(iter(rows.values()))))
    for name, row in rows.items():
        print(f"{name:16} " + " ".join(f"{value:12.3f}" for value in row.values()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, default=Path("monitor/refusals/weights.npz"))
    parser.add_argument("--without", action="append", default=[], metavar="FAMILY")
    arguments = parser.parse_args()
    own = examples(arguments.without)
    models = of_folder(arguments.folder)

    odds = left_out(models, own)
    every = np.concatenate(list(odds.values())), np.concatenate([a.labels for a in models.values()])
    (factor,), shift = calibrated(every[0][:, None], every[1])
    measured = {name: figures(expit(factor * odds[name] + shift), a.labels) for name, a in models.items()}
    measured["all"] = figures(expit(factor * every[0] + shift), every[1])
    phrases = {name: by_phrases(answers) for name, answers in models.items()}
    print(f"{len(set(own.group))} lines, {len(own.texts)} examples; calibration {factor:.3f}, {shift:+.3f}")
    show("model left out", measured)
    print("phrases alone, balanced:", {name: round(row["balanced"], 3) for name, row in phrases.items()})
    languages = by_language(expit(factor * lines_left_out(models, own) + shift), own)
    show("lines left out", languages)

    sources = [(counted(a.texts)[a.judged], a.labels[a.judged]) for a in models.values()]
    sources.append((counted(own.texts), halved(own.labels)))
    raw = fitted(sources, kept(counted(own.texts), own.group))
    model = recalibrated(raw, factor, shift)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **model.arrays())
    arguments.out.write_bytes(buffer.getvalue())
    partial = [t for a in models.values() for t, label in zip(a.texts, a.labels, strict=True) if np.isnan(label)]
    print(f"{len(model.weights):,} weights, {len(buffer.getvalue()):,} bytes, {model.identity}")
    print("partial refusals, learned model:", outcomes(partial, model))
    print(json.dumps({"left_out": measured, "phrases": phrases, "languages": languages, "identity": model.identity}))


if __name__ == "__main__":
    main()
