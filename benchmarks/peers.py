"""Other drift detectors, over the product's signals, one stream at a time: what `benchmarks.swaps` compares with.

Each sees a baseline, then live exchanges, as matrices (n, k) of the signals that the product measures, NaN filled with
the baseline's mean; each signal has a detector of its own and the first alarm of any is the peer's. Only alarms on live
exchanges count.

    *_default      as its authors set it, fed the baseline first
    ks_bonferroni  Kolmogorov-Smirnov, the last 100 live exchanges against the baseline, at each exchange, at 0.05 over
                   the number of signals
    *_calibrated   its threshold is the one at which the wanted share of replays alarms. A replay draws a baseline and a
                   live stream with replacement from one of the baselines that are tested, whole exchanges, so signals
                   keep their dependence. Replays of all baselines are pooled, one threshold for all: sharper than what
                   one operator could do. Where a threshold has a unit, signals are standardised by the baseline and
                   clipped at 4 standard deviations, or the signal with the heaviest tail would set it.

alibi-detect's online detectors are not among them: at a run length of 20,000 over 54 signals its Cramer-von Mises
detector asks for more than a million bootstraps to set a threshold, and refuses its default of 10,000.
"""

import copy
import importlib
import importlib.util
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from river import drift
from scipy import stats
from scipy.signal import lfilter

Matrix = NDArray[np.float64]

WINDOW = 100
REPLAYS = 400
KSWIN_RECENT = 30
PAGE_HINKLEY_DELTA, PAGE_HINKLEY_MEMORY = 0.005, 1 - 0.0001


class Peer(Protocol):
    def calibrate(self, baselines: Sequence[Matrix], length: int, chance: float, seed: int) -> None:
        """Sets thresholds so that a share `chance` of unchanged streams of `length` exchanges alarms, if it can."""

    def first_alarm(self, base: Matrix, live: Matrix) -> int | None:
        """The live exchange, counted from 1, after which the first alarm comes."""


def filled(base: Matrix, values: Matrix) -> Matrix:
    """`values` with NaN as the baseline's mean; 0 where the baseline has none."""
    seen = ~np.isnan(base)
    mean = np.where(seen, base, 0.0).sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
    return np.where(np.isnan(values), mean, values)


def standardised(base: Matrix, values: Matrix) -> Matrix:
    spread = base.std(axis=0)
    return np.asarray(np.clip((values - base.mean(axis=0)) / np.where(spread > 0, spread, 1.0), -4, 4))


def replays(baselines: Sequence[Matrix], length: int, count: int, seed: int) -> list[tuple[Matrix, Matrix]]:
    rng = np.random.default_rng(seed)
    drawn = [baselines[i % len(baselines)] for i in range(count)]
    return [(b[rng.integers(len(b), size=len(b))], b[rng.integers(len(b), size=length)]) for b in drawn]


def first(alarms: NDArray[np.bool_]) -> int | None:
    return int(np.argmax(alarms)) + 1 if alarms.any() else None


class River:
    """One of river's detectors per signal."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._fed: tuple[bytes, list[Any]] = (b"", [])

    def calibrate(self, baselines: Sequence[Matrix], length: int, chance: float, seed: int) -> None:
        pass

    def first_alarm(self, base: Matrix, live: Matrix) -> int | None:
        detectors = copy.deepcopy(self._after(base))
        for t, row in enumerate(live.tolist(), start=1):
            for detector, value in zip(detectors, row, strict=True):
                detector.update(value)
            if any(d.drift_detected for d in detectors):
                return t
        return None

    def _after(self, base: Matrix) -> list[Any]:
        """Detectors that have seen the baseline; the latest are kept, for the next stream over the same baseline."""
        key = base.tobytes()
        if self._fed[0] != key:
            detectors = [self._make() for _ in range(base.shape[1])]
            for detector, column in zip(detectors, base.T.tolist(), strict=True):
                for value in column:
                    detector.update(value)
            self._fed = key, detectors
        return self._fed[1]


class AdwinCalibrated:
    """ADWIN on standardised signals, its delta found by bisection."""

    STEPS = 7

    def __init__(self) -> None:
        self._delta = 0.002

    def calibrate(self, baselines: Sequence[Matrix], length: int, chance: float, seed: int) -> None:
        drawn = replays(baselines, length, REPLAYS, seed)
        low, high = -15.0, math.log10(0.5)
        for _ in range(self.STEPS):
            middle = (low + high) / 2
            self._delta = 10**middle
            alarms = sum(self.first_alarm(base, live) is not None for base, live in drawn)
            low, high = (middle, high) if alarms <= chance * len(drawn) else (low, middle)
        self._delta = 10**low

    def first_alarm(self, base: Matrix, live: Matrix) -> int | None:
        detectors: Callable[..., Any] = drift.ADWIN  # typed in part
        peer = River(lambda: detectors(delta=self._delta))
        return peer.first_alarm(standardised(base, base), standardised(base, live))


class Threshold:
    """A statistic of each signal after each live exchange, against one threshold."""

    def __init__(self, path: Callable[[Matrix, Matrix], Matrix], fixed: Callable[[int, int], float] | None) -> None:
        """`path(base, live)` gives (n, k). `fixed(baseline exchanges, signals)` is the threshold, None to calibrate."""
        self._path, self._fixed = path, fixed
        self._level = math.inf

    def calibrate(self, baselines: Sequence[Matrix], length: int, chance: float, seed: int) -> None:
        if self._fixed:
            self._level = self._fixed(len(baselines[0]), baselines[0].shape[1])
            return
        highest = [self._path(b, live).max() for b, live in replays(baselines, length, REPLAYS, seed)]
        self._level = float(np.quantile(highest, 1 - chance, method="higher"))

    def first_alarm(self, base: Matrix, live: Matrix) -> int | None:
        return first(np.any(self._path(base, live) > self._level, axis=1))


def page_hinkley_path(base: Matrix, live: Matrix) -> Matrix:
    """The larger of Page and Hinkley's two statistics on standardised signals, as river computes it, without resets."""
    values = standardised(base, np.vstack([base, live]))
    away = values - np.cumsum(values, axis=0) / np.arange(1, len(values) + 1)[:, None]

    def summed(x: Matrix) -> Matrix:
        return np.asarray(lfilter([1.0], [1.0, -PAGE_HINKLEY_MEMORY], x, axis=0))

    up, down = summed(away - PAGE_HINKLEY_DELTA), summed(away + PAGE_HINKLEY_DELTA)
    rise, fall = up - np.minimum.accumulate(up, axis=0), np.maximum.accumulate(down, axis=0) - down
    return np.maximum(rise, fall)[len(base) :]


def ks_path(base: Matrix, live: Matrix) -> Matrix:
    """Kolmogorov-Smirnov distance of the last WINDOW live exchanges from the baseline; 0 until there are so many."""
    out = np.zeros(live.shape)
    if len(live) < WINDOW:
        return out
    ordered = np.sort(base, axis=0)
    sides = [
        np.column_stack([np.searchsorted(ordered[:, j], live[:, j], side) for j in range(live.shape[1])]) / len(base)
        for side in ("right", "left")
    ]
    upto, below = (np.sort(sliding_window_view(side, WINDOW, axis=0), axis=2) for side in sides)
    steps = np.arange(WINDOW + 1) / WINDOW
    out[WINDOW - 1 :] = np.maximum(steps[1:] - upto, below - steps[:-1]).max(axis=2)
    return out


def ks_critical(baseline: int, signals: int) -> float:
    share = stats.kstwobign.isf(0.05 / signals)
    return float(share * math.sqrt(1 / baseline + 1 / WINDOW))


def kswin_path(base: Matrix, live: Matrix) -> Matrix:
    """KSWIN's distance: the last 30 values against 30 drawn from the 70 before them."""
    rng = np.random.default_rng(0)
    values = np.vstack([base[-(WINDOW - 1) :], live])
    out = np.zeros(live.shape)
    for t in range(WINDOW, len(values) + 1):
        window = values[t - WINDOW : t]
        recent = window[-KSWIN_RECENT:]
        both = np.vstack([recent, window[rng.choice(WINDOW - KSWIN_RECENT, KSWIN_RECENT, replace=False)]])
        order = np.argsort(both, axis=0, kind="stable")
        ordered = np.take_along_axis(both, order, axis=0)
        apart = np.abs(np.cumsum(np.where(order < KSWIN_RECENT, 1, -1), axis=0)) / KSWIN_RECENT
        last_of_ties = np.vstack([ordered[1:] > ordered[:-1], np.ones((1, both.shape[1]), bool)])
        out[t - len(values) - 1] = np.where(last_of_ties, apart, 0).max(axis=0)
    return out


class Evidently:
    """Evidently's share of drifted columns at its defaults, each 100 live exchanges against the baseline."""

    def __init__(self) -> None:
        self._pandas = importlib.import_module("pandas")
        self._evidently = importlib.import_module("evidently")
        self._metrics = importlib.import_module("evidently.metrics")

    def calibrate(self, baselines: Sequence[Matrix], length: int, chance: float, seed: int) -> None:
        pass

    def first_alarm(self, base: Matrix, live: Matrix) -> int | None:
        frames = [self._pandas.DataFrame(x, columns=[f"s{j}" for j in range(x.shape[1])]) for x in (base, live)]
        for stop in range(WINDOW, len(live) + 1, WINDOW):
            report = self._evidently.Report([self._metrics.DriftedColumnsCount()])
            result = report.run(frames[1][stop - WINDOW : stop], frames[0]).dict()
            if result["metrics"][0]["value"]["share"] >= 0.5:
                return stop
        return None


PEERS: Mapping[str, Callable[[], Peer]] = {
    "adwin_default": lambda: River(drift.ADWIN),
    "page_hinkley_default": lambda: River(drift.PageHinkley),
    "kswin_default": lambda: River(lambda: drift.KSWIN(seed=0)),
    "ks_bonferroni": lambda: Threshold(ks_path, ks_critical),
    "adwin_calibrated": AdwinCalibrated,
    "page_hinkley_calibrated": lambda: Threshold(page_hinkley_path, None),
    "kswin_calibrated": lambda: Threshold(kswin_path, None),
    "ks_calibrated": lambda: Threshold(ks_path, None),
    "evidently_default": Evidently,
}

SLOW = ("kswin_default", "evidently_default")
"""These take minutes over one split."""

NEEDS = {"evidently_default": "evidently"}


def missing(name: str) -> str | None:
    """Why a peer cannot run here; None when it can."""
    needed = NEEDS.get(name)
    absent = needed is not None and importlib.util.find_spec(needed) is None
    return f"{needed} is not installed" if absent else None
