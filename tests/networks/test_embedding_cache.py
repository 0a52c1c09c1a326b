"""Vectors by a hash of the text, within bounds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.networks.cache import Cache, content_hash


def vector(number):
    return np.array([[number, -number]], np.float32)


def test_known_vectors_are_found_and_the_others_named():
    cache, out = Cache(4, 2), np.zeros((3, 2), np.float32)
    cache.add([b"a", b"b"], np.array([[1, 2], [3, 4]], np.float32))
    assert cache.find([b"b", b"?", b"a"], out) == [1]
    assert out.tolist() == [[3, 4], [0, 0], [1, 2]]
    assert (cache.hits, cache.misses, len(cache)) == (2, 1, 2)


def test_what_was_not_asked_for_longest_makes_room():
    cache, out = Cache(2, 2), np.zeros((1, 2), np.float32)
    cache.add([b"a"], vector(1))
    cache.add([b"b"], vector(2))
    assert cache.find([b"a"], out) == []
    cache.add([b"c"], vector(3))
    assert cache.find([b"b"], out) == [0]
    assert cache.find([b"a"], out) == []
    assert out.tolist() == vector(1).tolist()


@pytest.mark.parametrize("capacity", [0, 1, 3])
@given(keys=st.lists(st.integers(0, 6), max_size=40))
def test_it_never_outgrows_its_capacity_nor_mixes_vectors_up(capacity, keys):
    cache, out = Cache(capacity, 2), np.zeros((1, 2), np.float32)
    for key in keys:
        if cache.find([bytes([key])], out):
            cache.add([bytes([key])], vector(key))
        else:
            assert out.tolist() == vector(key).tolist()
        assert len(cache) <= capacity


def test_more_vectors_than_there_is_room_for():
    cache, out = Cache(2, 2), np.zeros((3, 2), np.float32)
    cache.add([b"a", b"b", b"c"], np.arange(6, dtype=np.float32).reshape(3, 2))
    assert cache.find([b"a", b"b", b"c"], out) == [0]
    assert out[1:].tolist() == [[2, 3], [4, 5]]


def test_texts_are_told_apart_and_need_not_be_valid():
    assert len({content_hash(text) for text in ("", "a", "A", "a ", "\ud800", "?")}) == 6
    assert len(content_hash("a" * 10**6)) == 16
