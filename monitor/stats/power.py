"""The smallest change of each signal that bets on ranks would have seen in a stream of some length: an approximation.

A change is modelled on the baseline itself. A signal that moves by `d` has normal scores of its ranks shifted by `d`:
each baseline value is given the weight that its rank interval has under that shift. Each bet then grows by the weighted
mean of its log pay; where ranks are continuous that is s d - s^2 / 2 at stake s, at best d^2 / 2. Of a yes-or-no signal
a part of the no become yes, or of the yes no. The change is seen when one bet, alone, has grown by
log(threshold / weight of the bet) within the values that it lasts: about every second time.

The bag learns what it sees: beside N values of the baseline, a shift has faded to N / (N + t) of it after t changed
values, and a new answer is no longer new. The best stretch up to the number of values seen counts.

A change that is confined to one topic must grow by more, for meanwhile the bet loses on the values of the others.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from monitor.stats.bets import Bets
from monitor.stats.ranks import Ranks

LARGEST = 4.0
"""The largest shift looked at, in spreads; a share of yes may change all the way."""

_MOST_ROWS = 2_000
_SIZES = np.concatenate([[0.0], np.geomspace(0.01, 1.0, 23)])  # parts of the largest change
_LASTING = 2.0 ** np.arange(-3, 6)  # multiples of the baseline
_WIDTHS = np.diff(_LASTING, prepend=0.0)
_MIDDLES = _LASTING - _WIDTHS / 2
_DIRECTIONS = (1, -1)


class Signals(NamedTuple):
    """The n rows of a baseline: (n, k) `values`, the `residuals` that are ranked, their `strata` (-1: set aside);
    (k,) what is yes or no, what lies between 0 and 1, whether the bag `learns`, and the direction of `harm` (+1, -1,
    0); the `bets`, and `price` (groups, k, all bets), what each pay is multiplied with in each stratum."""

    values: NDArray[np.float64]
    residuals: NDArray[np.float64]
    strata: NDArray[np.int32]
    yes_no: NDArray[np.bool_]
    bounded: NDArray[np.bool_]
    learns: NDArray[np.bool_]
    harm: NDArray[np.int8]
    bets: Bets
    price: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Power:
    """What each bet gains from a change, of each size, in chosen prompts: of the bets, those b that a change in that
    direction can win. About a megabyte."""

    needed: NDArray[np.float64]  # (k, 2, b) -log weights of the bets
    growth: NDArray[np.float32]  # (lasting, k, 2, b, sizes) in all, a value of the baseline
    change: NDArray[np.float64]  # (k, 2, sizes) of the mean; 0 where it cannot change
    known: NDArray[np.int64]  # (k,) values in the baseline
    asked: NDArray[np.bool_]  # (k, 2) the direction of harm where there is one, else both

    @staticmethod
    def fit(signals: Signals, chosen: NDArray[np.bool_]) -> "Power":
        """Of changes in the rows `chosen` (n,) alone. 0.2 s with 500 rows, a second with 10,000; less for a topic."""
        k = signals.values.shape[1]
        of = np.stack([np.flatnonzero(signals.bets.direction != -d) for d in _DIRECTIONS])
        compared = (signals.strata >= 0) & ~np.isnan(signals.residuals)
        power = Power(
            needed=-np.log(signals.bets.weights)[:, of],
            growth=np.full((len(_LASTING), k, 2, of.shape[1], len(_SIZES)), -np.inf, np.float32),
            change=np.zeros((k, 2, len(_SIZES))),
            known=(compared & chosen[:, None]).sum(axis=0),
            asked=np.column_stack([signals.harm >= 0, signals.harm <= 0]),
        )
        for i in np.flatnonzero(power.known).tolist():
            rows = np.flatnonzero(compared[:, i])
            values, here = signals.values[rows, i], chosen[rows]
            constant = np.ptp(values) == 0
            if signals.yes_no[i] or (signals.bounded[i] and constant and values[0] in (0.0, 1.0)):
                growth, change = _of_shares(signals, i, rows, here)
            elif constant:
                continue
            else:
                growth, change = _of_shifts(signals, i, rows, here)
            for d in range(2):
                power.growth[:, i, d], power.change[i, d] = growth[:, d][:, of[d]], change[d]
        return power

    @property
    def still(self) -> NDArray[np.float64]:
        """(k, 2, b) what each bet gains a value while nothing changes: a loss."""
        still: NDArray[np.float64] = self.growth[0, :, :, :, 0].astype(float) / _LASTING[0]
        return still

    def smallest(
        self, log_threshold: float, seen: NDArray[np.int64], others: NDArray[np.int64], still: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """(k,) the smallest change of each signal's mean in the chosen prompts, with its sign, that would have been
        seen against this threshold (natural log) had it lasted as long as the (k,) values `seen` of them, or the best
        part of these; meanwhile `others` (k,) came, on which bets gained `still`. NaN where none would have been. Some
        milliseconds."""
        with np.errstate(invalid="ignore", divide="ignore"):
            lasted = seen / self.known
            others_to_one = others / seen
            size = np.full(self.asked.shape, np.inf)
            for ends, growth in [*zip(_LASTING, self.growth, strict=True), (lasted, self._after(lasted))]:
                lost = (others_to_one * ends)[:, None, None] * still
                bar = (log_threshold + self.needed) / self.known[:, None, None] - lost
                size = np.where((ends <= lasted)[:, None], np.fmin(size, _reaching(growth, bar)), size)
            size[(size > 1) | ~self.asked] = np.nan
            upper = np.clip(np.searchsorted(_SIZES, size), 1, len(_SIZES) - 1)
            part = (size - _SIZES[upper - 1]) / (_SIZES[upper] - _SIZES[upper - 1])
            low, high = (np.take_along_axis(self.change, at[:, :, None], 2)[:, :, 0] for at in (upper - 1, upper))
            change = low + part * (high - low)
        best = np.nan_to_num(np.abs(change), nan=np.inf).argmin(axis=1)
        changes: NDArray[np.float64] = np.take_along_axis(change, best[:, None], 1)[:, 0]
        return np.where(changes == 0, np.nan, changes)

    def _after(self, lasted: NDArray[np.float64]) -> NDArray[np.float32]:
        """(k, 2, b, sizes) the growth after (k,) multiples of the baseline, between two by a straight line."""
        upper = np.minimum(np.searchsorted(_LASTING, lasted), len(_LASTING) - 1)
        columns, ends = np.arange(len(lasted)), np.concatenate([[0.0], _LASTING])
        part = np.clip((lasted - ends[upper]) / _WIDTHS[upper], 0.0, 1.0).astype(np.float32)[:, None, None, None]
        before = np.where((upper > 0)[:, None, None, None], self.growth[np.maximum(upper, 1) - 1, columns], 0)
        after: NDArray[np.float32] = before + part * (self.growth[upper, columns] - before)
        return after


def _reaching(growth: NDArray[np.float32], bar: NDArray[np.float64]) -> NDArray[np.float64]:
    """(k, 2) the least size, as a part of the largest, at which one bet grows to its `bar` (k, 2, b); between two sizes
    by a straight line; infinite where none does. A bet that gets there without any change says nothing of one."""
    reached = growth >= bar[..., None].astype(np.float32)
    upper = reached.argmax(axis=-1)[..., None]
    found = np.take_along_axis(reached, upper, -1)[..., 0] & ~reached[..., 0]
    upper = np.maximum(upper, 1)
    low, high = (np.take_along_axis(growth, at, -1)[..., 0].astype(float) for at in (upper - 1, upper))
    part = np.clip((bar - low) / (high - low), 0.0, 1.0)
    below, above = _SIZES[upper[..., 0] - 1], _SIZES[upper[..., 0]]
    sizes: NDArray[np.float64] = np.where(found, below + part * (above - below), np.inf).min(axis=-1)
    return sizes


def _of_shifts(
    signals: Signals, i: int, rows: NDArray[np.int64], here: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(lasting, 2, all bets, sizes) growth and (2, sizes) change of the mean under shifts of the normal scores of the
    rows `here`. Where all of these have one value, they are taken to be like all others."""
    values, strata = signals.values[rows, i], signals.strata[rows, i]
    low, high = intervals(signals.residuals[rows, i], strata)
    taken = np.flatnonzero(here if np.ptp(values[here]) > 0 else np.ones(len(rows), bool))
    taken = taken[np.unique(np.linspace(0, len(taken) - 1, _MOST_ROWS).astype(int))]
    values, low, high = values[taken], low[taken, None], high[taken, None]
    pays = np.log(signals.bets.pay(Ranks(low, high)))[:, 0] + _log(signals.price[strata[taken], i])
    # What a shift of each size has faded to in the middle of each stretch, as a place among the sizes.
    faded = _SIZES / (1 + _MIDDLES * signals.learns[i])[:, None]
    upper = np.clip(np.searchsorted(_SIZES, faded), 1, len(_SIZES) - 1)
    part = (faded - _SIZES[upper - 1]) / (_SIZES[upper] - _SIZES[upper - 1])
    growth, change = [], []
    for direction in _DIRECTIONS:
        shifts = direction * LARGEST * _SIZES
        weight = (ndtr(ndtri(high) - shifts) - ndtr(ndtri(low) - shifts)) / (high - low)
        weight /= weight.sum(axis=0)
        gain = pays.T @ weight
        growth.append(gain[:, upper - 1] + part * (gain[:, upper] - gain[:, upper - 1]))
        change.append(values @ weight - values.mean())
    return _cumulated(np.stack(growth).transpose(2, 0, 1, 3)), np.stack(change)


def _of_shares(
    signals: Signals, i: int, rows: NDArray[np.int64], here: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The same of a yes-or-no signal, of which a part of the no become yes, or of the yes no. A bet gains
    q log(pay of a yes) + (1 - q) log(pay of a no). A value counts itself in its stratum, so that also what never was
    has a rank."""
    size = np.bincount(signals.strata[rows, i]).astype(float)
    yes = np.bincount(signals.strata[rows, i], weights=signals.values[rows, i])
    met = np.bincount(signals.strata[rows[here], i], minlength=len(size)) / np.count_nonzero(here)
    # Strata of one size with as many yes are alike, and so are their prices.
    (n, share), first, kind = np.unique(
        np.stack([size, yes])[:, met > 0], axis=1, return_index=True, return_inverse=True
    )
    share, inside = share / n, np.bincount(kind, weights=met[met > 0])
    price = _log(signals.price[np.flatnonzero(met > 0)[first], i])
    # (strata, 2, sizes) the share of yes after the change; then (lasting, ...) the bag in the middle of each stretch.
    q = np.stack([share[:, None] + (1 - share)[:, None] * _SIZES, share[:, None] * (1 - _SIZES)], axis=1)
    more = (_MIDDLES * signals.learns[i])[:, None, None, None] * n[:, None, None]
    whole = n[:, None, None] + more + 1
    no = (n * (1 - share))[:, None, None] + more * (1 - q)
    bottom, top = np.zeros((no.size, 1)), np.ones((no.size, 1))
    of_no, of_yes = (
        np.log(signals.bets.pay(ranks))[:, 0].reshape(*no.shape, -1) + price[:, None, None]
        for ranks in (
            Ranks(bottom, ((no + 1) / whole).reshape(-1, 1)),
            Ranks((no / whole).reshape(-1, 1), top),
        )
    )
    gain = q[..., None] * of_yes + (1 - q)[..., None] * of_no
    change = np.einsum("g,gds->ds", inside, q - share[:, None, None])
    return _cumulated(np.einsum("g,lgdsb->ldbs", inside, gain)), change


def _cumulated(gain: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gains a value in the middle of each stretch, along the first axis, as growth up to its end."""
    return np.cumsum(gain * _WIDTHS[:, None, None, None], axis=0)


def _log(price: NDArray[np.float64]) -> NDArray[np.float64]:
    """A price of 0 is no bet at all."""
    return np.log(np.maximum(price, 1e-300))


def intervals(
    values: NDArray[np.float64], strata: NDArray[np.int32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(n,) and (n,): the share of its stratum that lies below each value, and at or below it."""
    low, high = np.zeros((2, len(values)))
    for group in np.unique(strata):
        rows = strata == group
        _, place, counts = np.unique(values[rows], return_inverse=True, return_counts=True)
        upto = np.cumsum(counts)
        low[rows], high[rows] = (upto - counts)[place] / upto[-1], upto[place] / upto[-1]
    return low, high
