"""A space in which models differ: directions of answers' features learned on other models beforehand.

Models differ from each other in few typical directions. Linear discriminant analysis finds them: the scatter between
models against the scatter within one (Fisher, 1936; Rao, 1948). With few models the scatter between them is shrunk
half-way to its diagonal (Friedman, 1989), so that directions in which none of them happened to differ keep a chance.
The variance between models along an axis is also the prior for how far a swap of the model moves it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.stats.blocks import rowwise_product
from monitor.stats.means import column_means, column_spreads

AXES = 150
_CLIP = 4.0
_SHRINK = 0.5
_RIDGE = 1.0
_ROWS = 20
"""A model with fewer answers says too little of where it stands."""


@dataclass(frozen=True, slots=True)
class Space:
    """q features and a axes. `names` (q) are columns of the gauge, and `"word"` in quotes for the rate of a word;
    `mean` and `scale` (q,) standardise a feature; `axes` (q, a) make coordinates of them, along each of which answers
    of one model spread by 1; `lift` (q, a) turns a move of coordinates back into one of standardised features; `prior`
    (a,) is the variance of the move between two models; `models` is how many it was learned on."""

    names: tuple[str, ...]
    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    axes: NDArray[np.float64]
    lift: NDArray[np.float64]
    prior: NDArray[np.float64]
    models: int

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(name.strip('"') for name in self.names if name.startswith('"'))

    @property
    def columns(self) -> tuple[str, ...]:
        """The features that are columns of the gauge; they stand before the words."""
        return tuple(name for name in self.names if not name.startswith('"'))

    def place(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, a) coordinates of answers with features (n, q). NaN (does not apply) is as on average."""
        return rowwise_product(_standardised(features, self.mean, self.scale), self.axes)

    @staticmethod
    def learn(names: Sequence[str], models: Sequence[NDArray[np.float64]], *, known: "Space | None" = None) -> "Space":
        """From the features (n_i, q) of several models' answers to like prompts. With `known`, a space of the same
        features learned elsewhere, what it knows of differences between models is pooled, by numbers of models.
        ValueError with fewer than two models of at least 20 answers, when there is no `known`. Seconds."""
        from scipy.linalg import eigh  # noqa: PLC0415 - only what is learned needs it: a monitor starts smaller without

        models = [m for m in models if len(m) >= _ROWS]
        if len(models) < (2 if known is None else 1):
            needed = "two models or more" if known is None else "a model"
            raise ValueError(f"a space needs {needed} with at least {_ROWS} answers; {len(models)} have so many")
        every = np.concatenate(models)
        mean, scale = column_means(every, none=0.0), column_spreads(every, none=0.0)
        # What hardly varies (or never applied) must not become huge with the first live answer that differs.
        scale = np.maximum(scale, max(float(np.quantile(scale, 0.02)), 1e-3))
        unit = [_standardised(m, mean, scale) for m in models]
        means = np.array([m.mean(axis=0) for m in unit])
        q, rows = len(mean), sum(map(len, unit))
        within = sum((m - c).T @ (m - c) for m, c in zip(unit, means, strict=True)) / (rows - len(unit))
        ridged = within + _RIDGE * np.eye(q) * np.trace(within) / q
        between = _between(unit, means, within)
        if known is not None:
            elsewhere = known.moves(names, scale)
            between = (len(unit) * between + known.models * elsewhere) / (len(unit) + known.models)
        size, vectors = eigh(between, ridged)
        keep = np.argsort(-size)[:AXES]
        keep = keep[size[keep] > 1e-3]
        chosen = vectors[:, keep]
        spread = np.sqrt(np.einsum("qa,qr,ra->a", chosen, within, chosen, optimize=True))
        axes, prior = chosen / spread, 2 * size[keep] / spread**2
        total = len(unit) + (0 if known is None else known.models)
        return Space(tuple(names), mean, scale, axes, ridged @ chosen * spread, prior, total)

    def moves(self, names: Sequence[str], scale: NDArray[np.float64]) -> NDArray[np.float64]:
        """(q, q) the scatter between models that this space knows, in other features: 0 for those it does not know."""
        place = {name: i for i, name in enumerate(self.names)}
        lift = np.zeros((len(names), len(self.prior)))
        for row, name in enumerate(names):
            if name in place:
                lift[row] = self.lift[place[name]] * self.scale[place[name]] / scale[row]
        scatter: NDArray[np.float64] = lift @ (self.prior[:, None] / 2 * lift.T)
        return scatter

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {
            "names": np.array(self.names),
            **{name: getattr(self, name).astype(np.float32) for name in ("mean", "scale", "axes", "lift", "prior")},
            "models": np.array(self.models),
        }

    @staticmethod
    def from_arrays(arrays: Mapping[str, NDArray[Any]]) -> "Space":
        """The inverse of `arrays`, to 32-bit floats. KeyError when one is missing."""
        mean, scale, axes, lift, prior = (
            arrays[name].astype(np.float64) for name in ("mean", "scale", "axes", "lift", "prior")
        )
        return Space(tuple(arrays["names"].tolist()), mean, scale, axes, lift, prior, int(arrays["models"]))


def _between(
    unit: Sequence[NDArray[np.float64]], means: NDArray[np.float64], within: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(q, q) scatter of the models' true means: that of the measured ones less their own error, shrunk."""
    if len(unit) < 2:
        return np.zeros_like(within)
    scatter = np.cov(means.T) - within / float(np.mean([len(m) for m in unit]))
    shrunk: NDArray[np.float64] = (1 - _SHRINK) * scatter + _SHRINK * np.diag(np.clip(np.diag(scatter), 0, None))
    return shrunk


def _standardised(
    features: NDArray[np.float64], mean: NDArray[np.float64], scale: NDArray[np.float64]
) -> NDArray[np.float64]:
    return np.clip(np.nan_to_num((features - mean) / scale, nan=0.0), -_CLIP, _CLIP)
