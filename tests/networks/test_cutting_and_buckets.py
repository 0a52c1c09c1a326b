"""What is read of a long text, and which texts stand in one batch."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from monitor.networks.buckets import SLACK_SHARE, SLACK_TOKENS, buckets, padded
from monitor.networks.cutting import CHARACTERS_PER_TOKEN, edges, head_and_tail, tiles


def test_head_and_tail_stay():
    tokens = list(range(100))
    assert head_and_tail(tokens, 10) == [0, 1, 2, 3, 4, 95, 96, 97, 98, 99]
    assert head_and_tail(tokens, 5) == [0, 1, 2, 98, 99]
    assert head_and_tail(tokens, 1) == [0]
    assert head_and_tail(tokens, 100) == tokens
    assert head_and_tail([], 4) == []


def test_a_huge_text_loses_its_middle_only():
    text = "begin " + "x " * 10**6 + "end"
    cut = edges(text, 16)
    assert cut.startswith("begin x")
    assert cut.endswith("x end")
    assert len(cut) == 2 * 16 * CHARACTERS_PER_TOKEN + 1
    assert edges("short", 16) == "short"


def test_what_is_no_text_is_made_one():
    assert edges("a\ud800b", 4) == "a?b"


@given(st.lists(st.integers(1, 600), max_size=80), st.integers(1, 3000))
def test_batches_hold_every_text_once_and_pad_little(lengths, most):
    lengths = np.array(lengths, np.int64)
    batches = list(buckets(lengths, most))
    assert sorted(np.concatenate([[], *batches]).tolist()) == list(range(len(lengths)))
    for rows in batches:
        width = lengths[rows].max()
        assert len(rows) == 1 or len(rows) * width <= most
        assert (width - lengths[rows] <= SLACK_TOKENS + SLACK_SHARE * width).all()


def test_batches_are_as_full_as_they_may_be():
    sizes = [len(rows) for rows in buckets(np.array([100] * 50 + [10] * 50), 1000)]
    assert sizes == [10, 10, 10, 10, 10, 50]


def test_short_rows_are_filled_up_and_masked():
    tokens, mask = padded([[5, 6, 7], [8]], padding=9)
    assert tokens.tolist() == [[5, 6, 7], [8, 9, 9]]
    assert mask.tolist() == [[1, 1, 1], [1, 0, 0]]


@given(st.integers(0, 5000), st.integers(1, 400), st.integers(1, 12))
def test_pieces_overlap_and_miss_nothing_unless_there_are_too_many(count, width, most):
    pieces = tiles(count, width, most)
    places = [range(count)[piece] for piece in pieces]
    assert len(places) <= most
    assert places[0][:1] == range(count)[:1]
    assert len(places) == 1 or all(len(place) == width for place in places)
    whole = tiles(count, width, 10**6)
    assert whole[-1].stop == count
    assert all(left.stop - right.start >= width // 4 for left, right in pairwise(whole))
    if len(whole) <= most:
        assert pieces == whole
    elif most > 1:
        assert places[-1].stop == count
