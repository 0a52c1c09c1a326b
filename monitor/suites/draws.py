"""Draws that are the same on every machine and for ever: a keyed hash in the place of a random generator."""

import hashlib
import hmac
from collections.abc import Sequence
from typing import TypeVar

_T = TypeVar("_T")


def drawn(key: bytes, *parts: str | int) -> int:
    """A whole number from 0 to 2^64 - 1: HMAC-SHA256 of the parts. Nobody without the key can tell it beforehand."""
    said = "\x1f".join(map(str, parts)).encode()
    return int.from_bytes(hmac.digest(key, said, hashlib.sha256)[:8], "big")


def one_of(values: Sequence[_T], key: bytes, *parts: str | int) -> _T:
    """One of the values, each as likely as the others."""
    return values[drawn(key, *parts) % len(values)]


def shuffled(values: Sequence[_T], key: bytes, *parts: str | int) -> list[_T]:
    """The values in a drawn order."""
    return [values[i] for i in sorted(range(len(values)), key=lambda i: drawn(key, *parts, i))]
