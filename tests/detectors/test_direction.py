"""The learned direction: false alarms within the run length, moves that no column shows, found, placed, ended."""

import numpy as np
import pytest

from monitor.detectors.direction import EPOCH, MEMORY, LearnedDirection
from monitor.interfaces import Level
from monitor.stats.opinions import adwin

A, GROUPS = 40, 4
PRIOR = np.exp(-np.arange(A) / 8.0)
MOVE = np.random.default_rng(99).normal(size=A) * np.sqrt(PRIOR) * 0.35


def values(rng, n, *, move=0.0):
    """Values whose level depends on their stratum, so that strata must not be mixed."""
    strata = rng.choice(GROUPS, n, p=[0.4, 0.3, 0.2, 0.1]).astype(np.int32)
    return rng.normal(size=(n, A)) + strata[:, None] * 0.5 + move * MOVE, strata[:, None]


def detector(rng, n_base=400, *, seed=2, **options):
    base, strata = values(rng, n_base)
    return LearnedDirection(reference=base, strata=strata[:, 0], groups=GROUPS, prior=PRIOR, seed=seed, **options)


@pytest.mark.parametrize("n_base", [100, 400])
def test_false_alarms_stay_within_the_run_length(n_base):
    """16 random baselines, 2,500 unchanged exchanges each, run length 1,000: 40 alarms are expected at most; three
    standard errors of a Poisson count above that would be a fault."""
    alarms = 0
    for seed in range(16):
        rng = np.random.default_rng([n_base, seed])
        crossings = detector(rng, n_base, seed=seed).update(*values(rng, 2_500), np.log(1_000))
        alarms += sum(c.reading.level is Level.MOVED for c in crossings)
    assert alarms <= 40 + 3 * np.sqrt(40)


def test_remembered_ranks_are_uniform_and_end_with_the_move():
    sure, since = 0, []
    for seed in range(12):
        rng = np.random.default_rng([seed, 8])
        under_test = detector(rng, seed=seed)
        under_test.update(*values(rng, 400), np.log(1e9))
        rows, ranks = under_test.remembered(0)
        assert np.array_equal(rows, np.arange(400))
        still = ranks[~np.isnan(ranks)]
        assert len(still) > 380
        assert abs(still.mean() - 0.5) < 4 / np.sqrt(12 * len(still))
        assert abs(still.var() * 12 - 1) < 0.2
        sure += adwin(still) is not None
        (moved,) = under_test.update(*values(rng, 900, move=2.0), np.log(20_000))
        rows, ranks = under_test.remembered(0)
        assert (rows[0], rows[-1]) == (1_300 - MEMORY, 400 + moved.row)
        since.append(ranks[rows >= moved.reading.onset].mean())
    assert sure <= 1
    assert np.mean(since) > 0.6


def test_a_mix_of_strata_that_turns_is_no_move():
    rng = np.random.default_rng(3)
    under_test = detector(rng)
    x, strata = values(rng, 3_000)
    last = strata[:, 0] >= 2
    assert all(c.reading.level is Level.STEADY for c in under_test.update(x[last], strata[last], np.log(20_000)))


def test_a_move_spread_over_many_columns_is_found_placed_and_ended():
    """All columns together move by 1.3 of their spread."""
    delays, misplaced, endings, cosines = [], [], [], []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        under_test = detector(rng, 500)
        parts = [values(rng, 300), values(rng, 400, move=1.5), values(rng, 500)]
        x, strata = (np.concatenate(part) for part in zip(*parts, strict=True))
        crossings = under_test.update(x, strata, np.log(20_000))
        levels = [c.reading.level for c in crossings]
        assert levels == [Level.STEADY, Level.MOVED, Level.STEADY]
        moved = crossings[1]
        delays.append(moved.row - 300)
        misplaced.append(abs(moved.reading.onset - 300))
        endings.append(crossings[2].row - 700)
        cosines.append(moved.reading.move @ MOVE / np.linalg.norm(moved.reading.move) / np.linalg.norm(MOVE))
    assert np.median(delays) < 130
    assert np.median(misplaced) < 40
    assert max(endings) < 250
    assert np.median(cosines) > 0.6


def test_epochs_end_and_evidence_starts_afresh():
    rng = np.random.default_rng(4)
    under_test = detector(rng)
    under_test.update(*values(rng, EPOCH), np.log(1e9))
    assert under_test.reading().evidence == -np.inf
    assert len(under_test.snapshot()["past"]) == EPOCH
    crossings = under_test.update(*values(rng, 300, move=1.5), np.log(20_000))
    assert crossings[0].reading.level is Level.MOVED


def test_values_set_aside_are_no_evidence():
    rng = np.random.default_rng(5)
    under_test = detector(rng)
    x, strata = values(rng, 300, move=3.0)
    assert under_test.update(x, np.full_like(strata, -1), np.log(20_000)) == []
    assert under_test.reading().n == 0


@pytest.mark.parametrize("seed", range(3))
def test_cuts_and_restarts_change_nothing(seed):
    rng = np.random.default_rng(seed)
    parts = [values(rng, 300), values(rng, 300, move=1.5), values(rng, 300)]
    x, strata = (np.concatenate(part) for part in zip(*parts, strict=True))
    strata[rng.random(len(strata)) < 0.1] = -1
    whole, at = detector(np.random.default_rng(50)), 0
    expected = [(c.row, c.reading.level) for c in whole.update(x, strata, np.log(20_000))]
    cut, found = detector(np.random.default_rng(50)), []
    while at < len(x):
        to = at + int(rng.integers(1, 120))
        stored = cut.snapshot()
        cut = detector(np.random.default_rng(50))
        cut.restore(stored)
        found += [(at + c.row, c.reading.level) for c in cut.update(x[at:to], strata[at:to], np.log(20_000))]
        at = to
    assert len(expected) >= 3
    assert found == expected
    final = cut.snapshot()
    for name, array in whole.snapshot().items():
        assert array.tobytes() == final[name].tobytes(), name
