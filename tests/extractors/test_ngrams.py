"""Hashed n-grams of the user's messages."""

import numpy as np
import pytest

from monitor.batch import Batch
from monitor.extractors.ngrams import Ngrams
from monitor.records import Exchange, Message


def rows(*conversations: tuple[str, ...]) -> np.ndarray:
    """A row for each conversation, given as the texts of its user."""
    return Ngrams().measure(
        Batch(
            [
                Exchange(id="1", model="m", messages=tuple(Message("user", t) for t in turns), response="unseen")
                for turns in conversations
            ]
        )
    )


def test_rows_have_length_one_or_zero() -> None:
    length = np.linalg.norm(rows(("the tide rises twice a day",), ("x",), ("",), ("...",), ()), axis=1)
    assert length == pytest.approx([1, 1, 0, 0, 0])


def test_one_word_fills_one_bucket_and_two_words_three() -> None:
    used = np.count_nonzero(rows(("tide",), ("Tide",), ("high tide",)), axis=1)
    assert used.tolist() == [1, 1, 3]


def test_buckets_hold_the_square_root_of_the_count() -> None:
    once, pair, mixed = rows(("tide",), ("moon",), ("tide. tide tide tide moon",))
    tide, moon = np.abs(mixed[np.flatnonzero(once)]), np.abs(mixed[np.flatnonzero(pair)])
    assert (tide / moon).item() == pytest.approx(2.0)  # four times and once


def test_earlier_message_counts_half_and_the_one_before_not_at_all() -> None:
    last, earlier, oldest = rows(("tide",), ("moon",), ("wind",))
    (both,) = rows(("wind", "moon", "tide"))
    assert np.abs(both[last != 0]).item() / np.abs(both[earlier != 0]).item() == pytest.approx(2**0.5)
    assert both[oldest != 0].item() == 0


def test_like_topics_are_nearer_than_unlike_ones() -> None:
    a, b, c = rows(
        ("how does the moon move the tide",), ("when does the moon raise a tide",), ("fix this python function please",)
    )
    assert a @ b > 0.2 > abs(a @ c)


def test_signs_are_balanced() -> None:
    words = rows(*[(f"w{i}",) for i in range(400)])
    assert 150 < np.count_nonzero(words > 0) < 250
    assert np.count_nonzero(np.abs(words).sum(axis=0)) > 180  # of 256 buckets, 400 balls: about 202
