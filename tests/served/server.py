"""An OpenAI-compatible server on loopback over several models: `python -m served.server NAME=FOLDER ...` prints its
URL, then serves until its standard input ends. What waits is answered in batches, and log-probabilities are told."""

import asyncio
import queue
import sys
import threading
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from served.batches import Done, Job, Model
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from monitor.web.server import Server

MOST = 64
"""Answers of one batch. More cost memory and save little."""

QUIET_SECS = 0.02
"""A batch begins when nothing more came for so long."""

_Waiting = tuple[Job, asyncio.AbstractEventLoop, "asyncio.Future[Done]"]


class Desk:
    """One model with its queue, and a thread that answers from it."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._waiting: queue.Queue[_Waiting] = queue.Queue()
        threading.Thread(target=self._work, daemon=True).start()

    def check(self, job: Job) -> None:
        """Raises for a conversation that the model cannot be shown."""
        self._model.prompt(job.messages)

    async def answer(self, job: Job) -> Done:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Done] = loop.create_future()
        self._waiting.put((job, loop, done))
        return await done

    def _work(self) -> None:
        while True:
            batch = self._batch()
            try:
                answers = self._model.answer([job for job, _, _ in batch])
            except Exception as error:
                for _, loop, done in batch:
                    loop.call_soon_threadsafe(done.set_exception, error)
                continue
            for (_, loop, done), answer in zip(batch, answers, strict=True):
                loop.call_soon_threadsafe(_give, done, answer)

    def _batch(self) -> list[_Waiting]:
        batch = [self._waiting.get()]
        while len(batch) < MOST:
            try:
                batch.append(self._waiting.get(timeout=QUIET_SECS))
            except queue.Empty:
                break
        return batch


def _give(done: "asyncio.Future[Done]", answer: Done) -> None:
    if not done.done():  # its client may have left
        done.set_result(answer)


def app(desks: Mapping[str, Desk]) -> Starlette:
    async def complete(request: Request) -> Response:
        body = await request.json()
        desk = desks.get(body.get("model"))
        if desk is None:
            return _refused(404, f"no such model: {body.get('model')}")
        try:
            job = _job(body)
            desk.check(job)
        except (KeyError, TypeError, ValueError) as error:
            return _refused(400, f"{type(error).__name__}: {error}")
        return JSONResponse(_completion(body["model"], await desk.answer(job)))

    async def models(request: Request) -> Response:
        return JSONResponse({"object": "list", "data": [{"id": name, "object": "model"} for name in desks]})

    routes = [Route("/v1/chat/completions", complete, methods=["POST"]), Route("/v1/models", models)]
    return Starlette(routes=routes)


def _refused(status: int, message: str) -> Response:
    return JSONResponse({"error": {"message": message, "type": "invalid_request_error"}}, status_code=status)


def _job(body: Mapping[str, Any]) -> Job:
    told = {"max_tokens": 160, "temperature": 1.0, "top_p": 1.0}
    told |= {key: body[key] for key in told if body.get(key) is not None}
    top = int(body.get("top_logprobs") or 0) if body.get("logprobs") else None
    if not 1 <= told["max_tokens"] <= 1024 or told["temperature"] < 0 or not 0 < told["top_p"] <= 1:
        raise ValueError("max_tokens 1 to 1024, temperature 0 or more, top_p above 0 and up to 1")
    if top is not None and not 0 <= top <= 20:
        raise ValueError("top_logprobs 0 to 20")
    messages = [{"role": str(turn["role"]), "content": turn.get("content") or ""} for turn in body["messages"]]
    return Job(messages, seed=body.get("seed"), top=top, **told)


def _completion(model: str, done: Done) -> dict[str, Any]:
    choice: dict[str, Any] = {
        "index": 0,
        "message": {"role": "assistant", "content": done.text},
        "finish_reason": "stop" if done.stopped else "length",
    }
    if done.tokens:
        choice["logprobs"] = {
            "content": [
                {
                    "token": token.text,
                    "logprob": token.logprob,
                    "top_logprobs": [{"token": text, "logprob": value} for text, value in token.top],
                }
                for token in done.tokens
            ]
        }
    usage = {"prompt_tokens": done.prompt_tokens, "completion_tokens": done.completion_tokens}
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion",
        "model": model,
        "choices": [choice],
        "usage": usage | {"total_tokens": sum(usage.values())},
    }


def main(arguments: list[str]) -> None:
    folders = dict(argument.split("=", 1) for argument in arguments)
    desks = {name: Desk(Model(Path(folder))) for name, folder in folders.items()}
    with Server(app(desks), host="127.0.0.1", port=0) as server:
        print(f"http://127.0.0.1:{server.port}/v1", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1:])
