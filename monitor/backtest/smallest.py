"""The smallest change of each signal that a stream of some length would have shown: an approximation.

A change is modelled on the baseline itself. A signal that moves by `d` has normal scores of its ranks shifted by `d`:
each baseline value is given the weight that its rank interval has under that shift. Each bet then grows by the weighted
mean of its log pay; where ranks are continuous that is s d - s^2 / 2 at stake s, at best d^2 / 2. A yes-or-no signal
changes its share of yes instead, also from none. The change is seen when one bet, alone, has grown by
log(threshold / weight of the bet) within the m exchanges that it lasts.

The bag learns what it sees, so with a baseline of N values a lasting change fades as N / (N + t); over m exchanges its
mean is N / m log(1 + m / N) of what it was. The best m up to the number of exchanges seen counts.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from monitor.baseline import Baseline
from monitor.interfaces import Column, Harm, Role, Strata
from monitor.report import ChannelReport
from monitor.stats.bets import Bets, shift_and_spread
from monitor.stats.means import column_means
from monitor.stats.ranks import Ranks

ASKED_FIRST = ("refusal", "answer_length", "language_kept", "finish_length", "repetition")
"""What people ask about first: shown before the rest."""

_LOG, _LOG_1P, _PARTS = "log(", "log(1 + ", ("0/1", "share", "score")
_MOST_ROWS = 4_000
_GRID = np.geomspace(0.02, 4.0, 64)
_LASTING = 0.5 ** np.arange(6)


class Smallest(msgspec.Struct, frozen=True, kw_only=True):
    """The smallest change of a signal that would have been seen: from `baseline` to `changed` (means in `unit`), and
    `spreads` of the baseline; None where no change would have been seen, or where the baseline has no spread. `move`
    says it in words. A signal with a direction of harm is shown in that one, others in the one seen sooner."""

    signal: str
    unit: str
    move: str
    n: int
    baseline: float | None
    changed: float | None
    spreads: float | None


class _Values(NamedTuple):
    """One signal, of the n rows that are compared: its values, the interval of ranks that each value has in its
    stratum, the (n, b) log pays of that interval, the number of strata, and the spread around what prompts let one
    expect."""

    values: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    pays: NDArray[np.float64]
    strata: int
    spread: float


def smallest(baseline: Baseline, seen: ChannelReport) -> list[Smallest]:
    """Of every signal, for the threshold and the numbers of values that `seen` has. Seconds at most."""
    columns, known = baseline.gauge.columns(Role.SIGNAL), baseline.known
    bets = shift_and_spread(np.array([c.harm for c in columns], np.int8))
    set_aside = ~known.supported[:, None] | np.isnan(known.residuals)
    rows = np.unique(np.linspace(0, len(baseline.ids) - 1, _MOST_ROWS).astype(int))
    residuals, strata = known.residuals[rows], np.where(set_aside, np.int32(-1), known.strata)[rows]
    spread = np.sqrt(column_means(np.square(baseline.signals - known.expected), none=0.0))
    out = []
    for i, (column, report) in enumerate(zip(columns, seen.columns, strict=True)):
        compared = strata[:, i] >= 0
        low, high = _intervals(residuals[compared, i], strata[compared, i])
        pays = np.log(bets.pay(Ranks(low[:, None], high[:, None])))[:, 0]
        groups = len(np.unique(strata[compared, i]))
        values = _Values(baseline.signals[rows, i][compared], low, high, pays, groups, float(spread[i]))
        needed = seen.threshold_log10 * math.log(10) - np.log(bets.weights[i])
        out.append(_of(column, values, _Question(bets, needed, int((~set_aside[:, i]).sum()), report.samples)))
    return out


def _intervals(values: NDArray[np.float64], strata: Strata) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(n,) and (n,): the share of its stratum that lies below each value, and at or below it."""
    low, high = np.zeros((2, len(values)))
    for group in np.unique(strata):
        rows = strata == group
        _, place, counts = np.unique(values[rows], return_inverse=True, return_counts=True)
        upto = np.cumsum(counts)
        low[rows], high[rows] = (upto - counts)[place] / upto[-1], upto[place] / upto[-1]
    return low, high


def shown(all_of_them: Sequence[Smallest], most: int) -> list[Smallest]:
    """Those that people ask about first, then those seen at the smallest change; at most `most` of each."""
    by_name = {s.signal: s for s in all_of_them}
    first = [by_name[name] for name in ASKED_FIRST if name in by_name][:most]
    rest = [s for s in all_of_them if s.spreads is not None and s not in first]
    return first + sorted(rest, key=lambda s: abs(s.spreads or 0.0))[:most]


def number(x: float | None, unit: str) -> str:
    """Means of logarithms as the numbers they stand for, shares in per cent, others as they are; without the unit."""
    if x is None:
        return "–"
    if unit.startswith(_PARTS):
        return f"{x:.2%}" if 0 < abs(x) < 0.005 else f"{x:.1%}"
    x = math.expm1(x) if unit.startswith(_LOG_1P) else math.exp(x) if unit.startswith(_LOG) else x
    return f"{x:,.0f}" if abs(x) >= 100 else f"{x:.3g}"


def unit_of(unit: str) -> str:
    """The unit in which `number` gives it; "" where it says it itself."""
    if unit.startswith(_PARTS):
        return ""
    return unit.removeprefix(_LOG_1P).removeprefix(_LOG).removesuffix(")") if unit.startswith(_LOG) else unit


def readable(x: float | None, unit: str) -> str:
    """A number with its unit."""
    return number(x, unit) if x is None else f"{number(x, unit)} {unit_of(unit)}".rstrip()


class _Question(NamedTuple):
    """The bets, the log growth that each bet on this signal needs, values of the signal in the baseline and seen."""

    bets: Bets
    needed: NDArray[np.float64]  # (b,)
    baseline: int
    n: int

    def spans(self) -> list[tuple[float, float]]:
        """Numbers of values that a change may last, each with the part of it that is not yet learned, on average."""
        lasting = [self.n * share for share in _LASTING if self.n * share >= 1]
        return [(m, self.baseline / m * math.log1p(m / self.baseline)) for m in lasting]


def _of(column: Column, compared: _Values, asked: _Question) -> Smallest:
    values = compared.values
    mean = float(values.mean()) if len(values) else None
    find = _share_of_yes if column.unit == "0/1" else _shift_of_ranks
    found: list[tuple[float, int]] = []
    if mean is not None and asked.n and (column.unit == "0/1" or np.ptp(values) > 0):
        directions = [int(column.harm)] if column.harm is not Harm.NONE else [1, -1]
        found = [(change, d) for d in directions if (change := find(compared, asked, d)) is not None]
    change, direction = min(found, key=lambda f: abs(f[0]), default=(None, int(column.harm)))
    return Smallest(
        signal=column.name,
        unit=column.unit,
        move="" if not direction else column.rise if direction > 0 else column.fall,
        n=asked.n,
        baseline=mean,
        changed=None if change is None or mean is None else mean + change,
        spreads=None if change is None or not compared.spread > 0 else change / compared.spread,
    )


def _share_of_yes(compared: _Values, asked: _Question, direction: int) -> float | None:
    """The change of the share of yes. A bet grows by q log(pay of a yes) + (1 - q) log(pay of a no). A new value of the
    kind that becomes more frequent counts itself in its stratum, so that also what never was has a rank."""
    yes, n = float(compared.values.sum()), len(compared.values)
    share, whole = yes / n, n + compared.strata
    p_no = (n - yes) / whole if direction > 0 else (n - yes + compared.strata) / whole
    pays = np.log(asked.bets.pay(Ranks(np.array([[p_no], [0.0]]), np.array([[1.0], [p_no]]))))[:, 0]
    slope = pays[0] - pays[1]
    best: float | None = None
    for m, left in asked.spans():
        with np.errstate(divide="ignore", invalid="ignore"):
            q = share + ((asked.needed / m - pays[1]) / slope - share) / left
        fit = q[(slope * direction > 0) & (q >= 0) & (q <= 1) & ((q - share) * direction > 0)]
        best = _nearer(best, min((fit - share).tolist(), key=abs, default=None))
    return best


def _shift_of_ranks(compared: _Values, asked: _Question, direction: int) -> float | None:
    """The change of the mean under the smallest shift of the normal scores that grows enough."""
    low, high, values = compared.low, compared.high, compared.values
    inner, outer = ndtri(low)[:, None], ndtri(high)[:, None]
    shifts = direction * _GRID
    weight = (ndtr(outer - shifts) - ndtr(inner - shifts)) / (high - low)[:, None]
    weight /= weight.sum(axis=0)
    growth, change = weight.T @ compared.pays, values @ weight - values.mean()
    best: float | None = None
    for m, left in asked.spans():
        enough = _first_root(_GRID, (growth * m - asked.needed).max(axis=1))
        if enough is not None and enough / left <= _GRID[-1]:
            best = _nearer(best, float(np.interp(enough / left, _GRID, change)))
    return best


def _first_root(x: NDArray[np.float64], y: NDArray[np.float64]) -> float | None:
    """Where y first reaches 0, between two points by a straight line; None where it never does."""
    reached = np.flatnonzero(y >= 0)
    if not len(reached):
        return None
    i = int(reached[0])
    return float(x[0]) if i == 0 else float(np.interp(0.0, y[i - 1 : i + 1], x[i - 1 : i + 1]))


def _nearer(a: float | None, b: float | None) -> float | None:
    return min((x for x in (a, b) if x is not None), key=abs, default=None)
