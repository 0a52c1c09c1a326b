"""Repeats are found among the last 1,024 keys, as a slow search finds them, however the stream is cut."""

import numpy as np

from monitor.stats.repeats import WINDOW, Repeats, first_of_each


def slowly(keys):
    return [key in keys[max(0, i - WINDOW) : i] for i, key in enumerate(keys)]


def test_as_a_slow_search_finds_them():
    rng = np.random.default_rng(0)
    for distinct in (50, 1_000, 3_000):
        keys = rng.integers(0, distinct, 5_000).tolist()
        assert Repeats().seen(np.array(keys, np.uint64)).tolist() == slowly(keys)


def test_the_window_ends_exactly():
    others = list(range(1, WINDOW))
    assert Repeats().seen(np.array([0, *others, 0], np.uint64))[-1]
    assert not Repeats().seen(np.array([0, *others, WINDOW, 0], np.uint64))[-1]


def test_cuts_and_restarts_change_nothing():
    rng = np.random.default_rng(1)
    keys = rng.integers(0, 1_500, 6_000).astype(np.uint64)
    whole, cut, found, at = Repeats().seen(keys), Repeats(), [], 0
    while at < len(keys):
        to = at + int(rng.integers(1, 700))
        cut = Repeats.load(cut.dump())
        found += cut.seen(keys[at:to]).tolist()
        at = to
    assert found == whole.tolist()
    assert len(cut.dump()) == WINDOW
    assert len(cut._last) <= WINDOW


def test_a_shorter_window_ends_sooner():
    assert Repeats(3).seen(np.array([0, 1, 2, 0, 3, 4, 5, 0], np.uint64)).tolist() == [False] * 3 + [True] + [False] * 4


def test_first_of_each():
    assert first_of_each([5, 7, 5, 5, 9, 7]).tolist() == [0, 1, 4]
    assert first_of_each([]).tolist() == []
