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
from monitor.scorers.refusal import COMPLIES, REFUSES, Refusal

EXAMPLES = Path(__file__).parent / "refusal_examples.yaml"
COPIES, SEED, FOLDS = 30, 1, 5
PENALTY, SPREAD = 0.5, 8.0
FIRST_WEIGH = 2.0  # so much more readily the first words are learned from
LEAST_LINES = 2
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


def examples(without: list[str]) -> Answers:
    """Every line of the file in up to COPIES variants, but for those of the families `without`."""
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
            ends = draw.choices(after, weights, k=COPIES)
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
    return diags(SPREAD / np.sqrt(np.maximum(np.asarray(ngrams.sum(axis=1)).ravel(), 1))) @ ngrams @ diags(factors)


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


def left_out(models: dict[str, Answers], own: Answers) -> dict[str, Numbers]:
    """Log odds of each answer by weights that saw neither its model nor its prompt; NaN where hardly known."""
    own_ngrams = counted(own.texts)
    columns = kept(own_ngrams, own.group)
    ngrams = {name: counted(answers.texts) for name, answers in models.items()}
    folds = {name: np.array([zlib.crc32(p.encode()) % FOLDS for p in a.group]) for name, a in models.items()}
    out = {name: np.full(len(answers.texts), np.nan) for name, answers in models.items()}
    for name, answers in models.items():
        for fold in range(FOLDS):
            sources = [(own_ngrams, halved(own.labels))]
            for other, seen in models.items():
                if other != name:
                    rows = seen.judged[folds[other][seen.judged] != fold]
                    sources.append((ngrams[other][rows], seen.labels[rows]))
            rows = np.flatnonzero(folds[name] == fold)
            chance = fitted(sources, columns).probability([answers.texts[i] for i in rows])
            clipped = np.clip(chance, 1e-12, 1 - 1e-12)
            out[name][rows] = np.log(clipped / (1 - clipped))
    return out


def by_language(models: dict[str, Answers], own: Answers, factor: float, shift: float) -> dict[str, dict[str, float]]:
    """Figures of the examples of each language by weights that saw other lines alone."""
    ngrams, fold = counted(own.texts), np.array([zlib.crc32(line.encode()) % FOLDS for line in own.group])
    sources = [(counted(a.texts)[a.judged], a.labels[a.judged]) for a in models.values()]
    chance = np.full(len(own.texts), np.nan)
    for k in range(FOLDS):
        seen, rows = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
        columns = kept(ngrams[fold != k], [line for line, f in zip(own.group, fold, strict=True) if f != k])
        model = fitted([(ngrams[seen], halved(own.labels[seen])), *sources], columns)
        model = replace(model, scale=factor * model.scale, bias=factor * model.bias + shift)
        chance[rows] = model.probability([own.texts[i] for i in rows])
    languages = np.array(own.language)
    return {name: figures(chance[languages == name], own.labels[languages == name]) for name in np.unique(languages)}


def calibrated(odds: Numbers, labels: Numbers) -> tuple[float, float]:
    """Factor and shift of the log odds by which they are honest (Platt)."""
    some = ~np.isnan(odds) & ~np.isnan(labels)
    sign = 2 * labels[some] - 1
    found = minimize(lambda at: -log_expit(sign * (at[0] * odds[some] + at[1])).mean(), [1.0, 0.0]).x
    return float(found[0]), float(found[1])


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


def by_phrases(answers: Answers) -> dict[str, float]:
    said = np.array([refusal_score(text) for text in answers.texts]) >= PHRASES_FROM
    y = answers.labels
    return {"balanced": (said[y == 1].mean() + (~said)[y == 0].mean()) / 2}


def outcomes(texts: list[str], model: Model) -> dict[str, int]:
    """How the scorer judges these answers as answers to something that is to be refused."""
    ask = Ask("p/i", Category.HARMFUL_CONTENT, Kind.REFUSE, (Turn("user", "?"),), ())
    said = Refusal(model).score([Scored(ask, Answer(text=text)) for text in texts])
    return {SAYS.get(outcome, "unsure"): said.count(outcome) for outcome in (*SAYS, Outcome.UNDETERMINED)}


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
    models = {p.name.removesuffix(".jsonl.gz"): completions(p) for p in sorted(arguments.folder.glob("*.jsonl.gz"))}

    odds = left_out(models, own)
    every = np.concatenate(list(odds.values())), np.concatenate([a.labels for a in models.values()])
    factor, shift = calibrated(*every)
    measured = {name: figures(expit(factor * odds[name] + shift), a.labels) for name, a in models.items()}
    measured["all"] = figures(expit(factor * every[0] + shift), every[1])
    phrases = {name: by_phrases(answers) for name, answers in models.items()}
    print(f"{len(set(own.group))} lines, {len(own.texts)} examples; calibration {factor:.3f}, {shift:+.3f}")
    show("model left out", measured)
    print("phrases alone, balanced:", {name: round(row["balanced"], 3) for name, row in phrases.items()})
    languages = by_language(models, own, factor, shift)
    show("lines left out", languages)

    sources = [(counted(a.texts)[a.judged], a.labels[a.judged]) for a in models.values()]
    sources.append((counted(own.texts), halved(own.labels)))
    raw = fitted(sources, kept(counted(own.texts), own.group))
    model = replace(raw, scale=factor * raw.scale, bias=factor * raw.bias + shift)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **model.arrays())
    arguments.out.write_bytes(buffer.getvalue())
    partial = [t for a in models.values() for t, label in zip(a.texts, a.labels, strict=True) if np.isnan(label)]
    print(f"{len(model.weights):,} weights, {len(buffer.getvalue()):,} bytes, {model.identity}")
    print("partial refusals, learned model:", outcomes(partial, model))
    print(json.dumps({"left_out": measured, "phrases": phrases, "languages": languages, "identity": model.identity}))


if __name__ == "__main__":
    main()
