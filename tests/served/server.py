"""An OpenAI-compatible server on loopback over several models: `python -m served.server NAME=FOLDER ...` prints its
URL, then serves until its standard input ends. What waits is answered in batches, and log-probabilities are told."""

import asyncio
import os
import sys
import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
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
"""A batch begins when it is full, or nothing more came for so long."""


@dataclass(frozen=True, eq=False)
class _Waiting:
    model: Model
    job: Job
    loop: asyncio.AbstractEventLoop
    done: "asyncio.Future[Done]"

    @property
    def place(self) -> tuple[int, tuple[int, ...]]:
        """Prompts of like length stand together, for the shorter ones are filled up, and so do the same ones."""
        return len(self.job.prompt), self.job.prompt


class Desk:
    """What waits for any of the models, and a thread for each core that answers from it."""

    def __init__(self) -> None:
        self._waiting: list[_Waiting] = []
        self._came = threading.Condition()
        for _ in range(os.cpu_count() or 1):
            threading.Thread(target=self._work, daemon=True).start()

    async def answer(self, model: Model, job: Job) -> Done:
        loop = asyncio.get_running_loop()
        done: asyncio.Future[Done] = loop.create_future()
        with self._came:
            self._waiting.append(_Waiting(model, job, loop, done))
            self._came.notify_all()
        return await done

    def _work(self) -> None:
        while True:
            batch = self._batch()
            try:
                answers = batch[0].model.answer([waiting.job for waiting in batch])
            except Exception as error:
                for waiting in batch:
                    waiting.loop.call_soon_threadsafe(waiting.done.set_exception, error)
                continue
            for waiting, answer in zip(batch, answers, strict=True):
                waiting.loop.call_soon_threadsafe(_give, waiting.done, answer)

    def _batch(self) -> list[_Waiting]:
        """What waits longest, and beside it what is most like it."""
        with self._came:
            self._came.wait_for(lambda: self._waiting)
            while len(self._waiting) < MOST and self._came.wait(QUIET_SECS):
                self._came.wait_for(lambda: self._waiting)  # another thread may have taken all
            if not self._waiting:
                return self._batch()
            first = self._waiting[0]
            alike = sorted((one for one in self._waiting if one.model is first.model), key=lambda one: one.place)
            begin = max(0, min(alike.index(first) - MOST // 2, len(alike) - MOST))
            batch = alike[begin : begin + MOST]
            taken = set(map(id, batch))
            self._waiting = [one for one in self._waiting if id(one) not in taken]
        return batch


def _give(done: "asyncio.Future[Done]", answer: Done) -> None:
    if not done.done():  # its client may have left
        done.set_result(answer)


def app(models: Mapping[str, Model]) -> Starlette:
    desk = Desk()

    async def complete(request: Request) -> Response:
        body = await request.json()
        model = models.get(body.get("model"))
        if model is None:
            return _refused(404, f"no such model: {body.get('model')}")
        try:
            job = _job(model, body)
        except (KeyError, TypeError, ValueError) as error:
            return _refused(400, f"{type(error).__name__}: {error}")
        return JSONResponse(_completion(body["model"], await desk.answer(model, job)))

    async def listed(request: Request) -> Response:
        return JSONResponse({"object": "list", "data": [{"id": name, "object": "model"} for name in models]})

    routes = [Route("/v1/chat/completions", complete, methods=["POST"]), Route("/v1/models", listed)]
    return Starlette(routes=routes)


def _refused(status: int, message: str) -> Response:
    return JSONResponse({"error": {"message": message, "type": "invalid_request_error"}}, status_code=status)


def _job(model: Model, body: Mapping[str, Any]) -> Job:
    told = {"max_tokens": 160, "temperature": 1.0, "top_p": 1.0}
    told |= {key: body[key] for key in told if body.get(key) is not None}
    top = int(body.get("top_logprobs") or 0) if body.get("logprobs") else None
    if not 1 <= told["max_tokens"] <= 1024 or told["temperature"] < 0 or not 0 < told["top_p"] <= 1:
        raise ValueError("max_tokens 1 to 1024, temperature 0 or more, top_p above 0 and up to 1")
    if top is not None and not 0 <= top <= 20:
        raise ValueError("top_logprobs 0 to 20")
    messages = [{"role": str(turn["role"]), "content": turn.get("content") or ""} for turn in body["messages"]]
    return Job(model.prompt(messages), seed=body.get("seed"), top=top, **told)


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
    models = {name: Model(Path(folder)) for name, folder in folders.items()}
    with Server(app(models), host="127.0.0.1", port=0) as server:
        print(f"http://127.0.0.1:{server.port}/v1", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1:])
