"""The system prompt's hash: stable, and another one after any edit."""

import hashlib
import math

import pytest

HASHES = ("system_hash_0", "system_hash_1", "system_hash_2")


def test_hash_is_a_function_of_the_text(measure) -> None:
    row = measure("frame", system="Be kind.")
    digest = hashlib.blake2b(b"Be kind.", digest_size=12).digest()
    expected = [int.from_bytes(digest[i : i + 4], "little") / 2**32 for i in (0, 4, 8)]
    assert [row[name] for name in HASHES] == expected
    assert row["system_length"] == pytest.approx(math.log1p(8))


def test_any_edit_moves_every_hash(measure) -> None:
    before, after = measure("frame", system="Be kind."), measure("frame", system="Be kind!")
    assert all(before[name] != after[name] for name in HASHES)
    assert before["system_length"] == after["system_length"]


def test_no_system_prompt(measure) -> None:
    row = measure("frame", prompt="hello")
    assert row["system_length"] == 0
    assert all(math.isnan(row[name]) for name in HASHES)
