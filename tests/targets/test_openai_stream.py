"""Answers that come as a stream, over real HTTP."""

import asyncio

import pytest
from endpoint import chunk, completion, endpoint, events
from starlette.responses import StreamingResponse

from monitor.interfaces import Request
from monitor.probing import Failure, Sampling, Turn
from monitor.records import ToolCall
from monitor.targets import OpenAITarget
from monitor.testing import ManualClock

REQUEST = Request((Turn("user", "Hello?"),), Sampling(), first_tokens=2)
USAGE = {"id": "c-1", "model": "bot", "choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2}}


async def forever():
    await asyncio.sleep(600)  # as long as the client stays; nobody waits for its end


async def break_off():
    raise ConnectionError("the connection breaks, as a test wants it")


def ask(said, **options):
    """The answer, and how many requests it took."""
    clock = ManualClock(1.7e9)

    async def put(url):
        async def pause(secs):
            clock.advance(secs)

        options.setdefault("timeout_secs", 5.0)
        target = OpenAITarget(base_url=url, model="bot", stream=True, now=clock, clock=clock, pause=pause,
                              draw=lambda: 0.5, retries=2, **options)  # fmt: skip
        try:
            return await target.complete(REQUEST)
        finally:
            await target.close()

    with endpoint(lambda _: said) as (url, came):
        return asyncio.run(put(url)), len(came)


def test_a_stream_is_put_together():
    likely = {"content": [{"token": "Hel", "logprob": -0.2, "top_logprobs": [{"token": "No", "logprob": -3.0}]}]}
    call = {"delta": {"tool_calls": [{"index": 0, "function": {"name": "look", "arguments": "{}"}}]}}
    answer, came = ask(
        events(chunk(""), chunk("Hel", logprobs=likely), chunk("lo."), chunk("", **call),
               chunk("", finish="stop"), USAGE, "[DONE]")
    )  # fmt: skip
    assert (answer.text, answer.failure, answer.finish_reason, came) == ("Hello.", None, "stop", 1)
    assert (answer.model, answer.response_id, answer.fingerprint) == ("bot", "c-1", "fp-1")
    assert (answer.prompt_tokens, answer.completion_tokens) == (5, 2)
    assert answer.first_tokens == (("Hel", -0.2), ("No", -3.0))
    assert answer.tool_calls == (ToolCall("look", "{}"),)


def test_a_server_that_streams_nothing_is_understood():
    assert ask(completion("Hello."))[0].text == "Hello."


@pytest.mark.parametrize(
    ("said", "failure", "text"),
    [
        (lambda: events(chunk("Hel"), chunk("lo")), Failure.MALFORMED, "Hello"),  # no end
        (lambda: events(chunk("Hel"), '{"id": "c-1", "cho'), Failure.MALFORMED, "Hel"),
        (lambda: events("{", chunk("Hel")), Failure.MALFORMED, ""),
        (lambda: events("[DONE]"), Failure.MALFORMED, ""),
        (lambda: events(chunk("", finish="stop"), "[DONE]"), Failure.EMPTY, ""),
        (lambda: events(chunk("Hel"), chunk("", finish="content_filter"), "[DONE]"), Failure.BLOCKED, "Hel"),
        (lambda: events(chunk("Hel"), {"error": {"message": "boom"}}), Failure.SERVER, ""),
        (lambda: events({"error": {"code": "content_filter"}}), Failure.BLOCKED, ""),
        (lambda: events(chunk("Hel"), then=break_off), Failure.UNREACHABLE, "Hel"),
    ],
)
def test_an_answer_that_began_is_not_asked_for_again(said, failure, text):
    answer, came = ask(said())
    assert (answer.failure, answer.text, came) == (failure, text, 1)


def test_a_stream_that_hangs_ends_in_time():
    answer, came = ask(events(chunk("Hel"), then=forever), timeout_secs=0.3)
    assert (answer.failure, answer.text, came) == (Failure.TIMEOUT, "Hel", 1)


def test_a_stream_that_drips_ends_in_time():
    """Each piece comes soon enough for a read, never the whole."""

    async def drip():
        while True:
            yield ": still here\n\n"
            await asyncio.sleep(0.02)

    answer, came = ask(StreamingResponse(drip()), timeout_secs=0.3)
    assert (answer.failure, came) == (Failure.TIMEOUT, 1)


def test_an_endless_stream_is_cut():
    answer, came = ask(events(*[chunk("x" * 60_000)] * 30, "[DONE]"))
    assert (answer.failure, answer.text, came) == (Failure.MALFORMED, "", 1)
    assert answer.detail.startswith("longer than")
