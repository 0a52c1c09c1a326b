"""The endpoint's good and bad answers, over real HTTP."""

import asyncio
import json
import socket

import pytest
from endpoint import Hang, completion, endpoint
from starlette.responses import Response

from monitor.errors import ConfigError
from monitor.interfaces import Request
from monitor.probing import Failure, Sampling, Turn
from monitor.records import Tool, ToolCall
from monitor.targets import OpenAITarget
from monitor.testing import ManualClock

REQUEST = Request((Turn("system", "Be brief."), Turn("user", "Hello?")), Sampling(max_tokens=20), seed=5)


class Pauses:
    """Waits by moving the clock."""

    def __init__(self, clock):
        self.clock, self.secs = clock, []

    async def __call__(self, secs):
        self.secs.append(secs)
        self.clock.advance(secs)


def ask(url, request=REQUEST, **options):
    """The answer, and the pauses that were made."""
    clock = ManualClock(1.7e9)
    pauses = Pauses(clock)
    options = {"model": "bot", "retries": 3, "timeout_secs": 5.0} | options

    async def put():
        target = OpenAITarget(base_url=url, now=clock, clock=clock, pause=pauses, draw=lambda: 0.5, **options)
        try:
            return await target.complete(request), pauses.secs
        finally:
            await target.close()

    return asyncio.run(put())


def several(said, requests, **options):
    """The answers of one target to requests one after the other, and what came to the endpoint."""
    clock = ManualClock(1.7e9)

    async def put(url):
        target = OpenAITarget(
            base_url=url, model="bot", now=clock, clock=clock, pause=Pauses(clock), draw=lambda: 0.5, **options
        )
        try:
            return [await target.complete(request) for request in requests]
        finally:
            await target.close()

    with endpoint(said) as (url, came):
        return asyncio.run(put(url)), came


def test_what_is_sent_and_what_comes_back(tmp_path):
    key = tmp_path / "key"
    key.write_text("sesame\n")
    said = {"logprobs": {"content": [{"token": "He", "logprob": -0.1, "top_logprobs": [
        {"token": "Ho", "logprob": -2.5}, {"token": "He", "logprob": -0.1}]}]}}  # fmt: skip
    call = ToolCall("look_up", '{"q": 1}')
    turns = (*REQUEST.turns, Turn("assistant", "", call), Turn("tool", "found", call), Turn("user", "And?"))
    request = Request(turns, Sampling(temperature=None, top_p=0.9), (Tool("look_up", {"type": "object"}),), 5, 2)
    with endpoint(lambda _: completion("Hello.", **said)) as (url, came):
        answer, pauses = ask(url, request, api_key_file=key, body={"cache": {"no-cache": True}})
    ((headers, body),) = came
    assert headers["authorization"] == "Bearer sesame"
    assert headers["x-tidegauge-probe"] == "1"
    assert "tidegauge" not in headers["user-agent"]
    assert {k: body[k] for k in ("model", "max_tokens", "top_p", "seed", "logprobs", "top_logprobs", "cache")} == {
        "model": "bot", "max_tokens": 160, "top_p": 0.9, "seed": 5, "logprobs": True, "top_logprobs": 2,
        "cache": {"no-cache": True},
    }  # fmt: skip
    assert "temperature" not in body
    roles = [(m["role"], m["content"]) for m in body["messages"]]
    assert roles[2:] == [("assistant", None), ("tool", "found"), ("user", "And?")]
    assert body["messages"][2]["tool_calls"][0]["id"] == body["messages"][3]["tool_call_id"]
    assert body["tools"][0]["function"]["name"] == "look_up"
    assert (answer.text, answer.model, answer.fingerprint, answer.failure) == ("Hello.", "bot", "fp-1", None)
    assert (answer.prompt_tokens, answer.completion_tokens, answer.status) == (7, 3, 200)
    assert answer.first_tokens == (("He", -0.1), ("Ho", -2.5))
    assert pauses == []


@pytest.mark.parametrize(
    ("said", "failure"),
    [
        (Response(status_code=401), Failure.UNAUTHORIZED),
        (Response(status_code=404), Failure.REFUSED_REQUEST),
        (Response('{"error": {"code": "content_filter"}}', status_code=400), Failure.BLOCKED),
        (Response('{"error": {"code": "content_filter_error"}}', status_code=400), Failure.FILTER_FAILED),
        (
            Response(
                '{"error": {"code": "400", "message": "litellm.ContentPolicyViolationError: ..."}}', status_code=400
            ),
            Failure.BLOCKED,
        ),
        (
            Response('{"error": {"innererror": {"code": "ResponsibleAIPolicyViolation"}}}', status_code=400),
            Failure.BLOCKED,
        ),
        (Response('{"error": {"message": "no such field: content_filter"}}', status_code=400), Failure.REFUSED_REQUEST),
        (Response('{"error": {"code": "insufficient_quota"}}', status_code=429), Failure.RATE_LIMITED),
        (completion("Hi", content_filter_results={"error": {"code": "content_filter_error"}}), Failure.FILTER_FAILED),
        (b'{"error": {"code": 429, "message": "busy"}}', Failure.RATE_LIMITED),
        (b'{"error": "down"}', Failure.SERVER),
        (Response(status_code=307, headers={"location": "/elsewhere"}), Failure.REFUSED_REQUEST),
        (completion("", finish="content_filter"), Failure.BLOCKED),
        (completion("  "), Failure.EMPTY),
        (b'{"choices": []}', Failure.MALFORMED),
        (b"<html>", Failure.MALFORMED),
        (b'{"choices": [{"message": {"content": "\xff"}}]}', Failure.MALFORMED),
        (b"[" * 100_000, Failure.MALFORMED),
        (completion("x" * (1 << 20)), Failure.MALFORMED),
        (completion("Hi", model="another"), Failure.WRONG_MODEL),
        (completion("Hi", model=None), Failure.WRONG_MODEL),
    ],
)
def test_an_answer_that_is_none_is_not_asked_for_again(said, failure):
    with endpoint(lambda _: said) as (url, came):
        answer, pauses = ask(url, serves="bot*")
    assert (answer.failure, answer.text) == (failure, "")
    assert (len(came), pauses) == (1, [])


def test_what_failed_on_the_way_is_tried_again_as_long_as_the_server_says():
    said = iter([Response(status_code=429, headers={"retry-after": "7"}), Response(status_code=503), "Hello."])
    with endpoint(lambda _: next(said)) as (url, came):
        answer, pauses = ask(url)
    assert (answer.text, answer.tries, len(came)) == ("Hello.", 3, 3)
    assert pauses == [7.0, 2.0]


def test_a_date_to_wait_for():
    when = "Tue, 14 Nov 2023 22:13:30 GMT"  # ten seconds after the clock's start
    said = iter([Response(status_code=429, headers={"retry-after": when}), "Hello."])
    with endpoint(lambda _: next(said)) as (url, _):
        assert ask(url)[1] == [10.0]


def test_a_storm_ends():
    with endpoint(lambda _: Response(status_code=429, headers={"retry-after": "soon"})) as (url, came):
        answer, pauses = ask(url)
    assert (answer.failure, len(came)) == (Failure.RATE_LIMITED, 4)
    assert pauses == [1.0, 2.0, 4.0]


def test_a_server_that_hangs_and_one_that_is_not_there():
    with endpoint(lambda _: Hang) as (url, came):
        assert ask(url, timeout_secs=0.2, retries=1)[0].failure is Failure.TIMEOUT
    assert len(came) == 2
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        assert ask(f"http://127.0.0.1:{free.getsockname()[1]}/v1", retries=0)[0].failure is Failure.UNREACHABLE


def test_an_endpoint_that_knows_no_logprobs_is_asked_without():
    def answer(body):
        return Response('{"error": "logprobs are not supported"}', status_code=400) if "logprobs" in body else "Yes"

    with endpoint(answer) as (url, came):
        answered, _ = ask(url, Request(REQUEST.turns, Sampling(), first_tokens=5))
    assert (answered.text, answered.first_tokens, len(came)) == ("Yes", None, 2)


def test_a_prompt_in_an_error_is_not_shown():
    quoting = {"error": {"code": "bad prompt: Hello?", "message": "Hello?"}}
    with endpoint(lambda _: Response(json.dumps(quoting), status_code=400)) as (url, _):
        assert ask(url)[0].detail == "HTTP 400"


def test_an_endpoint_that_ignores_logprobs_is_not_asked_for_them_again():
    came = several(lambda _: "Yes", [Request(REQUEST.turns, Sampling(), first_tokens=5)] * 2)[1]
    assert ["logprobs" in body for _, body in came] == [True, False]


def test_a_request_that_is_unfit_for_another_reason_says_nothing_of_logprobs():
    said = iter([Response(status_code=400), Response(status_code=400), "Yes"])
    came = several(lambda _: next(said), [Request(REQUEST.turns, Sampling(), first_tokens=5)] * 2)[1]
    assert ["logprobs" in body for _, body in came] == [True, False, True]


def test_a_first_token_may_be_white_space():
    with endpoint(lambda _: completion("\n")) as (url, _):
        assert ask(url, Request(REQUEST.turns, Sampling(max_tokens=1), first_tokens=5))[0].failure is None


@pytest.mark.parametrize("headers", [{"x-cache": "HIT"}, {"cf-aig-cache-status": "hit from edge"}, {"age": "20"}])
def test_a_cache_that_says_so_is_believed(headers):
    body = json.dumps(completion("Hi"))
    with endpoint(lambda _: Response(body, headers=headers)) as (url, _):
        assert ask(url)[0].cached
    with endpoint(lambda _: Response(body, headers={"x-cache": "MISS", "age": "0"})) as (url, _):
        assert not ask(url)[0].cached


def test_a_key_is_read_anew_when_it_changed(tmp_path):
    key = tmp_path / "key"
    key.write_text("first")
    keys = iter(["second", ""])  # and a moment when it is being replaced

    def answer(_):
        key.write_text(next(keys, "third"))
        return "Hi"

    came = several(answer, [REQUEST] * 4, api_key_file=key)[1]
    assert [headers["authorization"] for headers, _ in came] == [
        f"Bearer {key}" for key in ("first", "second", "second", "third")
    ]


@pytest.mark.parametrize("key", ["", "two\nlines", "schlüssel"])
def test_a_key_that_fits_no_header_is_the_operators(key):
    with pytest.raises(ConfigError, match="key is empty or has signs"):
        ask("http://localhost/v1", api_key=key)


def test_legacy_completions():
    said = {
        "id": "cmpl-1", "model": "bot", "usage": {"prompt_tokens": 2, "completion_tokens": 1},
        "choices": [{"index": 0, "text": "Yes", "finish_reason": "length", "logprobs": {
            "tokens": ["Yes"], "token_logprobs": [-0.5], "top_logprobs": [{"Yes": -0.5, "No": -1.0}]}}],
    }  # fmt: skip
    lone = Request((Turn("user", "The"),), Sampling(max_tokens=1), first_tokens=2)
    answers, came = several(lambda _: said, [lone, REQUEST], api="completions")
    assert answers[0].text == "Yes"
    assert answers[0].first_tokens == (("Yes", -0.5), ("No", -1.0))
    assert (came[0][1]["prompt"], came[0][1]["logprobs"]) == ("The", 2)
    assert came[1][1]["prompt"] == "System: Be brief.\n\nUser: Hello?\n\nAssistant:"
    tooled = Request(REQUEST.turns, Sampling(), (Tool("look_up"),))
    answers, came = several(lambda _: said, [tooled], api="completions")
    assert (answers[0].failure, answers[0].tries, came) == (Failure.REFUSED_REQUEST, 0, [])


def test_a_key_that_cannot_be_read_is_the_operators(tmp_path):
    with endpoint(lambda _: "Hi") as (url, _), pytest.raises(ConfigError, match="key cannot be read"):
        ask(url, api_key_file=tmp_path / "none")


@pytest.mark.parametrize("url", ["localhost:8000", "http://", "http://[", "ftp://a/v1"])
def test_what_is_no_url_is_the_operators(url):
    with pytest.raises(ConfigError, match="no URL of an endpoint"):
        ask(url)
