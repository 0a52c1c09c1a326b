"""What every format promises, whatever its wire shape: walks the registry."""

import json
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import Malformed, MalformedRecord
from monitor.formats import FORMATS
from monitor.records import Exchange, Record

KEYS = [
    *("id", "model", "prompt", "messages", "response", "request", "time", "logprobs", "usage", "tools", "tool_calls"),
    *("choices", "message", "delta", "content", "role", "function", "name", "arguments", "error", "index", "text"),
]
TEXTS = st.sampled_from([*KEYS, "data: {}", "data: [DONE]", "stop", "2026-01-01T00:00:00Z"]) | st.text(max_size=8)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | TEXTS
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=30,
)

CALLS = [{"function": {"name": "f", "arguments": "{}"}, "index": 0}]
LOGPROBS = {"content": [{"logprob": -1.0, "top_logprobs": [{"logprob": -1.0}, {"logprob": -2.0}]}]}
MESSAGE = {"content": [{"text": "r"}, "s"], "refusal": "n", "tool_calls": CALLS}
STREAM = 'data: {"choices":[{"delta":{"content":"a"}}]}\n\ndata: [DONE]'
REQUEST = {"messages": [{"role": "user", "content": "p"}], "tools": CALLS, "response_format": {"type": "json_object"}}
WHOLE = {"model": "m", "usage": {"prompt_tokens": 1}, "created": 3}
SAMPLES = [
    {"id": "a", "model": "m", "prompt": "p", "response": "r", "time": 3.5, "logprobs": [-1.0], "tool_calls": CALLS},
    {"model": "m", "messages": REQUEST["messages"], "response": "r", "tools": CALLS, "usage": {"prompt_tokens": 1}},
    {"request": REQUEST, "response": WHOLE | {"choices": [{"message": MESSAGE, "logprobs": LOGPROBS}]}},
    {"request": REQUEST, "model": "m", "response": STREAM},
    {"request": REQUEST, "model": "m", "response": [{"choices": [{"delta": MESSAGE, "logprobs": LOGPROBS}]}]},
]


def places(value: Any, path: tuple = ()) -> list[tuple]:
    """The paths of all values inside a JSON value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, child in inside for place in places(child, (*path, key)))]


def replaced(value: Any, path: tuple, new: Any) -> Any:
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(copy[path[0]], path[1:], new)
    return copy


@pytest.fixture(params=sorted(FORMATS))
def name(request: pytest.FixtureRequest) -> str:
    return request.param


def attempt(name: str, value: bytes | None) -> Exchange | MalformedRecord:
    """Whatever comes must be an exchange or a MalformedRecord; any other error fails the test."""
    try:
        exchange = FORMATS[name]().decode(Record(value=value, partition="t/0", offset=1, time=1.0))
    except MalformedRecord as malformed:
        return malformed
    assert all(isinstance(text, str) for text in (exchange.id, exchange.model, exchange.response))
    assert exchange.id
    assert exchange.messages
    return exchange


def test_each_reason_that_is_about_the_bytes(name):
    for value, reason in [
        (None, Malformed.TOO_LARGE),
        (b"", Malformed.EMPTY),
        (b" \r\n", Malformed.EMPTY),
        (b"{", Malformed.NOT_JSON),
        (b"\xff\xfe", Malformed.NOT_UTF8),
        (b'{"x": NaN}', Malformed.NOT_FINITE),
        (b'{"x": [Infinity]}', Malformed.NOT_FINITE),
        (b"{}", Malformed.WRONG_SHAPE),
        (b"null", Malformed.WRONG_SHAPE),
        (b"[" * 200_000, Malformed.WRONG_SHAPE),
        (b'{"a":' * 200_000, Malformed.WRONG_SHAPE),
    ]:
        refused = attempt(name, value)
        assert isinstance(refused, MalformedRecord), value
        assert refused.reason is reason, (value or b"")[:20]


def test_a_detail_holds_no_text_of_the_record(name):
    seed = random.Random(7)
    for sample in SAMPLES:
        for path in places(sample):
            value = json.dumps(replaced(sample, path, {"SECRET": "SECRET"})).encode()
            for raw in (value, value[: seed.randrange(len(value))], value.replace(b"SECRET", b"SECRET\xff")):
                outcome = attempt(name, raw)
                assert isinstance(outcome, Exchange) or "SECRET" not in str(outcome)


@given(value=st.binary(max_size=200))
def test_any_bytes(value):
    for name in FORMATS:
        attempt(name, value)


@given(value=JSON)
def test_any_json(value):
    for name in FORMATS:
        attempt(name, json.dumps(value).encode())


@given(data=st.data(), sample=st.sampled_from(SAMPLES), new=JSON)
def test_good_records_with_one_wrong_value(data, sample, new):
    path = data.draw(st.sampled_from(places(sample)))
    for name in FORMATS:
        attempt(name, json.dumps(replaced(sample, path, new)).encode())


@given(sample=st.sampled_from(SAMPLES), place=st.integers(min_value=0), byte=st.integers(0, 255))
def test_good_records_with_one_wrong_byte(sample, place, byte):
    value = bytearray(json.dumps(sample).encode())
    value[place % len(value)] = byte
    for name in FORMATS:
        attempt(name, bytes(value))
        attempt(name, bytes(value[: place % len(value)]))
