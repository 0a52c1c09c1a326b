from math import isclose

import pytest

from monitor.errors import Malformed
from monitor.records import Message, Tool, ToolCall

FORMAT = "jsonl"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
LEAST = {"id": "a", "model": "bot", "prompt": "hi", "response": "hello"}


def test_the_least_record(decode):
    exchange = decode(LEAST)
    assert (exchange.id, exchange.model, exchange.response) == ("a", "bot", "hello")
    assert exchange.messages == (Message("user", "hi"),)
    assert exchange.time == 5.0, "the source's time stands in"
    assert (exchange.logprob, exchange.entropy, exchange.adapter, exchange.refusal) == (None, None, None, None)


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (TRACE, TRACE),
        (TRACE.upper(), TRACE),
        (f"00-{TRACE}-00f067aa0ba902b7-01", TRACE),
        (f"{TRACE}\n", None),
        (f"00-{TRACE}", None),
        (TRACE[1:], None),
        (TRACE + "0", None),
        ("g" + TRACE[1:], None),
        ("0" * 32, None),
        (f"00-{'0' * 32}-00f067aa0ba902b7-01", None),
        ("t-1", None),
        (7, None),
        ([TRACE], None),
        (None, None),
    ],
)
def test_a_trace_id_is_read_and_anything_else_spoils_no_record(decode, given, read):
    assert decode(LEAST | {"trace_id": given}).trace_id == read


def test_every_key(decode):
    exchange = decode(
        {
            "id": 7,
            "model": "bot",
            "system": "Be brief.",
            "messages": [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "image_url"}, "b"]}],
            "response": None,
            "refusal": "No.",
            "adapter": "v2",
            "time": "2026-03-02T08:00:00Z",
            "finish_reason": "stop",
            "usage": {"prompt_tokens": 3, "completion_tokens": 4},
            "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}, {"name": "g"}],
            "tool_calls": [{"function": {"name": "f", "arguments": "{"}}, {"name": "g", "arguments": {"x": 1}}],
            "logprobs": [-1, -9999.0, None],
            "entropy": 0.5,
            "conversation": 12,
            "wants_json": True,
            "unknown": {"deep": [1, {"x": None}]},
        }
    )
    assert exchange.id == "7"
    assert exchange.messages == (Message("system", "Be brief."), Message("user", "ab"))
    assert (exchange.response, exchange.refusal, exchange.time) == ("", "No.", 1772438400.0)
    assert exchange.tools == (Tool("f", {"type": "object"}), Tool("g"))
    assert exchange.tool_calls == (ToolCall("f", "{"), ToolCall("g", '{"x":1}'))
    assert exchange.logprob == -10.5
    assert (exchange.prompt_tokens, exchange.completion_tokens, exchange.conversation) == (3, 4, "12")
    assert exchange.wants_json


def test_an_id_is_made_of_the_place_when_none_is_given(decode):
    for missing in ({}, {"id": None}, {"id": ""}):
        assert decode({k: v for k, v in LEAST.items() if k != "id"} | missing).id == "t/3-17"


@pytest.mark.parametrize("key", ["time", "timestamp"])
def test_time_in_seconds_or_rfc3339(decode, key):
    assert decode(LEAST | {key: 1772438400.25}).time == 1772438400.25
    assert isclose(decode(LEAST | {key: "2026-03-02T09:00:00.25+01:00"}).time, 1772438400.25)


def test_one_logprob_is_clamped_like_many(decode):
    assert decode(LEAST | {"logprob": -9999}).logprob == -20.0
    assert decode(LEAST | {"logprobs": []}).logprob is None


@pytest.mark.parametrize(
    ("value", "reason", "detail"),
    [
        (b"not json", Malformed.NOT_JSON, "at character 0"),
        (b'{"id": "a", "mod', Malformed.NOT_JSON, "ends too early, after 16 bytes"),
        (b'{"id": "\xff"}', Malformed.NOT_UTF8, "at byte 8"),
        (b'{"id": "\\ud800", "model": "m"}', Malformed.NOT_UTF8, "half of a surrogate pair"),
        (b"  \n", Malformed.EMPTY, ""),
        (b"", Malformed.EMPTY, ""),
        (b'{"model":"m","logprob":NaN}', Malformed.NOT_FINITE, "NaN"),
        (b'{"model":"m","logprob":-Infinity}', Malformed.NOT_FINITE, "-Infinity"),
        (b'{"model":"m","logprob":1e999}', Malformed.WRONG_SHAPE, "Number out of range - at `$.logprob`"),
        ([1], Malformed.WRONG_SHAPE, "Expected `object`, got `array`"),
        ({"id": "a"}, Malformed.WRONG_SHAPE, "Object missing required field `model`"),
        (LEAST | {"model": 3}, Malformed.WRONG_SHAPE, "Expected `str`, got `int` - at `$.model`"),
        (LEAST | {"time": 1772438400000}, Malformed.WRONG_SHAPE, "Expected `float` < 100000000000.0 - at `$.time`"),
        (LEAST | {"time": "yesterday"}, Malformed.WRONG_SHAPE, "Invalid RFC3339 encoded datetime - at `$.time`"),
        (LEAST | {"tools": [{}]}, Malformed.WRONG_SHAPE, "a tool or a call of one without `name`"),
        (LEAST | {"response": None}, Malformed.HALF, "a request without `response`"),
        ({"model": "m", "response": "x"}, Malformed.HALF, "a response without `prompt` or `messages`"),
        ({"model": "m"}, Malformed.WRONG_SHAPE, "neither `prompt` or `messages` nor `response`"),
        (b'{"x":' + b"[" * 100_000, Malformed.WRONG_SHAPE, "nested too deep"),
        (
            b'{"prompt_tokens":' + b"9" * 9000 + b"}",
            Malformed.WRONG_SHAPE,
            "Integer value out of range - at `$.prompt_tokens`",
        ),
    ],
)
def test_each_bad_record_has_its_reason(refusal, value, reason, detail):
    error = refusal(value)
    assert (error.reason, error.detail) == (reason, detail)


def test_a_schema_that_nests_too_deep_for_its_readers_is_refused(refusal):
    schema: dict = {}
    for _ in range(70):
        schema = {"properties": schema}
    assert refusal(LEAST | {"tools": [{"name": "f", "parameters": schema}]}).detail.endswith("deeper than 64")
