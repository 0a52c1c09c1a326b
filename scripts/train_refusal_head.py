"""Learn the head on a sentence encoder that ships, and measure it: monitor/refusals/head.npz.

    python -m scripts.train_refusal_head DIR ENCODER [--out monitor/refusals/head.npz]

DIR is that of train_refusal.py, whose weights must have been learned before. ENCODER is a folder of
sentence-transformers/all-MiniLM-L6-v2, or its id. What it learns from are the mean vectors of the first sentences of
these completions and of the English examples of refusal_examples.yaml; the others teach it what is not English, since
the encoder understands little of that. A model without torch stands beside the head: how much each of them counts is
learned from answers whose model and prompt neither had seen.

What it prints is of models left out, in the same way; `python -m benchmarks.refusal` is stricter, for there these
answers have no say in how much each counts either. The last line is one JSON object.
"""

import argparse
import io
import json
from collections.abc import Collection
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit, log_expit

from monitor.networks import Choice, Encoder, Precision
from monitor.refusals import Head
from monitor.refusals.head import MARKS
from monitor.refusals.meaning import Encodes
from monitor.refusals.sentences import mean_vectors
from scripts.train_refusal import (
    FOLDS,
    Answers,
    Left,
    Numbers,
    by_language,
    calibrated,
    examples,
    figures,
    fold_of,
    halved,
    lines_left_out,
    of_folder,
    show,
)

COPIES = 6  # of each line: a vector hardly moves with a word
PENALTY = 2.0
OF_EXAMPLES, OF_MODEL = 1_000.0, 400.0  # so many answers do the examples count as, and those of each model

Vectors = NDArray[np.float32]


class LeftHead:
    """Heads that are learned when models and prompts are left out, beside `base`."""

    def __init__(self, base: Left, models: dict[str, Answers], own: Answers, encoder: Encodes) -> None:
        self._base, self._models, self._own = base, models, own
        self._own_vectors = mean_vectors(encoder.encode, own.texts)
        self._own_is_english = np.array([language == "en" for language in own.language])
        self._vectors = {name: mean_vectors(encoder.encode, answers.texts) for name, answers in models.items()}
        self._folds = {name: fold_of(answers.group) for name, answers in models.items()}
        self._learned: dict[tuple[frozenset[str], frozenset[int]], tuple[Numbers, float]] = {}

    def learned(self, names: Collection[str], folds: Collection[int]) -> tuple[Numbers, float]:
        """Weights (d,) and bias by the examples and by what all models but `names` answered to the prompts of all folds
        but `folds`; not calibrated."""
        key = frozenset(names), frozenset(folds)
        if key not in self._learned:
            sources = [self._english_examples(np.ones(len(self._own.texts), np.bool_))]
            for name, seen in self._models.items():
                if name not in names:
                    rows = seen.judged[~np.isin(self._folds[name][seen.judged], list(folds))]
                    sources.append((self._vectors[name][rows], seen.labels[rows], OF_MODEL))
            self._learned[key] = fitted(sources)
        return self._learned[key]

    def odds(self, names: Collection[str], folds: Collection[int], of: str, rows: NDArray[np.int64]) -> Numbers:
        """(r, 2) log odds of the answers of a model in `rows`: without torch, and by the head."""
        weights, bias = self.learned(names, folds)
        return np.stack([self._base.odds(names, folds, of, rows), self._vectors[of][rows] @ weights + bias], axis=1)

    def english(self) -> tuple[Numbers, float]:
        """Weights (d,) and bias by which a vector is told to be of English, by the examples alone."""
        return fitted([(self._own_vectors, self._own_is_english.astype(np.float64), OF_EXAMPLES)])

    def is_english(self, of: str) -> NDArray[np.bool_]:
        """(n,) Which of a model's answers are told to be."""
        weights, bias = self.english()
        return np.asarray(self._vectors[of] @ weights + bias > 0)

    def lines_left_out(self) -> tuple[Numbers, NDArray[np.bool_]]:
        """(n, 2) log odds of the examples by what saw other lines alone, and (n,) whether such takes them for
        English."""
        fold, is_english = fold_of(self._own.group), self._own_is_english.astype(np.float64)
        models = [(self._vectors[name][a.judged], a.labels[a.judged], OF_MODEL) for name, a in self._models.items()]
        odds, where = np.full(len(fold), np.nan), np.full(len(fold), np.nan)
        for k in range(FOLDS):
            seen, rows = fold != k, fold == k
            weights, bias = fitted([self._english_examples(seen), *models])
            odds[rows] = self._own_vectors[rows] @ weights + bias
            weights, bias = fitted([(self._own_vectors[seen], is_english[seen], OF_EXAMPLES)])
            where[rows] = self._own_vectors[rows] @ weights + bias
        return np.stack([lines_left_out(self._models, self._own), odds], axis=1), where > 0

    def _english_examples(self, some: NDArray[np.bool_]) -> tuple[Vectors, Numbers, float]:
        rows = some & self._own_is_english
        return self._own_vectors[rows], halved(self._own.labels)[rows], OF_EXAMPLES


def fitted(sources: list[tuple[Vectors, Numbers, float]]) -> tuple[Numbers, float]:
    """Logistic regression on labels from 0 to 1; of each source its weight, each class with half of it."""
    known = [~np.isnan(vectors[:, 0]) for vectors, _, _ in sources]
    rows = np.concatenate([vectors[some] for (vectors, _, _), some in zip(sources, known, strict=True)])
    labels = np.concatenate([y[some] for (_, y, _), some in zip(sources, known, strict=True)])
    weight = np.concatenate([balanced(y[some], total) for (_, y, total), some in zip(sources, known, strict=True)])

    def loss(at: Numbers) -> tuple[float, Numbers]:
        odds = (rows @ at[:-1].astype(np.float32)).astype(np.float64) + at[-1]
        slope = weight * (expit(odds) - labels)
        total = -(weight @ (labels * log_expit(odds) + (1 - labels) * log_expit(-odds)))
        by_weight = (rows.T @ slope.astype(np.float32)).astype(np.float64) + PENALTY * at[:-1]
        return total + PENALTY / 2 * at[:-1] @ at[:-1], np.append(by_weight, slope.sum())

    start = np.zeros(rows.shape[1] + 1)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 300}).x
    return found[:-1], float(found[-1])


def balanced(labels: Numbers, total: float) -> Numbers:
    weight = labels / labels.mean() + (1 - labels) / (1 - labels.mean())
    return np.asarray(weight * total / weight.sum())


def left_out(models: dict[str, Answers], left: LeftHead) -> dict[str, Numbers]:
    """(n, 2) log odds of each answer, by what saw neither its model nor its prompt."""
    out = {name: np.empty((len(answers.texts), 2)) for name, answers in models.items()}
    for name, answers in models.items():
        folds = fold_of(answers.group)
        for fold in range(FOLDS):
            rows = np.flatnonzero(folds == fold)
            out[name][rows] = left.odds({name}, {fold}, name, rows)
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("encoder")
    parser.add_argument("--out", type=Path, default=Path("monitor/refusals/head.npz"))
    arguments = parser.parse_args()
    own, models = examples([], COPIES), of_folder(arguments.folder)
    encoder = Encoder(Choice(arguments.encoder, device="cpu", precision=Precision.FLOAT32), cached=0)
    left = LeftHead(Left(models, examples([])), models, own, encoder)

    odds = left_out(models, left)
    every = np.concatenate(list(odds.values())), np.concatenate([a.labels for a in models.values()])
    (by_base, by_head), shift = calibrated(*every)

    def chance(of: Numbers) -> Numbers:
        return np.asarray(expit(of @ [by_base, by_head] + shift))

    measured = {name: figures(chance(odds[name]), a.labels) for name, a in models.items()}
    measured["all"] = figures(chance(every[0]), every[1])
    print(f"{len(own.texts)} examples; {by_base:.3f} x base {by_head:+.3f} x head {shift:+.3f}")
    show("model left out", measured)
    # `by_base` counts log odds that are not calibrated; those of the weights that ship are, by the same answers.
    (factor,), by = calibrated(every[0][:, :1], every[1])
    lines, is_english = left.lines_left_out()
    without = expit(factor * lines[:, 0] + by)
    languages = by_language(np.where(is_english, chance(lines), without), own)
    show("lines left out", languages)
    show("without torch", by_language(without, own))

    (weights, bias), (english, english_bias) = left.learned((), ()), left.english()
    head = Head(
        (by_head * weights).astype(np.float16).astype(np.float32),
        english=english.astype(np.float16).astype(np.float32),
        english_bias=english_bias,
        factor=float(by_base / factor),
        bias=float(by_head * bias + shift - by_base * by / factor),
        marks=encoder.encode(MARKS).astype(np.float16).astype(np.float32),
    )
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **head.arrays())
    arguments.out.write_bytes(buffer.getvalue())
    print(f"{len(head.weights)} weights, {len(buffer.getvalue()):,} bytes, {head.identity}")
    print(json.dumps({"left_out": measured, "languages": languages, "identity": head.identity}))


if __name__ == "__main__":
    main()
