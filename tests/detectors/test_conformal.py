"""The martingale: false alarms within the run length, moves found, placed and ended, and no trace of batches."""

import numpy as np
import pytest
from scipy.stats import kstest

from monitor.detectors.conformal import MEMORY, ConformalMartingale
from monitor.interfaces import Level
from monitor.stats.bets import shift_and_spread, upper_tail
from monitor.stats.ranks import Bags

K = 6


def values(rng, n, *, shift=0.0):
    """A normal, a heavy-tailed, a rare, a constant, a count and a mostly missing column; the first is shifted."""
    x = np.column_stack(
        [
            rng.normal(size=n) + shift,
            rng.standard_t(2, size=n),
            rng.random(n) < 0.01,
            np.ones(n),
            rng.poisson(1.0, n),
            np.where(rng.random(n) < 0.8, np.nan, rng.normal(size=n)),
        ]
    )
    return x, rng.integers(0, 4, size=(n, K)).astype(np.int32)


def detector(rng, n_base=300, *, seed=2, **options):
    base, strata = values(rng, n_base)
    bags = Bags.fit(base, strata, 4, seed=1)
    return ConformalMartingale(bags=bags, bets=shift_and_spread(np.zeros(K, np.int8)), seed=seed, **options)


@pytest.mark.parametrize("n_base", [80, 300, 1_000])
def test_false_alarms_stay_within_the_run_length(n_base):
    """24 random baselines, 6,000 unchanged exchanges each, run length 1,500: at most 4 alarms a stream are expected,
    96 in all; three standard errors of a Poisson count above that would be a fault."""
    alarms = 0
    for seed in range(24):
        rng = np.random.default_rng([n_base, seed])
        under_test = detector(rng, n_base, seed=seed)
        for _ in range(6):
            crossings = under_test.update(*values(rng, 1_000), np.log(1_500))
            alarms += sum(c.reading.level is Level.MOVED for c in crossings)
    assert alarms <= 96 + 3 * np.sqrt(96)


def test_a_move_is_found_placed_and_ended():
    """Over 20 streams: one spread of shift in one of six columns is found (median within 90 exchanges), placed near
    its beginning, and its end is found within 150 more."""
    delays, misplaced, endings = [], [], []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        under_test = detector(rng, 400)
        before, moved, after = values(rng, 600), values(rng, 400, shift=1.0), values(rng, 600)
        x, strata = (np.concatenate([a, b, c]) for a, b, c in zip(before, moved, after, strict=True))
        crossings = under_test.update(x, strata, np.log(200_000))
        levels = [(c.row, c.reading.level) for c in crossings]
        assert [level for _, level in levels] == [Level.STEADY, Level.MOVED, Level.STEADY]
        delays.append(levels[1][0] - 600)
        misplaced.append(abs(crossings[1].reading.onset - 600))
        endings.append(levels[2][0] - 1_000)
    assert np.median(delays) < 90
    assert max(delays) < 200
    assert np.median(misplaced) < 15
    assert max(endings) < 150


def test_a_move_that_lasts_is_one_move():
    rng = np.random.default_rng(3)
    under_test = detector(rng, 400)
    crossings = under_test.update(*values(rng, 8_000, shift=1.0), np.log(20_000))
    assert [c.reading.level for c in crossings] == [Level.STEADY, Level.MOVED]


def test_the_evidence_names_the_column_and_the_direction():
    rng = np.random.default_rng(4)
    under_test = detector(rng, 400)
    under_test.update(*values(rng, 300, shift=-1.5), np.log(20_000))
    reading = under_test.reading()
    assert reading.level is Level.MOVED
    assert np.argmax(reading.by_column) == 0
    assert reading.direction[0] == -1
    assert np.log10(np.power(10, reading.by_column).sum()) == pytest.approx(reading.evidence)


def test_a_mix_of_strata_that_turns_is_no_move():
    """Strata 100 apart, turned round from even to one alone: the ranks are within strata, so nothing happens."""
    rng = np.random.default_rng(5)
    strata = rng.integers(0, 2, size=(400, 1)).astype(np.int32)
    bags = Bags.fit(rng.normal(size=(400, 1)) + 100 * strata, strata, 2, seed=1)
    under_test = ConformalMartingale(bags=bags, bets=shift_and_spread(np.zeros(1, np.int8)), seed=2)
    turned = np.ones((5_000, 1), np.int32)
    crossings = under_test.update(rng.normal(size=(5_000, 1)) + 100, turned, np.log(20_000))
    assert [c.reading.level for c in crossings] == [Level.STEADY]


def test_a_tail_is_found_and_only_upward():
    rng = np.random.default_rng(6)
    bags = Bags.fit(rng.normal(size=(300, 1)), np.zeros((300, 1), np.int32), 1, seed=1)
    zeros = np.zeros((400, 1), np.int32)
    up, down = (ConformalMartingale(bags=bags, bets=upper_tail(1), seed=2) for _ in range(2))
    far = np.where(rng.random((400, 1)) < 0.3, 10.0, rng.normal(size=(400, 1)))
    assert up.update(far, zeros, np.log(20_000))[-1].reading.level is Level.MOVED
    assert down.update(-far, zeros, np.log(20_000))[-1].reading.level is Level.STEADY


def test_too_few_exchanges_are_insufficient():
    rng = np.random.default_rng(7)
    under_test = detector(rng, 300, min_exchanges=50)
    x, strata = values(rng, 80)
    assert under_test.reading().level is Level.INSUFFICIENT
    assert under_test.update(x[:49], strata[:49], np.log(20_000)) == []
    (crossing,) = under_test.update(x[49:], strata[49:], np.log(20_000))
    assert (crossing.row, crossing.reading.level, crossing.reading.n) == (0, Level.STEADY, 50)


def test_a_column_that_vanishes_gathers_no_evidence():
    rng = np.random.default_rng(8)
    under_test = detector(rng, 300)
    x, strata = values(rng, 3_000)
    x[:, 0] = np.nan
    under_test.update(x, strata, np.log(20_000))
    reading = under_test.reading()
    assert reading.samples[0] == 0
    assert reading.by_column[0] == -np.inf


@pytest.mark.parametrize("seed", range(4))
def test_cuts_and_restarts_change_nothing(seed):
    """The same stream in one piece, and in random pieces with a restart from a snapshot before each: equal bytes."""
    rng = np.random.default_rng(seed)
    x, strata = values(rng, 3_000)
    x[1_000:1_600, 0] += 1.5
    whole = detector(np.random.default_rng(99))
    expected = [(c.row, c.reading.level, c.reading.evidence) for c in whole.update(x, strata, np.log(20_000))]
    cut, seen, at = detector(np.random.default_rng(99)), [], 0
    while at < len(x):
        to = at + int(rng.integers(1, 400))
        stored = cut.snapshot()
        cut = detector(np.random.default_rng(99))
        cut.restore(stored)
        crossings = cut.update(x[at:to], strata[at:to], np.log(20_000))
        seen += [(at + c.row, c.reading.level, c.reading.evidence) for c in crossings]
        at = to
    assert seen == expected
    assert any(level is Level.MOVED and 1_000 < row < 1_600 for row, level, _ in expected)
    final = cut.snapshot()
    for name, array in whole.snapshot().items():
        assert np.array_equal(array, final[name], equal_nan=array.dtype.kind == "f"), name


def test_values_that_tell_nothing_gather_no_evidence():
    """Constants are the rule (no tools, no JSON, no links): counted like others, they alone would reach any threshold
    after as many exchanges as it says."""
    rng = np.random.default_rng(8)
    one = np.zeros((400, K), np.int32)
    known = np.column_stack([np.zeros((400, K - 1)), rng.normal(size=400)])
    bags = Bags.fit(known, one, 1, seed=1)
    d = ConformalMartingale(bags=bags, bets=shift_and_spread(np.zeros(K, np.int8)), seed=3)
    for _ in range(8):
        live = np.column_stack([np.zeros((4_000, K - 1)), rng.normal(size=4_000)])
        crossings = d.update(live, np.zeros((4_000, K), np.int32), np.log(200_000.0))
        assert all(c.reading.level is Level.STEADY for c in crossings)
    assert (d.reading().by_column[: K - 1] == -np.inf).all()
    live[:200, 2] = 1.0
    moved = d.update(live, np.zeros((4_000, K), np.int32), np.log(200_000.0))[0]
    assert moved.reading.level is Level.MOVED
    assert moved.row < 40
    assert np.argmax(moved.reading.by_column) == 2


def test_what_never_was_before_ends_when_it_is_gone():
    """A column that was constant in the baseline, then was not in two of three exchanges, and is constant again."""
    rng = np.random.default_rng(9)
    bags = Bags.fit(np.zeros((400, 1)), np.zeros((400, 1), np.int32), 1, seed=1)
    under_test = ConformalMartingale(bags=bags, bets=shift_and_spread(np.zeros(1, np.int8)), seed=2)
    x = np.concatenate([np.zeros(300), rng.random(200) < 0.67, np.zeros(300)])[:, None].astype(float)
    crossings = under_test.update(x, np.zeros(x.shape, np.int32), np.log(20_000))
    assert [c.reading.level for c in crossings] == [Level.STEADY, Level.MOVED, Level.STEADY]
    assert 300 <= crossings[1].row < 320
    assert 500 <= crossings[2].row < 530


def test_a_slow_drift_is_found():
    """The baseline stays in the bag for ever, so that the departure from it counts and not only the last step: one
    spread over 20,000 exchanges is found before it has come to a half."""
    for seed in range(4):
        rng = np.random.default_rng([seed, 60])
        under_test = detector(rng, 400, seed=seed)
        x, strata = values(rng, 20_000)
        x[:, 0] += np.arange(20_000) / 20_000
        moved = [c for c in under_test.update(x, strata, np.log(200_000)) if c.reading.level is Level.MOVED]
        assert 1_000 < moved[0].row < 10_000
        assert np.argmax(moved[0].reading.by_column) == 0


def test_a_change_smaller_than_the_tolerance_never_alarms_and_a_larger_one_does():
    for seed in range(4):
        for shift, alarms in ((0.2, False), (0.8, True)):
            rng = np.random.default_rng([seed, 61])
            base, strata = rng.normal(size=(500, 1)), np.zeros((500, 1), np.int32)
            under_test = ConformalMartingale(
                bags=Bags.fit(base, strata, 1, seed=1),
                bets=shift_and_spread(np.zeros(1, np.int8)),
                seed=seed,
                tolerance=np.array([0.3]),
            )
            live = rng.normal(size=(20_000, 1)) + shift
            crossings = under_test.update(live, np.zeros((20_000, 1), np.int32), np.log(20_000))
            assert any(c.reading.level is Level.MOVED for c in crossings) is alarms


def test_the_same_holds_for_a_rare_event():
    """From 2 % to 4 % with a tolerance of 3 points, and to 25 %: for rare events the margin is wide."""
    for seed in range(4):
        for rate, alarms in ((0.04, False), (0.25, True)):
            rng = np.random.default_rng([seed, 62])
            base, strata = (rng.random((500, 1)) < 0.02).astype(float), np.zeros((500, 1), np.int32)
            under_test = ConformalMartingale(
                bags=Bags.fit(base, strata, 1, seed=1),
                bets=shift_and_spread(np.ones(1, np.int8)),
                seed=seed,
                tolerance=np.array([0.03 / base.std()]),
            )
            live = (rng.random((10_000, 1)) < rate).astype(float)
            crossings = under_test.update(live, np.zeros((10_000, 1), np.int32), np.log(20_000))
            assert any(c.reading.level is Level.MOVED for c in crossings) is alarms


def test_a_given_law_is_not_learned_and_a_smaller_share_never_alarms():
    """What the channel of strange prompts asks: is their share over one in ten."""
    values = np.repeat([0.0, 1.0], [900, 100])[:, None]
    bags = Bags.fit(values, np.zeros(values.shape, np.int32), 1, seed=0)

    def alarm(share, n, seed):
        detector = ConformalMartingale(bags=bags, bets=upper_tail(1), seed=seed, learns=False)
        stream = (np.random.default_rng(seed).random((n, 1)) < share).astype(float)
        crossings = detector.update(stream, np.zeros(stream.shape, np.int32), np.log(400_000))
        return next((c.row for c in crossings if c.reading.level is Level.MOVED), n)

    assert [alarm(0.08, 20_000, seed) for seed in range(6)] == [20_000] * 6
    assert max(alarm(1.0, 100, seed) for seed in range(6)) < 15
    assert np.median([alarm(0.25, 2_000, seed) for seed in range(12)]) < 250
    assert np.median([alarm(0.15, 20_000, seed) for seed in range(6)]) < 2_500


def test_remembered_ranks_are_uniform_also_of_ties_and_constants():
    rng = np.random.default_rng(12)
    under_test = detector(rng)
    under_test.update(*values(rng, MEMORY + 300), np.log(1e12))
    for column in range(K):
        rows, ranks = under_test.remembered(column)
        assert np.array_equal(rows, np.arange(300, MEMORY + 300))
        seen = ranks[~np.isnan(ranks)]
        assert len(seen) > (150 if column == 5 else MEMORY - 1)
        assert kstest(seen, "uniform").pvalue > 1e-3


def test_many_groups_cost_less_room_and_change_nothing():
    """The same stream, with room for a thousand groups that never come: blocks are ranked in parts."""
    base, strata = values(np.random.default_rng(10), 300)
    few, many = (
        ConformalMartingale(
            bags=Bags.fit(base, strata, groups, seed=1), bets=shift_and_spread(np.zeros(K, np.int8)), seed=2
        )
        for groups in (4, 1_000)
    )
    x, strata = values(np.random.default_rng(11), 1_500)
    x[700:, 0] += 1.0
    crossings = [[(c.row, c.reading.evidence) for c in d.update(x, strata, np.log(20_000))] for d in (few, many)]
    assert len(crossings[0]) == 2
    assert crossings[0] == crossings[1]
    assert np.array_equal(few.snapshot()["runs"], many.snapshot()["runs"])
