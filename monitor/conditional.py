"""Signals given inputs: what a prompt lets one expect of its answer, learned on the baseline, fold by fold.

The rows of the baseline are dealt into folds by a hash of their ids. The model of a fold is learned on the other
folds; the fold's own rows, and the live exchanges whose ids fall into it, are then treated alike by a model that has
seen neither. Hence, given the model, the residuals of a fold's baseline rows and of its live exchanges are
exchangeable while behaviour is unchanged, at any size of the baseline, and their conformal ranks are exact.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.interfaces import Matrix, Measured, Strata
from monitor.stats.blocks import rowwise_product
from monitor.stats.cuts import natural_cuts, told_by
from monitor.stats.directions import Directions
from monitor.stats.meanings import Meanings, Senses
from monitor.stats.means import column_means, column_spreads
from monitor.stats.ridge import ridge, ridge_all
from monitor.stats.topics import Topics
from monitor.stats.unseen import known_words, unseen_share

ROWS_PER_BAG = 15
"""A topic is parted into bands of at least so many of the fold's rows."""

ROWS_PER_TOPIC = 6
"""Values are compared within topics of so many of the fold's rows; other topics with each other."""

BANDS = 4
"""A topic is parted into at most so many bands of a score."""

_CLIP = 4.0
_SPREADS = (0.25, 4.0)


@dataclass(frozen=True, slots=True)
class Conditioned:
    """A batch seen through the model. `expected` (n, k): the signals that prompts let one expect; `residuals` (n, k)
    with their `strata` (n, k): what is compared; `style` (n, a) the place of the answer less the expected one, with
    `style_strata` (n,); `topic` (n,) for people; `novelty` (n, 2 or 3): of the prompt's
    words, of its shape, and of its meaning where that is read; `strange`, of the same shape: where that is more than
    the baseline ever showed."""

    expected: Matrix
    residuals: Matrix
    strata: Strata
    style: NDArray[np.float32]
    style_strata: NDArray[np.int32]
    topic: NDArray[np.int32]
    novelty: Matrix
    strange: NDArray[np.bool_]

    @property
    def supported(self) -> NDArray[np.bool_]:
        """(n,) False where the baseline never saw the like."""
        return ~np.asarray(self.strange.any(axis=1))


@dataclass(frozen=True, slots=True)
class Fold:
    """The model of one fold. Shapes: p inputs, d n-grams, e numbers of a vector, r directions of both, v words, j
    topics, k signals, s strata, a axes of the space of styles."""

    centre: NDArray[np.float64]  # (p,)
    scale: NDArray[np.float64]  # (p,)
    idf: NDArray[np.float64]  # (d,)
    basis: NDArray[np.float64]  # (d, r)
    sense_centre: NDArray[np.float64]  # (e,)
    sense_basis: NDArray[np.float64]  # (e, r)
    known_senses: NDArray[np.float64]  # (m, e) centres of small clusters
    known_words: NDArray[np.bool_]  # (65536,)
    weights: NDArray[np.float64]  # (1 + p + r + j + 1, 2 k): of each signal, and of its distance from what is expected
    typical: NDArray[np.float64]  # (k,) mean of that distance; 1 where a signal is constant
    grain: NDArray[np.float64]  # (k,) residuals are whole multiples: constant but for a sum's last bits is constant
    lumped: NDArray[np.bool_]  # (k,) signals that have one and the same value in many exchanges
    kind: NDArray[np.float64]  # (k,) weights of all that is expected in a score of what kind of answer is expected
    by_kind: NDArray[np.bool_]  # (k,) strata are parted by that score, else by what is expected of the signal itself
    cell: NDArray[np.int32]  # (j + 1,) the cell of each topic; topics with too few rows share the last of c cells
    cuts: NDArray[np.float64]  # (c, s - 1, k) where each cell is parted further, +inf where it is not
    kind_cuts: NDArray[np.float64]  # (c, s - 1) of that score
    style: NDArray[np.float64]  # (1 + p + r + j + 1, a) weights of the place of an answer
    reach: NDArray[np.float64]  # (2 or 3,) novelty that no more than a trace of the fold's own rows exceeds

    @property
    def directions(self) -> Directions:
        return Directions(self.idf, self.basis)

    @property
    def senses(self) -> Senses:
        return Senses(self.sense_centre, self.sense_basis, self.known_senses)

    def shape(self, inputs: Matrix) -> Matrix:
        """(n, p) standardised inputs; one that does not apply is as expected, 0."""
        return _standardised(inputs, self.centre, self.scale)

    def places(self, measured: Measured, rows: NDArray[Any]) -> Matrix:
        """(n, r) of the chosen rows where their n-grams and vectors point; 0 for those of a prompt without one."""
        return _places(self.directions, self.senses, measured.ngrams[rows], measured.meaning[rows])

    def novelty(self, measured: Measured, rows: NDArray[Any], shape: Matrix) -> Matrix:
        """(n, 2 or 3) of the chosen rows, whose shape is given."""
        unseen = unseen_share(measured.prompts, self.known_words)[rows]
        columns = [unseen, np.abs(shape).max(axis=1, initial=0.0)]
        if measured.meaning.shape[1]:
            columns.append(self.senses.distance(measured.meaning[rows]))
        return np.column_stack(columns)

    def expect(self, shape: Matrix, places: Matrix, topic: NDArray[np.int32]) -> tuple[Matrix, Matrix, Matrix]:
        """(n, k) what the prompt lets one expect of each signal, and (n, k) how far from it one may expect to be, in
        units of what is typical: rates of short answers spread wider than those of long ones; (n, a) the place of the
        answer that it lets one expect."""
        known = _design(shape, places, topic, len(self.cell))
        every = rowwise_product(np.hstack([np.ones((len(known), 1)), known]), np.hstack([self.weights, self.style]))
        k = len(self.typical)
        return every[:, :k], np.clip(every[:, k : 2 * k] / self.typical, *_SPREADS), every[:, 2 * k :]

    def residuals(self, signals: Matrix, expected: Matrix, spread: Matrix) -> Matrix:
        """(n, k) how far each signal is from what is expected, or the signal itself where it is `lumped`: a rare
        event is no nearer to its chance when that is small, and would only mirror the prompts."""
        apart = np.rint((signals - expected) / self.grain) * self.grain / spread
        residuals: Matrix = np.where(self.lumped, signals, apart)
        return residuals

    @property
    def groups(self) -> int:
        """Number of strata."""
        return int(self.bands.sum())

    @property
    def bands(self) -> NDArray[np.int64]:
        """(c,) of each cell, the most that any signal or the style has."""
        finite = np.isfinite(np.concatenate([self.cuts, self.kind_cuts[:, :, None]], axis=2))
        return np.asarray(finite.sum(axis=1).max(axis=1) + 1)

    def strata(self, expected: Matrix, topic: NDArray[np.int32]) -> Strata:
        """(n, k + 1) the stratum of each signal, and of the style: the cell of the topic, and a band of a score."""
        cell, first = self.cell[topic], np.cumsum(self.bands) - self.bands
        band = (self.scores(expected)[:, None, :] >= self.cuts[cell]).sum(axis=1)
        kind_band = (self.kind_of(expected)[:, None] >= self.kind_cuts[cell]).sum(axis=1)
        strata: Strata = (first[cell][:, None] + np.column_stack([band, kind_band])).astype(np.int32)
        return strata

    def scores(self, expected: Matrix) -> Matrix:
        """(n, k) the prognostic score of each signal, which parts its strata."""
        return np.where(self.by_kind, self.kind_of(expected)[:, None], expected)

    def kind_of(self, expected: Matrix) -> NDArray[np.float64]:
        """(n,) a score of what kind of answer is expected."""
        return rowwise_product(expected, self.kind[:, None])[:, 0]


@dataclass(frozen=True, slots=True)
class Conditional:
    """All folds, and the topics of prompts, which are learned on the whole baseline."""

    folds: tuple[Fold, ...]
    topics: Topics | Meanings

    @property
    def groups(self) -> int:
        """Number of strata of the residuals over all folds."""
        return sum(fold.groups for fold in self.folds)

    @staticmethod
    def fit(measured: Measured, *, seed: int) -> "Conditional":
        """Learns from a baseline of n rows. Seconds at 10,000 rows."""
        n = len(measured.ids)
        fold_count = 2 if n < 2_000 else 4
        dealt = deal(measured.ids, fold_count)
        # Of prompts alone: what is compared is answers, and how prompts are parted may depend on any of them.
        topics: Topics | Meanings
        if measured.meaning.shape[1]:
            topics = Meanings.fit(measured.meaning, _topic_count(n), seed=seed)
        else:
            topics = Topics.fit(measured.prompts, _topic_count(n), seed=seed)
        topic = _assigned(topics, measured)
        folds = tuple(_fit_fold(measured, topic, topics.count, dealt == f, seed) for f in range(fold_count))
        return Conditional(folds, topics)

    def apply(self, measured: Measured) -> Conditioned:
        """Sees a batch through the model of each exchange's fold. The result of a row is its own, bit for bit."""
        n, k = measured.signals.shape
        expected, residuals, strata = np.empty((n, k)), np.empty((n, k)), np.empty((n, k), np.int32)
        style, style_strata = np.empty(measured.style.shape, np.float32), np.empty(n, np.int32)
        kinds = len(self.folds[0].reach)
        novelty, strange = np.empty((n, kinds)), np.empty((n, kinds), bool)
        topic = _assigned(self.topics, measured)
        dealt, base = deal(measured.ids, len(self.folds)), 0
        for f, fold in enumerate(self.folds):
            rows = np.flatnonzero(dealt == f)
            shape = fold.shape(measured.inputs[rows])
            expected[rows], spread, place = fold.expect(shape, fold.places(measured, rows), topic[rows])
            style[rows] = measured.style[rows] - place
            residuals[rows] = fold.residuals(measured.signals[rows], expected[rows], spread)
            every = base + fold.strata(expected[rows], topic[rows])
            strata[rows], style_strata[rows] = every[:, :-1], every[:, -1]
            base += fold.groups
            novelty[rows] = fold.novelty(measured, rows, shape)
            strange[rows] = novelty[rows] > fold.reach
        return Conditioned(expected, residuals, strata, style, style_strata, topic, novelty, strange)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The model as named arrays, for the artefact."""
        out: dict[str, NDArray[Any]] = {
            f"topics_{field.name}": getattr(self.topics, field.name) for field in fields(self.topics)
        }
        for f, fold in enumerate(self.folds):
            out |= {f"fold{f}_{field.name}": getattr(fold, field.name) for field in fields(Fold)}
        return out

    @staticmethod
    def from_arrays(arrays: Mapping[str, NDArray[Any]]) -> "Conditional":
        """The inverse of `arrays`. KeyError when one is missing."""
        count = sum(name.endswith("_idf") for name in arrays)
        folds = tuple(
            Fold(**{field.name: arrays[f"fold{f}_{field.name}"] for field in fields(Fold)}) for f in range(count)
        )
        if "topics_centres" in arrays:
            return Conditional(folds, Meanings(arrays["topics_centres"]))
        return Conditional(folds, Topics(arrays["topics_weights"]))


def deal(ids: Sequence[str], folds: int) -> NDArray[np.int64]:
    """(n,) the fold of each id, by a hash that is the same everywhere."""
    return np.array([zlib.crc32(i.encode("utf-8", "surrogatepass")) for i in ids], np.int64) % folds


def _fit_fold(measured: Measured, topic: NDArray[np.int32], topics: int, own: NDArray[np.bool_], seed: int) -> Fold:
    inputs, signals = measured.inputs, measured.signals
    rest, n = ~own, int((~own).sum())
    centre = column_means(inputs[rest], none=0.0)
    # A constant input is no news until it moves; the floor keeps its first move finite.
    scale = np.maximum(column_spreads(inputs[rest], none=0.0), 0.05)
    directions = Directions.fit(measured.ngrams[rest], _rank(n))
    senses = Senses.fit(measured.meaning[rest], _rank(n), seed=seed)
    places = _places(directions, senses, measured.ngrams, measured.meaning)
    shape = _standardised(inputs, centre, scale)
    design = _design(shape, places, topic, topics)
    # Directions of words have small spread; on one scale with the shape, one penalty serves all.
    spread = np.maximum(design[rest].std(axis=0), 1e-3)
    weights = np.column_stack([ridge(design[rest] / spread, y) for y in signals[rest].T])
    distance = np.abs(signals[rest] - weights[0] - design[rest] / spread @ weights[1:])
    weights = np.hstack([weights, np.column_stack([ridge(design[rest] / spread, y) for y in distance.T])])
    weights[1:] /= spread[:, None]
    style = ridge_all(design[rest] / spread, measured.style[rest])
    typical = column_means(distance, none=0.0)
    fold = Fold(
        centre=centre,
        scale=scale,
        idf=directions.idf,
        basis=directions.basis,
        sense_centre=senses.centre,
        sense_basis=senses.basis,
        known_senses=senses.known,
        known_words=known_words(measured.prompts, rest),
        weights=weights,
        typical=np.where(typical > 1e-9, typical, 1.0),
        grain=np.maximum(1e-6 * column_spreads(signals[rest], none=0.0), 1e-9),
        lumped=np.array([_lumped(y) for y in signals[rest].T], bool),
        kind=np.zeros(signals.shape[1]),
        by_kind=np.zeros(signals.shape[1], bool),
        cell=np.zeros(topics, np.int32),
        cuts=np.zeros((1, 0, signals.shape[1])),
        kind_cuts=np.zeros((1, 0)),
        style=np.vstack([style[:1], style[1:] / spread[:, None]]),
        reach=np.zeros(0),
    )
    expected, width, _ = fold.expect(shape, places, topic)
    fold = _with_strata(fold, expected, fold.residuals(signals, expected, width), topic, own)
    novelty = fold.novelty(measured, np.flatnonzero(own), shape[own])
    return replace(fold, reach=np.array([_reach(column) for column in novelty.T]))


def _with_strata(
    fold: Fold, expected: Matrix, residuals: Matrix, topic: NDArray[np.int32], own: NDArray[np.bool_]
) -> Fold:
    """Of the two scores, that whose bands tell more of a signal's distribution on the rows that were learned from;
    cuts where the fold's own rows part."""
    fold = replace(fold, kind=_main_direction(expected[~own]))
    rest, all_by_kind = residuals[~own], np.ones(len(fold.by_kind), bool)
    by_kind = replace(fold, by_kind=all_by_kind).scores(expected[~own])
    told = [
        (told_by(kind, r, BANDS, ROWS_PER_BAG), told_by(itself, r, BANDS, ROWS_PER_BAG))
        for kind, itself, r in zip(by_kind.T, expected[~own].T, rest.T, strict=True)
    ]
    fold = replace(fold, by_kind=np.array([kind > itself for kind, itself in told], bool))
    common = np.bincount(topic[own], minlength=len(fold.cell)) >= ROWS_PER_TOPIC
    cell = np.where(common, np.cumsum(common) - 1, common.sum()).astype(np.int32)
    scores, kinds = fold.scores(expected[own]), fold.kind_of(expected[own])
    of_cells = [np.flatnonzero(cell[topic[own]] == c) for c in range(int(common.sum()) + 1)]
    cuts = [np.column_stack([natural_cuts(s, BANDS, ROWS_PER_BAG) for s in scores[rows].T]) for rows in of_cells]
    kind_cuts = [natural_cuts(kinds[rows], BANDS, ROWS_PER_BAG) for rows in of_cells]
    return replace(fold, cell=cell, cuts=np.array(cuts), kind_cuts=np.array(kind_cuts))


def _main_direction(expected: Matrix) -> NDArray[np.float64]:
    """(k,) weights of the direction along which most of what is expected moves together."""
    spread = expected.std(axis=0)
    scale = np.where(spread > 1e-9, spread, np.inf)
    _, _, right = np.linalg.svd((expected - expected.mean(axis=0)) / scale, full_matrices=False)
    direction: NDArray[np.float64] = right[0] / scale
    return direction


def _lumped(signal: NDArray[np.float64]) -> bool:
    """Whether one value makes up a quarter of all."""
    counts = np.unique(signal[~np.isnan(signal)], return_counts=True)[1]
    return bool(counts.max(initial=0) >= 0.25 * counts.sum())


def _assigned(topics: Topics | Meanings, measured: Measured) -> NDArray[np.int32]:
    """(n,) the topic of each prompt: by what it means where that is read, else by its words."""
    if isinstance(topics, Meanings):
        return topics.assign(measured.meaning)
    return topics.assign(measured.prompts)


def _places(directions: Directions, senses: Senses, ngrams: Matrix, meaning: Matrix) -> Matrix:
    return np.hstack([directions.place(ngrams), senses.place(meaning)])


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
    return int(np.clip(n // 25, 2, 12))


def _rank(n: int) -> int:
    return int(np.clip(n // 12, 4, 32))
