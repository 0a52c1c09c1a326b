import json
from math import isclose, log

import pytest

from monitor.errors import Malformed
from monitor.records import Message, Tool, ToolCall

FORMAT = "openai"
REQUEST = {"model": "bot", "messages": [{"role": "user", "content": "hi"}]}


def response(message: dict | None = None, **choice) -> dict:
    choices = [{"index": 0, "finish_reason": "stop", "message": message or {"content": "hello"}, **choice}]
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1793614501,
        "model": "bot-2026",
        "choices": choices,
    }


def pair(request=None, answer=None, **keys) -> dict:
    return {"request": request or REQUEST, "response": response() if answer is None else answer, **keys}


def sse(*chunks: dict, done: bool = True, end: str = "\n\n") -> str:
    return "".join(f"data: {json.dumps(chunk)}{end}" for chunk in chunks) + ("data: [DONE]" + end if done else "")


def delta(finish=None, **keys) -> dict:
    return {"id": "c1", "created": 9, "choices": [{"index": 0, "delta": keys, "finish_reason": finish}]}


def test_the_least_pair(decode):
    exchange = decode(pair())
    assert (exchange.id, exchange.model, exchange.time) == ("chatcmpl-1", "bot", 1793614501)
    assert (exchange.messages, exchange.response) == ((Message("user", "hi"),), "hello")
    assert (exchange.finish_reason, exchange.truncated) == ("stop", False)


def test_the_record_s_own_keys_come_first(decode):
    exchange = decode(pair(id="r1", time=7, model="mine", adapter="v2", conversation="c"))
    assert (exchange.id, exchange.time, exchange.model) == ("r1", 7, "mine")
    assert (exchange.adapter, exchange.conversation) == ("v2", "c")


def test_the_place_and_the_source_s_time_stand_in(decode):
    bare = {"choices": response()["choices"], "created": 0}
    assert decode(pair(answer=bare)).id == "t/3-17"
    assert decode(pair(answer=bare)).time == 5.0


@pytest.mark.parametrize(
    ("keys", "probe"),
    [
        ({}, False),
        ({"tidegauge_probe": True}, True),
        ({"tidegauge_probe": "no"}, False),
        ({"headers": {"X-Tidegauge-Probe": "1", "host": "a"}}, True),
        ({"headers": {"x-tidegauge-probe": "0"}}, False),
        ({"headers": [["x-tidegauge-probe", "1"]]}, False),  # a shape that is not read spoils no record
        ({"headers": "x-tidegauge-probe: 1"}, False),
    ],
)
def test_a_record_may_say_that_it_is_a_probe(decode, keys, probe):
    assert decode(pair(**keys)).probe is probe


@pytest.mark.parametrize(
    ("keys", "trace"),
    [
        ({"trace_id": "AB" * 16}, "ab" * 16),
        ({"headers": {"Traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01"}}, "ab" * 16),
        ({"trace_id": "12" * 16, "headers": {"traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01"}}, "12" * 16),
        ({"trace_id": "t-1", "headers": {"traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01"}}, "ab" * 16),
        ({"headers": {"traceparent": [f"00-{'ab' * 16}-{'cd' * 8}-01"]}}, None),
        ({"headers": [["traceparent", f"00-{'ab' * 16}-{'cd' * 8}-01"]]}, None),
        ({"headers": {"traceparent": "what the user said"}}, None),
        ({}, None),
    ],
)
def test_the_trace_stands_beside_the_bodies_or_in_the_requests_header(decode, keys, trace):
    assert decode(pair(**keys)).trace_id == trace


def test_parts_roles_tools_and_json_wishes(decode):
    request = {
        "model": "bot",
        "messages": [
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "image_url", "image_url": {}}]},
            {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]},
        ],
        "tools": [
            {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}},
            {"type": "custom", "custom": {"name": "c"}},
            {"type": "web_search"},
        ],
        "response_format": {"type": "json_schema", "json_schema": {"name": "x"}},
    }
    exchange = decode(pair(request))
    assert exchange.messages == (Message("developer", "Be brief."), Message("user", "a"), Message("assistant", ""))
    assert exchange.tools == (Tool("f", {"type": "object"}), Tool("c"), Tool("web_search"))
    assert exchange.wants_json
    assert not decode(pair(REQUEST | {"response_format": {"type": "text"}})).wants_json


def test_refusals_and_calls(decode):
    calls = [{"function": {"name": "f", "arguments": "{}"}}, {"custom": {"name": "c", "input": "x"}}]
    exchange = decode(pair(answer=response({"content": None, "refusal": "No.", "tool_calls": calls})))
    assert (exchange.response, exchange.refusal) == ("", "No.")
    assert exchange.tool_calls == (ToolCall("f", "{}"), ToolCall("c", "x"))
    old = decode(pair(answer=response({"content": None, "function_call": {"name": "f", "arguments": {"a": 1}}})))
    assert old.tool_calls == (ToolCall("f", '{"a":1}'),)
    parts = decode(pair(answer=response({"content": [{"type": "refusal", "refusal": "No."}]})))
    assert (parts.response, parts.refusal) == ("", "No.")


def test_only_the_first_choice_counts(decode):
    answer = response()
    answer["choices"].append({"index": 1, "message": {"content": "other"}, "finish_reason": "length"})
    exchange = decode(pair(answer=answer | {"usage": {"prompt_tokens": 2, "completion_tokens": 3, "total_tokens": 5}}))
    assert (exchange.response, exchange.prompt_tokens, exchange.completion_tokens) == ("hello", 2, 3)


def test_logprobs_are_clamped_and_entropy_counts_the_rest_as_one(decode):
    half, quarter = log(0.5), log(0.25)
    content = [
        {"token": "a", "logprob": half, "top_logprobs": [{"logprob": half}, {"logprob": quarter}]},
        {"token": "b", "logprob": -9999.0, "top_logprobs": [{"logprob": half}]},
    ]
    exchange = decode(pair(answer=response(logprobs={"content": content})))
    assert isclose(exchange.logprob, (half - 20) / 2)
    assert isclose(exchange.entropy, 0.5 * -half + 0.25 * -quarter + 0.25 * -quarter), "tokens of one are left out"


def test_no_alternatives_no_entropy(decode):
    content = [{"token": "a", "logprob": -0.5, "top_logprobs": []}]
    exchange = decode(pair(answer=response(logprobs={"content": content})))
    assert (exchange.logprob, exchange.entropy) == (-0.5, None)


def test_a_legacy_completion(decode):
    half = log(0.5)
    choice = {
        "index": 0,
        "text": "out",
        "finish_reason": "length",
        "logprobs": {"token_logprobs": [None, half], "top_logprobs": [None, {"a": half, "b": half}]},
    }
    exchange = decode(pair({"model": "m", "prompt": ["in", "x"]}, {"choices": [choice]}))
    assert (exchange.messages, exchange.response, exchange.finish_reason) == ((Message("user", "in"),), "out", "length")
    assert exchange.logprob == half
    assert isclose(exchange.entropy, log(2))


@pytest.mark.parametrize("end", ["\n\n", "\r\n\r\n", "\n"])
def test_a_stream_is_put_together(decode, end):
    stream = sse(
        delta(role="assistant", content=""),
        delta(content="hel\u2028", reasoning="secret"),
        delta("stop", content="lo"),
        {"choices": [], "usage": {"prompt_tokens": 2, "completion_tokens": 3}},
        end=end,
    )
    exchange = decode(pair(answer=": keep-alive" + end + stream))
    assert (exchange.response, exchange.finish_reason, exchange.truncated) == ("hel\u2028lo", "stop", False)
    assert (exchange.id, exchange.time, exchange.prompt_tokens, exchange.completion_tokens) == ("c1", 9, 2, 3)


def test_fragments_of_calls_are_joined_by_index(decode):
    def call(index, name=None, arguments=""):
        return {"index": index, "function": {"name": name, "arguments": arguments}}

    stream = sse(
        delta(tool_calls=[call(0, "f", '{"a"')]),
        delta(tool_calls=[call(1, "g", "{"), call(0, None, ":1}")]),
        delta("tool_calls", tool_calls=[call(1, None, "}")]),
    )
    assert decode(pair(answer=stream)).tool_calls == (ToolCall("f", '{"a":1}'), ToolCall("g", "{}"))


def test_logprobs_of_a_stream(decode):
    first, second = delta(content="a"), delta("stop", content="b")
    first["choices"][0]["logprobs"] = {"content": [{"token": "a", "logprob": -1.0}]}
    second["choices"][0]["logprobs"] = {"content": [{"token": "b", "logprob": -3.0}]}
    assert decode(pair(answer=sse(first, second))).logprob == -2.0


def test_a_stream_without_its_end_is_truncated(decode):
    assert decode(pair(answer=sse(delta(content="hel"), done=False))).truncated
    cut = sse(delta(content="hel"), delta(content="lo"), done=False)
    exchange = decode(pair(answer=cut[:-20]))
    assert (exchange.response, exchange.truncated) == ("hel", True)
    assert decode(pair(answer=sse(delta(content="hel"), {"error": {"message": "x"}}))).truncated


def test_a_list_of_chunks(decode):
    exchange = decode(pair(answer=[delta(content="hel"), delta("stop", content="lo")]))
    assert (exchange.response, exchange.truncated) == ("hello", False)
    assert decode(pair(answer=[delta(content="hel")])).truncated


@pytest.mark.parametrize(
    ("value", "reason", "detail"),
    [
        ({"request": REQUEST}, Malformed.HALF, "a request without `response`"),
        ({"response": response()}, Malformed.HALF, "a response without `request`"),
        ({}, Malformed.WRONG_SHAPE, "neither `request` nor `response`"),
        (pair({"model": "m"}), Malformed.WRONG_SHAPE, "`request.messages` is missing or empty"),
        (
            pair({"messages": [{"content": "x"}]}),
            Malformed.WRONG_SHAPE,
            "Object missing required field `role` - at `$.request.messages[0]`",
        ),
        (pair(answer={"error": {"message": "x"}}), Malformed.WRONG_SHAPE, "`response` is an error, not an answer"),
        (pair(answer={"id": "x"}), Malformed.WRONG_SHAPE, "`response.choices` is missing or empty"),
        (
            pair(answer={"choices": [{}]}),
            Malformed.WRONG_SHAPE,
            "`response.choices[0]` has neither `message` nor `text`",
        ),
        (
            pair({"prompt": "x"}, {"choices": [{"text": "y"}]}),
            Malformed.WRONG_SHAPE,
            "`model` is neither in the record nor in its bodies",
        ),
        (pair(answer=""), Malformed.STREAM, "no chunk"),
        (pair(answer=[{"choices": []}]), Malformed.STREAM, "no chunk with a choice"),
        (pair(answer="data: {\n\ndata: [DONE]\n\n"), Malformed.STREAM, "no chunk"),
        (pair(answer='data: {"a\n\ndata: {}\n\n'), Malformed.STREAM, "chunk 0 is not JSON"),
        (
            pair(answer='data: {"choices":3}\n\n'),
            Malformed.STREAM,
            "chunk 0: Expected `array | null`, got `int` - at `$.choices`",
        ),
    ],
)
def test_each_bad_record_has_its_reason(refusal, value, reason, detail):
    error = refusal(value)
    assert (error.reason, error.detail) == (reason, detail)
