"""Conformal test martingales in Shiryaev-Roberts form over many columns, with an end as well as a beginning."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from monitor.interfaces import Crossing, Level, Matrix, Reading, Snapshot, Strata
from monitor.stats.bets import Bets
from monitor.stats.ranks import WORD, Bags, Ranks, count, ranks, seen_before
from monitor.stats.runs import Runs
from monitor.stats.uniform import uniform_at

SETTLE = 256
"""Exchanges between two settled copies of the bag; the copy before the last is what a move is undone to."""

MANY = 4_000
"""Groups of all columns, from which on so much room would be wanted to rank a whole block that parts cost less."""

DOUBT = 16.0
"""Counts of a move start as if so many of its values had fallen as before it."""

MEMORY = 1_024
"""Latest ranks kept to place the onset of a move."""


class ConformalMartingale:
    """Evidence that values stopped being exchangeable with the baseline's, within strata.

    Every value gets its conformal rank within its stratum (see `stats.ranks`): while behaviour is unchanged, ranks are
    independent and uniform, exactly, at any baseline size and for any order of strata. Each column is bet on with
    several bets (`stats.bets`); each bet runs R = (R + 1) e, and the weighted mean of all R is the statistic. While
    nothing has changed its expectation grows by at most one per exchange, so the mean run to a false alarm is at least
    the threshold (Shiryaev-Roberts e-detector: Shin, Ramdas and Rinaldo, arXiv 2203.03532; conformal test
    martingales: Vovk et al., arXiv 2102.10439). A value that tells nothing (NaN, stratum -1, or
    the only value there is) leaves R as it was.

    With `tolerance` (k,), shifts of a column's mean by up to so many of its spreads are no move: its bag learns
    nothing, its bets on shifts pay less by what such a shift, and the baseline's own error, would win them on average
    (two standard errors: a margin, not exact), and its spread is not bet on.

    Without `learns` the bag is no sample but a law that is given, and stays as it is.

    At an alarm the bag is set back to how it stood before the move and learns nothing while the move lasts. The move is
    over when values fall as they did before it: with e' = chance of a value by the bag / chance of it by what the move
    has shown so far (an e-value while the move goes on; geometric mean over the columns that carried the alarm),
    Q = (Q + 1) e' reaches `return_factor` times the threshold. So a move that goes on is called over so many times less
    often than one is made up.
    What the move shows is a table of counts where values are atoms, else the column's bets, which are densities of
    ranks, each weighed by what it has won.

    State is bounded: four tables of counts, R, and the last MEMORY ranks. Cost: about half a microsecond per value in
    blocks of SETTLE rows, a microsecond in blocks of 32.
    """

    def __init__(
        self,
        *,
        bags: Bags,
        bets: Bets,
        seed: int,
        min_exchanges: int = 30,
        return_factor: float = 50.0,
        tolerance: NDArray[np.float64] | None = None,
        learns: bool = True,
    ) -> None:
        self._bags, self._bets, self._seed = bags, bets, seed
        self._min_exchanges, self._return_factor = min_exchanges, return_factor
        _, self._k, _ = bags.mass.shape
        tolerance = np.zeros(self._k) if tolerance is None else tolerance
        self._learns = (tolerance <= 0) & learns
        self._price = bets.price_of(tolerance, bags.mass.sum(axis=2)) if (tolerance > 0).any() else None
        self._most_rows = SETTLE if bags.own.size < MANY else WORD
        self._mass = bags.mass.copy()
        self._settled = np.stack([bags.mass, bags.mass])
        self._runs = Runs(bets.weights.reshape(-1))
        self._since = np.zeros_like(bags.mass)
        self._carried = np.zeros(self._k)
        self._won = np.zeros(bets.weights.shape)
        self._q = 0.0
        self._moved = False
        self._onset = -1
        self._rows, self._compared = 0, 0
        self._samples = np.zeros(self._k, np.int64)
        self._memory = np.full((2, MEMORY, self._k), np.nan, np.float32)
        self._log_threshold = np.inf
        self._drawn: tuple[int, Matrix] | None = None  # not of the state: a function of the rows' places

    def start_moved(self, log_threshold: float) -> None:
        """From the first row on only the end of a move is looked for: somebody else saw it begin."""
        self._log_threshold = log_threshold
        self._moved, self._onset = True, 0
        self._carried[:] = 1 / self._k
        self._won = np.log(self._bets.weights)

    def update(self, values: Matrix, strata: Strata, log_threshold: float) -> Sequence[Crossing]:
        """Takes (n, k) values and their strata in order. `log_threshold` is the natural log of the run length that
        the error budget allows, as known before these rows. Returns where the level changed, in order."""
        strata = np.where(np.isnan(values), np.int32(-1), strata)
        self._log_threshold = log_threshold
        crossings: list[Crossing] = []
        start = 0
        while start < len(values):
            # A block never crosses a settling point, so that the copies are taken at the same rows however cut.
            # Nor does it cross the row at which there is enough to say.
            lacking = self._min_exchanges - self._compared
            stop = min(start + SETTLE - self._rows % SETTLE, start + self._most_rows, len(values))
            stop = min(stop, start + lacking) if lacking > 0 else stop
            taken, changed = self._block(values[start:stop], strata[start:stop])
            start += taken
            if changed:
                crossings.append(Crossing(row=start - 1, reading=self.reading()))
        return crossings

    def _block(self, values: Matrix, strata: Strata) -> tuple[int, bool]:
        """Takes rows up to the first change of level; says how many it took and whether the level changed."""
        n, before = len(values), self._level()
        bins = self._bags.bins(values, strata, self._ties(n))
        u = ranks(bins, strata, self._mass, self._bags.own, learning=self._learns & (not self._moved))
        e = self._bets.pay(u)
        paid = e
        if self._price is not None:
            paid = np.where(np.isnan(u.low)[:, :, None], 1.0, e * self._price[strata, np.arange(self._k)])
        over, won = self._over(u, e, bins, strata) if self._moved else (None, None)
        taken, crossing = self._bet(u, paid, over)
        if won is not None:
            self._won = won[taken]
        self._remember(u, taken)
        if crossing is None and self._moved:
            count(self._since, bins, strata)
        elif crossing is None:
            count(self._mass, bins, np.where(self._learns, strata, np.int32(-1)))
        if crossing is Level.MOVED:
            self._enter_move()
        elif crossing is Level.STEADY:
            self._leave_move()
        elif self._rows % SETTLE == 0 and not self._moved:
            self._settled[0], self._settled[1] = self._settled[1], self._mass
        return taken, self._level() is not before

    def _ties(self, n: int) -> Matrix:
        """(n, k) uniform numbers for the next rows, drawn for all rows up to the next settling point at once."""
        first, at = self._rows - self._rows % SETTLE, self._rows % SETTLE
        if self._drawn is None or self._drawn[0] != first:
            self._drawn = first, uniform_at(np.arange(first, first + SETTLE), self._k, seed=self._seed)
        return self._drawn[1][at : at + n]

    def _over(
        self, u: Ranks, e: Matrix, bins: NDArray[np.int64], strata: Strata
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(n,) e-values against "the move goes on", and (n + 1, k, b) the log of what each bet has won before each row
        and after the last."""
        before = u.high - u.low
        alike, all_of_them = seen_before(bins, strata, self._since)
        by_atoms = (DOUBT + alike / before) / (DOUBT + all_of_them)
        logs = np.log(np.maximum(e, 1e-300))
        won = np.cumsum(np.concatenate([self._won[None], logs]), axis=0)
        weight = np.exp(won[:-1] - won[:-1].max(axis=2, keepdims=True))
        by_bets = (weight * e).sum(axis=2) / weight.sum(axis=2)
        atoms = self._bags.own[strata, np.arange(self._k)] == 1
        moved = np.log(np.where(atoms, by_atoms, by_bets))
        return np.exp(-np.where(np.isnan(before), 0.0, moved * self._carried).sum(axis=1)), won

    def _bet(self, u: Ranks, e: Matrix, over: NDArray[np.float64] | None) -> tuple[int, Level | None]:
        """Runs R (and Q over `over` while moved) over the ranks; stops at the row where the level changes."""
        e = e.reshape(len(e), -1)
        # A rank that may lie anywhere (a constant) tells nothing: R would count such values up to any threshold.
        silent = ~(u.high - u.low < 1)
        news, begun = e.copy(), self._runs.state
        news.reshape(*silent.shape, -1)[silent] = 0.0
        evidence = self._runs.over(e, news)
        taken, crossing = self._crossing(evidence) if over is None else self._return(over)
        if taken < len(e):
            self._runs.go_on(begun, self._rows)
            self._runs.over(e[:taken], news[:taken])
        return taken, crossing

    def _crossing(self, evidence: NDArray[np.float64]) -> tuple[int, Level | None]:
        reached = np.flatnonzero(evidence >= np.exp(self._log_threshold))
        return (int(reached[0]) + 1, Level.MOVED) if len(reached) else (len(evidence), None)

    def _return(self, over: NDArray[np.float64]) -> tuple[int, Level | None]:
        enough = self._return_factor * np.exp(self._log_threshold)
        for i, e in enumerate(over.tolist()):
            self._q = (self._q + 1) * e
            if self._q >= enough:
                return i + 1, Level.STEADY
        return len(over), None

    def _remember(self, u: Ranks, taken: int) -> None:
        at = self._rows % MEMORY  # of which blocks are whole parts
        self._memory[0, at : at + taken], self._memory[1, at : at + taken] = u.low[:taken], u.high[:taken]
        seen = ~np.isnan(u.low[:taken])
        self._samples += np.add.reduce(seen, axis=0, dtype=np.int64)
        self._compared += int(np.count_nonzero(seen.any(axis=1)))
        self._rows += taken

    def _enter_move(self) -> None:
        share = self._share()
        self._q, self._moved = 0.0, True
        self._onset = self._place_onset(share >= 0.1 * share.max())
        carried = share.sum(axis=1)
        carried[carried < 0.1 * carried.max()] = 0.0
        self._carried = carried / carried.sum()
        self._since[:] = 0
        self._won = np.log(np.maximum(share, 1e-300))
        self._mass = self._settled[0].copy()
        self._settled[1] = self._settled[0]

    def _leave_move(self) -> None:
        self._moved, self._q, self._onset = False, 0.0, -1
        self._runs.stop()
        self._carried[:], self._since[:], self._won[:] = 0.0, 0, 0.0

    def _place_onset(self, implicated: NDArray[np.bool_]) -> int:
        """The row after which the bets that carried the alarm won most: maximum likelihood over the last ranks."""
        last = min(self._rows, MEMORY)
        rows = np.arange(self._rows - last, self._rows)
        low, high = self._memory[:, rows % MEMORY].astype(float)
        gain = np.log(self._bets.pay(Ranks(low, high))[:, implicated]).mean(axis=1)
        return int(rows[np.argmax(np.cumsum(gain[::-1])[::-1])])

    def _share(self) -> NDArray[np.float64]:
        """(k, b) of the evidence, what each bet gives."""
        return self._runs.now.reshape(self._bets.weights.shape) * self._bets.weights

    def _level(self) -> Level:
        if self._moved:
            return Level.MOVED
        return Level.STEADY if self._compared >= self._min_exchanges else Level.INSUFFICIENT

    def reading(self) -> Reading:
        share = self._share()
        with np.errstate(divide="ignore"):
            evidence, by_column = np.log10(share.sum()), np.log10(share.sum(axis=1))
        return Reading(
            evidence=float(evidence),
            threshold=float(self._log_threshold / np.log(10)),
            level=self._level(),
            n=self._compared,
            by_column=by_column,
            direction=self._bets.direction[np.argmax(share, axis=1)],
            samples=self._samples.copy(),
            onset=self._onset if self._moved else None,
        )

    def remembered(self, column: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """See `Detector`. Where in its interval a rank lies is drawn, a constant's anywhere, for each row anew."""
        rows = np.arange(max(self._rows - MEMORY, 0), self._rows)
        low, high = self._memory[:, rows % MEMORY, column].astype(float)
        return rows, low + (high - low) * uniform_at(rows, 1, seed=~self._seed)[:, 0]

    def snapshot(self) -> Snapshot:
        return {
            "mass": self._mass.copy(),
            "settled": self._settled.copy(),
            "runs": np.vstack(self._runs.state),
            "since": self._since.copy(),
            "carried": self._carried.copy(),
            "won": self._won.copy(),
            "samples": self._samples.copy(),
            "memory": self._memory.copy(),
            "scalars": np.array([self._rows, self._compared, self._onset, int(self._moved)], np.int64),
            "reals": np.array([self._q, self._log_threshold]),
        }

    def restore(self, snapshot: Snapshot) -> None:
        self._mass, self._settled = snapshot["mass"].copy(), snapshot["settled"].copy()
        self._since, self._carried, self._won = (snapshot[name].copy() for name in ("since", "carried", "won"))
        self._samples, self._memory = snapshot["samples"].copy(), snapshot["memory"].copy()
        self._rows, self._compared, self._onset = (int(x) for x in snapshot["scalars"][:3])
        self._moved = bool(snapshot["scalars"][3])
        self._runs.go_on((snapshot["runs"][0].copy(), snapshot["runs"][1:].copy()), self._rows)
        self._q, self._log_threshold = (float(x) for x in snapshot["reals"])
