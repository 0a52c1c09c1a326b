"""The parts of OpenAI's bodies that are read, as types: msgspec skips every other key without building it."""

from datetime import datetime
from typing import Annotated, Any

import msgspec

Time = Annotated[float, msgspec.Meta(ge=0, lt=1e11)] | Annotated[datetime, msgspec.Meta(tz=True)]
"""Unix seconds or RFC 3339. The bound refuses milliseconds instead of taking them for the year 50000."""

Count = Annotated[int, msgspec.Meta(ge=0)]


class Part(msgspec.Struct, frozen=True, gc=False):
    """A part of a content. Only text has `text`: images, audio and files are left out."""

    text: str | None = None
    refusal: str | None = None


Content = str | list[Part | str] | None


class Turn(msgspec.Struct, frozen=True, gc=False):
    role: str
    content: Content = None


class Function(msgspec.Struct, frozen=True, gc=False):
    """A function offered (`parameters`) or called (`arguments`). Fragments of a stream may lack the name."""

    name: str | None = None
    parameters: dict[str, Any] | None = None
    arguments: str | dict[str, Any] | None = None


class Custom(msgspec.Struct, frozen=True, gc=False):
    name: str | None = None
    input: str | None = None


class Call(msgspec.Struct, frozen=True, gc=False):
    """A tool offered, a call of one, or a fragment of a call (`index` says of which)."""

    type: str | None = None
    function: Function | None = None
    custom: Custom | None = None
    index: Count | None = None


class ResponseFormat(msgspec.Struct, frozen=True, gc=False):
    type: str | None = None


class Request(msgspec.Struct, frozen=True, gc=False):
    """`prompt` is the legacy completions body: a text, or a list whose first text is taken."""

    model: str | None = None
    messages: list[Turn] | None = None
    prompt: str | list[str] | None = None
    tools: list[Call] | None = None
    response_format: ResponseFormat | None = None


class Alternative(msgspec.Struct, frozen=True, gc=False):
    logprob: float | None = None


class Token(msgspec.Struct, frozen=True, gc=False):
    logprob: float | None = None
    top_logprobs: list[Alternative] | None = None


class Logprobs(msgspec.Struct, frozen=True, gc=False):
    """`content` of chat completions; the two others are the legacy body's."""

    content: list[Token] | None = None
    token_logprobs: list[float | None] | None = None
    top_logprobs: list[dict[str, float] | None] | None = None


class Answer(msgspec.Struct, frozen=True, gc=False):
    """A whole message or the delta of a chunk. `reasoning` is not the answer and is not read."""

    content: Content = None
    refusal: str | None = None
    tool_calls: list[Call] | None = None
    function_call: Function | None = None


class Choice(msgspec.Struct, frozen=True, gc=False):
    index: int = 0
    message: Answer | None = None
    delta: Answer | None = None
    text: str | None = None
    finish_reason: str | None = None
    logprobs: Logprobs | None = None


class Usage(msgspec.Struct, frozen=True, gc=False):
    prompt_tokens: Count | None = None
    completion_tokens: Count | None = None


class Completion(msgspec.Struct, frozen=True, gc=False):
    """A whole response or one chunk of a stream. `error` is what a server sends in place of the rest of a stream."""

    id: str | None = None
    created: Annotated[float, msgspec.Meta(ge=0, lt=1e11)] | None = None
    model: str | None = None
    choices: list[Choice] | None = None
    usage: Usage | None = None
    error: Any = None


class Pair(msgspec.Struct, frozen=True, gc=False):
    """The record: a request and its response. A `response` of text is a recorded stream of server-sent events.
    `headers` are those of the request, as a gateway logs them; whatever their shape, they spoil no record."""

    request: Request | None = None
    response: Completion | str | list[Completion] | None = None
    id: str | int | None = None
    time: Time | None = None
    model: str | None = None
    adapter: str | None = None
    conversation: str | int | None = None
    tidegauge_probe: Any = None
    trace_id: Any = None
    headers: Any = None


def text_of(content: Content) -> str:
    """The text of a content: its text parts joined, whatever else it holds left out."""
    if isinstance(content, str):
        return content
    return "".join([part if isinstance(part, str) else part.text or "" for part in content or ()])


def arguments_of(function: Function) -> str:
    """The arguments as text: some servers send them as an object."""
    if isinstance(function.arguments, dict):
        return msgspec.json.encode(function.arguments).decode()
    return function.arguments or ""
