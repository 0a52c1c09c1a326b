"""A real OpenAI-compatible endpoint on loopback that answers what a function says."""

import asyncio
import json
from contextlib import contextmanager

from starlette.applications import Starlette
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from monitor.web.server import Server


def completion(text, *, model="bot", finish="stop", **more):
    return {
        "id": "cmpl-1",
        "model": model,
        "system_fingerprint": "fp-1",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": finish} | more],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3},
    }


def events(*chunks, then=None):
    """A stream of these chunks (dicts, or lines of text); after them `then`, an async function."""

    async def stream():
        for chunk in chunks:
            yield f"data: {chunk if isinstance(chunk, str) else json.dumps(chunk)}\n\n"
        if then is not None:
            await then()

    return StreamingResponse(stream(), media_type="text/event-stream")


def chunk(text, *, finish=None, **more):
    return {"id": "c-1", "model": "bot", "system_fingerprint": "fp-1",
            "choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish} | more]}  # fmt: skip


class Hang:
    """Answers nothing for as long as the client waits."""


@contextmanager
def endpoint(answer):
    """Yields the base URL and the list of (headers, body) that came. `answer` is given the body and says a text, a body
    (dict or bytes), a Response, or Hang."""
    came = []

    async def complete(request):
        body = await request.json()
        came.append((request.headers, body))
        said = answer(body)
        if said is Hang:
            while not await request.is_disconnected():
                await asyncio.sleep(0.01)
            return Response(status_code=500)
        if isinstance(said, str):
            said = completion(said)
        if isinstance(said, dict):
            said = json.dumps(said).encode()
        return said if isinstance(said, Response) else Response(said, media_type="application/json")

    paths = ("/v1/chat/completions", "/v1/completions")
    app = Starlette(routes=[Route(path, complete, methods=["POST"]) for path in paths])
    with Server(app, host="127.0.0.1", port=0) as server:
        yield f"http://127.0.0.1:{server.port}/v1", came


def asked(cli, command, pack, out, model, *more):
    """Runs `tidegauge probe COMMAND` on an endpoint that answers what `model` says: how it ended, and what came."""
    with endpoint(model) as (url, came):
        done = cli("probe", command, pack, "--url", url, "--model", "bot", "--out", out, *more)
    return done, came
