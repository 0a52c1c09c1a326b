"""Evidence of a move in many columns at once, along a direction that is learned as it goes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from monitor.detectors.conformal import ConformalMartingale
from monitor.interfaces import Crossing, Level, Matrix, Reading, Snapshot, Strata
from monitor.stats.bets import shift_and_spread
from monitor.stats.blocks import rowwise_product
from monitor.stats.ranks import Bags
from monitor.stats.runs import Runs
from monitor.stats.uniform import uniform_at

EPOCH = 2_048
"""Exchanges after which evidence starts afresh, with the exchanges of the epoch that ended as part of the reference."""

PRIOR_SIZES = np.array([0.1, 0.4])
"""A swap may be so much smaller than what models differ by; each size is bet on."""

STAKES = np.array([0.1, 0.2, 0.35, 0.6, 1.0])
SHARE, MOST, WEIGHT = 0.15, (8, 1), (0.35, 0.15)
"""Each value meets such a share of the rows of its stratum that are left, and at most so many: eight tell more, and are
soon used up; one lasts, for a change that comes late in an epoch. So much each weighs; the ranks weigh the rest."""

DOUBT = 2
"""The scatter of values is doubted as if so many rows for each column had shown that of the space, which is even."""

MEMORY = 1_024
"""Latest gains kept: they place the onset of a move, and the ranks are read off them."""

_FAR = 50.0
_LEAST_BAG, _LEAST_RANKED, _LEAST_LEARNED = 8, 10, 3
_SIZES, _RANKED = len(PRIOR_SIZES), len(PRIOR_SIZES) * len(STAKES)
_MATCHED = len(MOST) * _SIZES
_LAST_RANKED = _MATCHED + _RANKED * np.arange(1, 3) - 1  # of either parity the bet with the largest size and stake
_WEIGHTS = np.concatenate([np.repeat(WEIGHT, _SIZES) / _SIZES, np.full(2 * _RANKED, (1 - sum(WEIGHT)) / (2 * _RANKED))])


class LearnedDirection:
    """Two exact tests that values are exchangeable with a reference within strata; their mean is the evidence.

    The direction in which to look is a posterior mean of the move: d = P / (P + v) x (live mean - reference mean), with
    P (a,) the prior variance of a move along each column and v the variance of the estimate. It bets small until it
    knows. Both tests learn it from other values than those they bet on.

    *Matched*: each value x meets m reference values y of its stratum that were not met before, a share of those left;
    e = (m + 1) exp(d W x) / (exp(d W x) + sum of exp(d W y)), with d from earlier matches and W the inverse scatter of
    the reference and x together. Given the past, x and the values left are exchangeable, so the mean of e is 1. Pairs
    (m = 1) would grow by a quarter of the squared shift at best, many matches by half of it.
    *Ranked*: d is learned on values of one parity against the present bag (reference and values of the other parity);
    the rank of a new value of the other parity along d within its stratum's bag is uniform, because d is a symmetric
    function of the bag. Bets on its normal score, e = exp(s z - s^2 / 2). Both parities are run.

    Each bet runs R = (R + 1) e as in `ConformalMartingale`. After EPOCH exchanges without an alarm all starts afresh:
    the exchanges of the epoch join the reference in place of those of the epoch before. In each epoch the mean number
    of false alarms is at most EPOCH / threshold, over references.

    At an alarm the direction is learned once more, against one half of the reference, and held. The move is over when
    values along it fall as those of the other half do (the half it was learned against looks further away than it is):
    the return test of `ConformalMartingale` on one column. State: 2 x EPOCH x a 32-bit floats. Cost: about 30 us a row.
    """

    def __init__(
        self,
        *,
        reference: Matrix,
        strata: NDArray[np.int32],
        groups: int,
        prior: NDArray[np.float64],
        seed: int,
        min_exchanges: int = 30,
        return_factor: float = 50.0,
    ) -> None:
        known = strata >= 0
        self._baseline, self._baseline_strata = reference[known].astype(np.float32), strata[known].astype(np.int32)
        self._groups, self._prior, self._seed = groups, prior, seed
        self._sizes = PRIOR_SIZES[:, None] * prior
        self._min_exchanges, self._return_factor = min_exchanges, return_factor
        a = len(prior)
        self._live, self._live_strata = np.zeros((EPOCH, a), np.float32), np.zeros(EPOCH, np.int32)
        self._past, self._past_strata = np.zeros((0, a), np.float32), np.zeros(0, np.int32)
        self._rows, self._compared, self._epoch, self._count = 0, 0, 0, 0
        self._memory = np.zeros((MEMORY, len(_WEIGHTS)), np.float32)
        self._places = np.full(MEMORY, -1, np.int64)  # the row of each memory
        self._log_threshold = np.inf
        self._onset = -1
        self._move = np.zeros(a)
        self._returning: ConformalMartingale | None = None
        self._start()

    def _start(self) -> None:
        """A fresh epoch over the present reference."""
        self._reference = np.concatenate([self._baseline, self._past])
        self._reference_strata = np.concatenate([self._baseline_strata, self._past_strata])
        self._count = 0
        self._runs = Runs(_WEIGHTS)
        self._prepare()

    def _prepare(self) -> None:
        """What the tests keep of the epoch, as before its first row."""
        rng = np.random.default_rng([self._seed, self._epoch])
        order = rng.permutation(len(self._reference))
        strata = self._reference_strata[order]
        pool = [order[strata == s].tolist() for s in range(self._groups)]
        self._matched = [_Matched([list(rows) for rows in pool], np.zeros(len(self._prior)), most) for most in MOST]
        wide = self._reference.astype(np.float64)
        a = len(self._prior)
        self._rows_of_scatter = DOUBT * a + len(wide)
        scatter = (DOUBT * a * np.eye(a) + wide.T @ wide) / self._rows_of_scatter
        self._whiten = np.asarray(np.linalg.inv(scatter), np.float64)
        self._white = wide @ self._whiten
        self._ranked = [_Ranked(self._reference, self._reference_strata, self._groups) for _ in range(2)]

    def update(self, values: Matrix, strata: Strata, log_threshold: float) -> Sequence[Crossing]:
        """Takes (n, a) values and their strata (n, 1) in order; see `Detector`."""
        self._log_threshold = log_threshold
        crossings: list[Crossing] = []
        kept = np.flatnonzero(strata[:, 0] >= 0)
        some = _Some(values[kept].astype(np.float32), strata[kept, 0], self._rows + kept)
        first = self._rows
        while len(some.rows):
            watching = self._returning is None
            taken = self._watch(some, crossings, first) if watching else self._look_for_the_end(some, crossings, first)
            some = some.after(taken)
        self._rows = first + len(values)
        return crossings

    def _watch(self, some: "_Some", crossings: list[Crossing], first: int) -> int:
        """Bets on values up to an alarm, the end of the epoch, or the row at which there is enough to say; says how
        many it took."""
        lacking = self._min_exchanges - self._compared
        some = some.until(EPOCH - self._count if lacking <= 0 else min(EPOCH - self._count, lacking))
        log_e, news = self._bet(some)
        e, begun = np.exp(log_e), self._runs.state
        reached = np.flatnonzero(self._runs.over(e, e * news) >= np.exp(self._log_threshold))[:1]
        if len(reached):
            some = some.until(int(reached[0]) + 1)
            taken = len(some.rows)
            self._runs.go_on(begun, self._count)
            self._runs.over(e[:taken], (e * news)[:taken])
        self._keep(some, log_e)
        self._compared += len(some.rows)
        row = int(some.rows[-1])
        if len(reached):
            self._enter_move(row)
        if len(reached) or self._compared == self._min_exchanges:
            crossings.append(Crossing(row=row - first, reading=self.reading()))
        if self._count == EPOCH and not len(reached):
            self._past, self._past_strata = self._live.copy(), self._live_strata.copy()
            self._epoch += 1
            self._start()
        return len(some.rows)

    def _bet(self, some: "_Some") -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(n, bets) the log of what bets pay for values in order, and 1 where they were made; and learns from them."""
        wide = some.values.astype(np.float64)
        log_e, news = np.zeros((len(wide), len(_WEIGHTS))), np.zeros((len(wide), len(_WEIGHTS)))
        for m, matched in enumerate(self._matched):
            at = slice(m * _SIZES, (m + 1) * _SIZES)
            log_e[:, at], news[:, at] = self._match(matched, wide, some.strata)
        rows, u = self._rank(wide, some)
        z = ndtri(np.minimum(np.maximum(u, 1e-6), 1 - 1e-6))[:, :, None]
        gained = (STAKES * z - STAKES**2 / 2).reshape(len(rows), _RANKED)
        for parity in range(2):
            own, at = (
                (self._count + rows) % 2 == parity,
                slice(_MATCHED + parity * _RANKED, _MATCHED + (parity + 1) * _RANKED),
            )
            log_e[rows[own], at], news[rows[own], at] = gained[own], 1.0
        return log_e, news

    def _keep(self, some: "_Some", log_e: NDArray[np.float64]) -> None:
        """Remembers values of the epoch, and the latest gains."""
        after = self._count + len(some.rows)
        self._live[self._count : after], self._live_strata[self._count : after] = some.values, some.strata
        self._count = after
        latest = np.flatnonzero(some.rows > some.rows[-1] - MEMORY)
        places = some.rows[latest] % MEMORY
        self._memory[places], self._places[places] = log_e[latest], some.rows[latest]

    def _look_for_the_end(self, some: "_Some", crossings: list[Crossing], first: int) -> int:
        """Takes values up to the end of the move; says how many."""
        assert self._returning is not None
        scores = (some.values.astype(np.float64) * self._move).sum(axis=1)[:, None]
        ends = [c.row for c in self._returning.update(scores, some.strata[:, None], self._log_threshold)]
        taken = ends[0] + 1 if ends else len(scores)
        self._compared += taken
        if ends:
            self._returning, self._onset = None, -1
            self._move = np.zeros(len(self._prior))
            self._epoch += 1
            self._start()
            crossings.append(Crossing(row=int(some.rows[taken - 1]) - first, reading=self.reading()))
        return taken

    def _match(
        self, matched: "_Matched", values: NDArray[np.float64], strata: NDArray[np.int32]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(n, sizes) the log of what the matched bets pay for values in order, and 1 where they were made."""
        log_e, news = np.zeros((len(values), _SIZES)), np.zeros((len(values), _SIZES))
        met = [(i, some) for i, s in enumerate(strata.tolist()) if (some := matched.take(s))]
        if not met:
            return log_e, news
        rows, size = np.array([i for i, _ in met]), np.array([len(some) for _, some in met])
        partners, bounds = np.concatenate([some for _, some in met]), np.cumsum(size) - size
        x, y = values[rows], self._reference[partners].astype(np.float64)
        apart = x - np.add.reduceat(y, bounds, axis=0) / size[:, None]
        earlier = np.cumsum(np.concatenate([matched.apart[None], apart]), axis=0)
        doubt = np.cumsum(np.concatenate([[matched.doubt], 1 + 1 / size]))
        matches = matched.count + np.arange(len(rows))
        mean = earlier[:-1] / np.maximum(matches, 1)[:, None]
        variance = (doubt[:-1] / np.maximum(matches, 1) ** 2)[:, None]
        known = matches > 0
        wx = rowwise_product(x, self._whiten)
        pull = (wx * x).sum(axis=1) / self._rows_of_scatter
        across = (np.repeat(wx, size, axis=0) * y).sum(axis=1)
        for j, prior in enumerate(self._sizes):
            move = prior / (prior + variance) * mean
            own = (move * wx).sum(axis=1) / (1 + pull)
            others = (np.repeat(move, size, axis=0) * self._white[partners]).sum(axis=1)
            others -= np.repeat(own, size) * across / self._rows_of_scatter
            ahead = np.add.reduceat(np.exp(np.clip(others - np.repeat(own, size), -_FAR, _FAR)), bounds)
            log_e[rows[known], j] = (np.log(size + 1) - np.log1p(ahead))[known]
        news[rows[known]] = 1.0
        matched.apart, matched.doubt, matched.count = earlier[-1], float(doubt[-1]), matched.count + len(rows)
        return log_e, news

    def _rank(self, values: NDArray[np.float64], some: "_Some") -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """(m,) the values in order that are ranked, and (m, sizes) their ranks along the directions of the time."""
        ranked: list[int] = []
        places: list[tuple[NDArray[np.int64], NDArray[np.int64], int]] = []
        for i, (x, stratum) in enumerate(zip(values, some.strata.tolist(), strict=True)):
            parity = (self._count + i) % 2
            place = self._ranked[parity].rank(x, stratum, self._sizes)
            if place is not None:
                ranked.append(i)
                places.append(place)
            self._ranked[1 - parity].learn(x, stratum)
        if not ranked:
            return np.zeros(0, np.int64), np.zeros((0, _SIZES))
        less, upto, size = (np.array(each) for each in zip(*places, strict=True))
        ties = uniform_at(some.rows[ranked], _SIZES, seed=self._seed)
        return np.array(ranked), (less + ties * (upto - less)) / size[:, None]

    def _evidence(self) -> float:
        return float(self._runs.now @ _WEIGHTS)

    def _enter_move(self, row: int) -> None:
        best = int(np.argmax(self._runs.now))
        rows = np.arange(max(row + 1 - MEMORY, 0), row + 1)
        kept = rows[self._places[rows % MEMORY] == rows][-self._count :]
        gain = self._memory[kept % MEMORY, best].astype(np.float64)
        onset = int(np.argmax(np.cumsum(gain[::-1])[::-1]))
        self._onset = int(kept[onset])
        # The rows since the onset stand at the end of the epoch's, one for each memory kept.
        since = slice(self._count - (len(kept) - onset), self._count)
        learned = ~self._held_out()
        moved = _Ranked(self._reference[learned], self._reference_strata[learned], self._groups)
        for x, s in zip(self._live[since].astype(np.float64), self._live_strata[since].tolist(), strict=True):
            moved.learn(x, s)
        found = moved.shift()
        if found is not None:
            shift, variance = found
            size = self._sizes[-1]
            self._move = size / (size + variance) * shift
        self._returning = self._return_test()
        self._returning.start_moved(self._log_threshold)

    def _held_out(self) -> NDArray[np.bool_]:
        """(n,) half of the reference, at random."""
        return np.random.default_rng([self._seed, self._epoch, 1]).random(len(self._reference)) < 0.5

    def _return_test(self) -> ConformalMartingale:
        rows = self._held_out()
        scores = (self._reference[rows].astype(np.float64) * self._move).sum(axis=1)[:, None]
        strata = self._reference_strata[rows, None]
        bags = Bags.fit(scores, strata, self._groups, seed=self._seed)
        bets = shift_and_spread(np.zeros(1, np.int8))
        return ConformalMartingale(bags=bags, bets=bets, seed=self._seed, return_factor=self._return_factor)

    def _level(self) -> Level:
        if self._returning is not None:
            return Level.MOVED
        return Level.STEADY if self._compared >= self._min_exchanges else Level.INSUFFICIENT

    def reading(self) -> Reading:
        with np.errstate(divide="ignore"):
            evidence = float(np.log10(self._evidence()))
        moved = self._returning is not None
        return Reading(
            evidence=evidence,
            threshold=float(self._log_threshold / np.log(10)),
            level=self._level(),
            n=self._compared,
            by_column=np.array([evidence]),
            direction=np.ones(1, np.int8),
            samples=np.array([self._compared], np.int64),
            onset=self._onset if moved else None,
            move=self._move.copy() if moved else None,
        )

    def remembered(self, column: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:  # noqa: ARG002 - there is one
        """See `Detector`. Ranks along the direction as learned before each value, from what a bet on them paid. None of
        values in a move: the direction that is held then is another, and would look like another change."""
        rows = np.sort(self._places[self._places >= max(self._rows - MEMORY, 0)])
        gain = self._memory[(rows % MEMORY)[:, None], _LAST_RANKED].astype(np.float64)
        stake = STAKES[-1]
        ranks = ndtr((gain.sum(axis=1) + stake**2 / 2) / stake)
        return rows, np.where((gain != 0).any(axis=1), ranks, np.nan)

    def snapshot(self) -> Snapshot:
        moving = {} if self._returning is None else self._returning.snapshot()
        return {
            "live": self._live[: self._count].copy(),
            "live_strata": self._live_strata[: self._count].copy(),
            "past": self._past.copy(),
            "past_strata": self._past_strata.copy(),
            "runs": np.vstack(self._runs.state),
            "memory": self._memory.copy(),
            "places": self._places.copy(),
            "move": self._move.copy(),
            "scalars": np.array([self._rows, self._compared, self._epoch, self._onset], np.int64),
            "reals": np.array([self._log_threshold]),
            **{f"returning.{name}": array for name, array in moving.items()},
        }

    def restore(self, snapshot: Snapshot) -> None:
        self._past, self._past_strata = snapshot["past"].copy(), snapshot["past_strata"].copy()
        self._rows, self._compared, self._epoch, self._onset = (int(x) for x in snapshot["scalars"])
        self._start()
        # The sums and bags are what the same rows made of them before: the same numbers in the same order.
        live, strata = snapshot["live"], snapshot["live_strata"]
        if len(live):
            replayed = _Some(live, strata, np.arange(len(live)))
            self._keep(replayed, self._bet(replayed)[0])
        self._runs.go_on((snapshot["runs"][0].copy(), snapshot["runs"][1:].copy()), self._count)
        self._memory, self._places = snapshot["memory"].copy(), snapshot["places"].copy()
        self._move = snapshot["move"].copy()
        self._log_threshold = float(snapshot["reals"][0])
        prefix = "returning."
        moving = {name.removeprefix(prefix): a for name, a in snapshot.items() if name.startswith(prefix)}
        self._returning = None
        if moving:
            self._returning = self._return_test()
            self._returning.restore(moving)


@dataclass(frozen=True, slots=True)
class _Some:
    """Values that are compared, in order, with their strata and rows."""

    values: NDArray[np.float32]
    strata: NDArray[np.int32]
    rows: NDArray[np.int64]

    def until(self, count: int) -> "_Some":
        return _Some(self.values[:count], self.strata[:count], self.rows[:count])

    def after(self, count: int) -> "_Some":
        return _Some(self.values[count:], self.strata[count:], self.rows[count:])


@dataclass(slots=True)
class _Matched:
    """One run of matches: the rows of each stratum that were not met yet, the sum of how far values stood from those
    that they met, how many values met some, and the sum of the variances, in those of one value."""

    pool: list[list[int]]
    apart: NDArray[np.float64]
    most: int
    count: int = 0
    doubt: float = 0.0

    def take(self, stratum: int) -> list[int]:
        """Rows that the next value of the stratum meets."""
        pool = self.pool[stratum]
        count = min(len(pool), max(1, min(round(len(pool) * SHARE), self.most)))
        taken = pool[len(pool) - count :]
        del pool[len(pool) - count :]
        return taken


class _Ranked:
    """A bag of values per stratum, growing, and sums of other values against it. All sums are kept as they go."""

    def __init__(self, values: NDArray[np.float32], strata: NDArray[np.int32], groups: int) -> None:
        a = values.shape[1]
        self._rows: list[NDArray[np.float32]] = []
        self._sums, self._counts = np.zeros((groups, a)), [0] * groups
        self._learned, self._weights = np.zeros((groups, a)), [0] * groups
        for s in range(groups):
            own = values[strata == s]
            self._rows.append(np.concatenate([own, np.zeros((max(64, len(own)), a), np.float32)]))
            self._sums[s], self._counts[s] = own.astype(np.float64).sum(axis=0), len(own)
        # How far the others stand from the bag, in sum: of each stratum and of all that both know.
        self._apart, self._apart_of = np.zeros(a), np.zeros((groups, a))
        self._n, self._n_of, self._doubt, self._doubt_of = 0, [0] * groups, 0.0, [0.0] * groups

    def learn(self, x: NDArray[np.float64], stratum: int) -> None:
        """Takes in a value that is none of the bag's."""
        self._learned[stratum] += x
        self._weights[stratum] += 1
        self._sum_up(stratum)

    def shift(self) -> tuple[NDArray[np.float64], float] | None:
        """How far the values learned stand from the bag's, on average over strata that both know, and the variance of
        that; None while there are too few."""
        n = self._n
        return None if n < _LEAST_LEARNED else (self._apart / n, 1 / n + self._doubt / n**2)

    def rank(
        self, x: NDArray[np.float64], stratum: int, sizes: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], int] | None:
        """Takes a value into the bag; (sizes,) of its stratum's values, how many lie under it along the direction of
        each of `sizes`, and how many do not lie over it; and how many there are. None while too little is known."""
        n = self._counts[stratum]
        if n == len(self._rows[stratum]):
            self._rows[stratum] = np.concatenate([self._rows[stratum], np.zeros_like(self._rows[stratum])])
        self._rows[stratum][n] = x
        self._sums[stratum] += x
        self._counts[stratum] = n = n + 1
        self._sum_up(stratum)
        found = self.shift()
        if found is None or n < _LEAST_RANKED:
            return None
        shift, variance = found
        direction = sizes / (sizes + variance) * shift
        scores = direction.astype(np.float32) @ self._rows[stratum][:n].T
        own = scores[:, -1:]
        return np.add.reduce(scores < own, axis=1), np.add.reduce(scores <= own, axis=1), n

    def _sum_up(self, stratum: int) -> None:
        """Puts a stratum that has changed into the sums of all."""
        count, weight = self._counts[stratum], self._weights[stratum]
        if count < _LEAST_BAG or not weight:
            return
        share = weight / count
        apart = self._learned[stratum] - share * self._sums[stratum]
        self._apart += apart
        self._apart -= self._apart_of[stratum]
        self._n += weight - self._n_of[stratum]
        self._doubt += share * weight - self._doubt_of[stratum]
        self._apart_of[stratum], self._n_of[stratum], self._doubt_of[stratum] = apart, weight, share * weight
