"""The space finds the directions in which models differ, keeps a prior for the others, and pools what is known."""

import numpy as np
import pytest

from monitor.stats.space import AXES, Space

Q = 30
NAMES = [*(f"f{i}" for i in range(Q - 5)), *(f'"w{i}"' for i in range(5))]


def models(seed, count, n=300, size=1.5):
    """Models differ along two directions only; within one, all features are correlated and of unlike spreads."""
    rng = np.random.default_rng(7)  # the same world for all seeds
    mix, spreads = rng.normal(size=(Q, Q)) / 6 + np.eye(Q), np.exp(rng.normal(size=Q))
    directions = rng.normal(size=(2, Q))
    rng = np.random.default_rng(seed)
    return [((rng.normal(size=(n, Q)) @ mix) + size * rng.normal(size=2) @ directions) * spreads for _ in range(count)]


def test_models_stand_further_apart_along_the_first_axes_than_along_any_feature():
    space = Space.learn(NAMES, models(0, 12))
    a, b = (space.place(m) for m in models(1, 2))
    apart = np.abs(a.mean(axis=0) - b.mean(axis=0))
    assert a[:, :2].std(axis=0) == pytest.approx(1, abs=0.25), "answers of one model spread by 1"
    raw_a, raw_b = models(1, 2)
    by_feature = np.abs(raw_a.mean(axis=0) - raw_b.mean(axis=0)) / raw_a.std(axis=0)
    assert apart[:2].max() > 1.5 * by_feature.max()
    assert space.prior[0] > 2 * space.prior[2], "they differ along two"


def test_the_prior_is_the_variance_of_the_move_between_two_models():
    space = Space.learn(NAMES, models(2, 40))
    moves = []
    for seed in range(60):
        a, b = (space.place(m).mean(axis=0) for m in models(100 + seed, 2))
        moves.append((a - b)[0])
    assert np.mean(np.square(moves)) == pytest.approx(space.prior[0], rel=0.5)


def test_lift_turns_a_move_back_into_the_features_that_made_it():
    space = Space.learn(NAMES, models(3, 20))
    a, b = models(4, 2, n=4_000)
    move = space.place(a).mean(axis=0) - space.place(b).mean(axis=0)
    features = (a.mean(axis=0) - b.mean(axis=0)) / space.scale
    found = space.lift @ move
    assert np.corrcoef(found, features)[0, 1] > 0.9


def test_what_does_not_apply_is_as_on_average_and_outliers_are_bounded():
    space = Space.learn(NAMES, models(5, 4))
    assert space.place(np.full((3, Q), np.nan)) == pytest.approx(0)
    wild = np.full((1, Q), 1e9)
    assert np.abs(space.place(wild)).max() < 1e3


def test_a_row_does_not_depend_on_its_batch():
    space = Space.learn(NAMES, models(6, 4))
    x = models(7, 1)[0]
    whole = space.place(x)
    for cut in (1, 7, 31, 33):
        parts = np.vstack([space.place(x[i : i + cut]) for i in range(0, len(x), cut)])
        assert np.array_equal(parts, whole)


def test_what_is_known_elsewhere_is_pooled():
    """Two siblings hardly show how models differ; with what twelve others showed, the first axes are theirs."""
    known = Space.learn(NAMES, models(8, 12))
    few = models(9, 2, size=0.1)
    alone, pooled = Space.learn(NAMES, few), Space.learn(NAMES, few, known=known)
    assert pooled.models == 14

    def seen(space):
        a, b = (space.place(m).mean(axis=0) for m in models(10, 2))
        return np.abs(a - b)[:2].max()

    assert seen(pooled) > 1.2 * seen(alone)
    other = Space.learn([f"x{i}" for i in range(Q)], models(11, 3), known=known)
    assert len(other.names) == Q, "a space of other features says nothing, and does no harm"


def test_survives_its_arrays_to_32_bits():
    space = Space.learn(NAMES, models(12, 5))
    again = Space.from_arrays(space.arrays())
    x = models(13, 1)[0]
    assert again.place(x) == pytest.approx(space.place(x), abs=1e-4)
    assert (again.names, again.words, again.columns) == (space.names, tuple(f"w{i}" for i in range(5)), space.columns)
    assert len(again.prior) <= AXES


@pytest.mark.parametrize("few", [[], models(0, 1), [m[:10] for m in models(0, 3)]])
def test_too_few_models_or_answers_are_refused(few):
    with pytest.raises(ValueError, match="two models"):
        Space.learn(NAMES, few)
