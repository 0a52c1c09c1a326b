"""Signals given inputs: what a prompt lets one expect of its answer, learned on the baseline, fold by fold.

The rows of the baseline are dealt into folds by a hash of their ids. The model of a fold is learned on the other
folds; the fold's own rows, and the live exchanges whose ids fall into it, are then treated alike by a model that has
seen neither. Hence, given the model, the residuals of a fold's baseline rows and of its live exchanges are
exchangeable while behaviour is unchanged, at any size of the baseline, and their conformal ranks are exact.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from monitor.interfaces import Matrix, Strata
from monitor.stats.blocks import rowwise_product
from monitor.stats.means import column_means
from monitor.stats.ridge import ridge
from monitor.stats.topics import Topics

ROWS_PER_BAG = 40
"""Aim for a bag (fold x stratum) of at least this many baseline rows: below it early ranks say little."""

MAX_STRATA = 5
_CLIP = 4.0
_SPREADS = (0.25, 4.0)


@dataclass(frozen=True, slots=True)
class Conditioned:
    """A batch seen through the model. `residuals` (n, k) with their `strata` (n, k); `topic` (n,) for people; `novelty`
    (n, 2): of the prompt's words, of its shape, with `novelty_strata` (n, 2); `supported` (n,) False where the
    baseline never saw the like."""

    residuals: Matrix
    strata: Strata
    topic: NDArray[np.int32]
    novelty: Matrix
    novelty_strata: Strata
    supported: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Fold:
    """The model of one fold. Shapes: p inputs, d n-grams, r directions, j topics, k signals, s strata."""

    centre: NDArray[np.float64]  # (p,)
    scale: NDArray[np.float64]  # (p,)
    idf: NDArray[np.float64]  # (d,)
    basis: NDArray[np.float64]  # (d, r)
    centroids: NDArray[np.float64]  # (d, j)
    weights: NDArray[np.float64]  # (1 + p + r + j, 2 k): of each signal, and of its distance from what is expected
    typical: NDArray[np.float64]  # (k,) mean of that distance; 1 where a signal is constant
    cuts: NDArray[np.float64]  # (s - 1, k)
    reach: NDArray[np.float64]  # (2,) novelty that no more than a trace of the fold's own rows exceeds

    @property
    def topics(self) -> Topics:
        return Topics(self.idf, self.basis, self.centroids)

    def shape(self, inputs: Matrix) -> Matrix:
        """(n, p) standardised inputs; one that does not apply is as expected, 0."""
        return _standardised(inputs, self.centre, self.scale)

    def expect(self, shape: Matrix, places: Matrix, topic: NDArray[np.int32]) -> tuple[Matrix, Matrix]:
        """(n, k) what the prompt lets one expect of each signal, and (n, k) how far from it one may expect to be, in
        units of what is typical: rates of short answers spread wider than those of long ones."""
        known = _design(shape, places, topic, self.centroids.shape[1])
        both = rowwise_product(np.hstack([np.ones((len(known), 1)), known]), self.weights)
        k = len(self.typical)
        return both[:, :k], np.clip(both[:, k:] / self.typical, *_SPREADS)


@dataclass(frozen=True, slots=True)
class Conditional:
    """All folds, and the topics that people see, which are learned on the whole baseline."""

    folds: tuple[Fold, ...]
    topics: Topics
    grain: NDArray[np.float64]
    """(k,) residuals are rounded to whole multiples: what is constant but for the last bits of a sum is constant."""

    @property
    def strata_per_fold(self) -> int:
        return len(self.folds[0].cuts) + 1

    @property
    def groups(self) -> int:
        """Number of strata of the residuals over all folds."""
        return len(self.folds) * self.strata_per_fold

    @property
    def novelty_groups(self) -> int:
        return sum(fold.centroids.shape[1] for fold in self.folds)

    @staticmethod
    def fit(ids: Sequence[str], inputs: Matrix, ngrams: Matrix, signals: Matrix, *, seed: int) -> "Conditional":
        """Learns from a baseline of n rows: (n, p) inputs, (n, d) n-grams, (n, k) signals. Seconds at 10,000 rows."""
        n = len(ids)
        fold_count = 2 if n < 2_000 else 4
        strata = int(np.clip(n // fold_count // ROWS_PER_BAG, 1, MAX_STRATA))
        dealt = deal(ids, fold_count)
        folds = tuple(
            _fit_fold(inputs, ngrams, signals, dealt == f, strata=strata, seed=seed + f) for f in range(fold_count)
        )
        spread = np.sqrt(column_means((signals - column_means(signals, none=0.0)) ** 2, none=0.0))
        grain = np.maximum(1e-6 * spread, 1e-9)
        return Conditional(folds, Topics.fit(ngrams, _topic_count(n), _rank(n), seed=seed), grain)

    def apply(self, ids: Sequence[str], inputs: Matrix, ngrams: Matrix, signals: Matrix) -> Conditioned:
        """Sees a batch through the model of each exchange's fold. The result of a row is its own, bit for bit."""
        n, k = signals.shape
        residuals, strata = np.empty((n, k)), np.empty((n, k), np.int32)
        novelty, novelty_strata = np.empty((n, 2)), np.zeros((n, 2), np.int32)
        supported = np.empty(n, bool)
        dealt, first_topic = deal(ids, len(self.folds)), 0
        for f, fold in enumerate(self.folds):
            rows = np.flatnonzero(dealt == f)
            shape = fold.shape(inputs[rows])
            places, topic, words = fold.topics.place(ngrams[rows])
            expected, spread = fold.expect(shape, places, topic)
            residuals[rows] = np.rint((signals[rows] - expected) / self.grain) * self.grain / spread
            strata[rows] = f * self.strata_per_fold + (expected[:, None, :] >= fold.cuts).sum(axis=1)
            novelty[rows] = np.column_stack([words, np.abs(shape).max(axis=1, initial=0.0)])
            novelty_strata[rows] = (first_topic + topic)[:, None]
            supported[rows] = (novelty[rows] <= fold.reach).all(axis=1)
            first_topic += fold.centroids.shape[1]
        return Conditioned(residuals, strata, self.topics.place(ngrams)[1], novelty, novelty_strata, supported)

    def arrays(self) -> dict[str, NDArray[np.float64]]:
        """The model as named arrays, for the artefact."""
        out = {f"topics_{name}": getattr(self.topics, name) for name in ("idf", "basis", "centroids")}
        out["grain"] = self.grain
        for f, fold in enumerate(self.folds):
            out |= {f"fold{f}_{field.name}": getattr(fold, field.name) for field in fields(Fold)}
        return out

    @staticmethod
    def from_arrays(arrays: Mapping[str, NDArray[np.float64]]) -> "Conditional":
        """The inverse of `arrays`. KeyError when one is missing."""
        count = sum(name.endswith("_cuts") for name in arrays)
        folds = tuple(
            Fold(**{field.name: arrays[f"fold{f}_{field.name}"] for field in fields(Fold)}) for f in range(count)
        )
        topics = Topics(arrays["topics_idf"], arrays["topics_basis"], arrays["topics_centroids"])
        return Conditional(folds, topics, arrays["grain"])


def deal(ids: Sequence[str], folds: int) -> NDArray[np.int64]:
    """(n,) the fold of each id, by a hash that is the same everywhere."""
    return np.array([zlib.crc32(i.encode("utf-8", "surrogatepass")) for i in ids], np.int64) % folds


def _fit_fold(
    inputs: Matrix, ngrams: Matrix, signals: Matrix, own: NDArray[np.bool_], *, strata: int, seed: int
) -> Fold:
    rest, n = ~own, int((~own).sum())
    centre = column_means(inputs[rest], none=0.0)
    scale = np.sqrt(column_means((inputs[rest] - centre) ** 2, none=0.0))
    # A constant input is no news until it moves; the floor keeps its first move finite.
    scale = np.maximum(scale, 0.05)
    topics = Topics.fit(ngrams[rest], _topic_count(n), _rank(n), seed=seed)
    places, topic, novelty = topics.place(ngrams)
    shape = _standardised(inputs, centre, scale)
    design = _design(shape, places, topic, topics.centroids.shape[1])
    # Directions of words have small spread; on one scale with the shape, one penalty serves all.
    spread = np.maximum(design[rest].std(axis=0), 1e-3)
    weights = np.column_stack([ridge(design[rest] / spread, y) for y in signals[rest].T])
    distance = np.abs(signals[rest] - weights[0] - design[rest] / spread @ weights[1:])
    weights = np.hstack([weights, np.column_stack([ridge(design[rest] / spread, y) for y in distance.T])])
    weights[1:] /= spread[:, None]
    typical = column_means(distance, none=0.0)
    typical = np.where(typical > 1e-9, typical, 1.0)
    known = (centre, scale, topics.idf, topics.basis, topics.centroids, weights, typical)
    fold = Fold(*known, cuts=np.zeros((0, signals.shape[1])), reach=np.zeros(2))  # both from what it expects
    expected, _ = fold.expect(shape[own], places[own], topic[own])
    cuts = np.quantile(expected, np.arange(1, strata) / strata, axis=0)
    reach = np.array([_reach(novelty[own]), _reach(np.abs(shape[own]).max(axis=1, initial=0.0))])
    return replace(fold, cuts=cuts, reach=reach)


def _standardised(inputs: Matrix, centre: NDArray[np.float64], scale: NDArray[np.float64]) -> Matrix:
    return np.nan_to_num((inputs - centre) / scale, nan=0.0)


def _design(shape: Matrix, places: Matrix, topic: NDArray[np.int32], topics: int) -> Matrix:
    """(n, p + r + j) what signals are regressed on: shape, place among words, and the topic as a step of its own."""
    return np.hstack([np.clip(shape, -_CLIP, _CLIP), places, topic[:, None] == np.arange(topics)])


def _reach(novelty: NDArray[np.float64]) -> float:
    """A novelty a little over the largest that held-out rows of the baseline showed."""
    if len(novelty) == 0:
        return float("inf")
    top, middle = np.quantile(novelty, [0.99, 0.5])
    return float(max(novelty.max(), top + 0.25 * (top - middle)))


def _topic_count(n: int) -> int:
    return int(np.clip(n // 60, 2, 12))


def _rank(n: int) -> int:
    return int(np.clip(n // 12, 4, 32))
