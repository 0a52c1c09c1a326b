from collections import Counter

import pytest

from monitor.errors import Malformed, MalformedRecord
from monitor.formats import FORMATS
from monitor.formats.auto import AutoFormat
from monitor.records import Record

JSONL = b'{"model":"m","prompt":"p","response":"r"}'
OPENAI = b'{"request":{"model":"m","messages":[{"role":"user","content":"p"}]},"response":{"choices":[{"text":"r"}]}}'
FORMAT = "auto"


class Counted:
    """Counts the attempts at a format."""

    def __init__(self, name, attempts):
        self.name, self.attempts, self.inner = name, attempts, FORMATS[name]()

    def decode(self, record):
        self.attempts[self.name] += 1
        return self.inner.decode(record)


def test_both_formats_give_the_same_exchange():
    auto = FORMATS["auto"]()
    assert auto.decode(Record(JSONL, "p", 1)) == auto.decode(Record(OPENAI, "p", 1))


def test_the_last_that_worked_is_tried_first():
    attempts: Counter = Counter()
    auto = AutoFormat({name: Counted(name, attempts) for name in ("jsonl", "openai")})
    for _ in range(5):
        auto.decode(Record(OPENAI, "p", 1))
    assert attempts == {"jsonl": 1, "openai": 5}
    auto.decode(Record(JSONL, "p", 1))
    auto.decode(Record(JSONL, "p", 1))
    assert attempts == {"jsonl": 3, "openai": 6}


def test_bytes_that_nobody_can_read_cost_one_attempt():
    attempts: Counter = Counter()
    auto = AutoFormat({name: Counted(name, attempts) for name in ("jsonl", "openai")})
    with pytest.raises(MalformedRecord, match="not_json"):
        auto.decode(Record(b"{", "p", 1))
    assert attempts.total() == 1


def test_half_an_exchange_is_half_in_whichever_format(refusal):
    assert refusal(b'{"model":"m","prompt":"p"}').reason is Malformed.HALF
    assert refusal(b'{"request":{"model":"m"}}').reason is Malformed.HALF


def test_a_record_of_neither_says_what_each_missed(refusal):
    error = refusal({"x": 1})
    assert error.reason is Malformed.WRONG_SHAPE
    assert error.detail == (
        "as jsonl: Object missing required field `model`; as openai: neither `request` nor `response`"
    )
