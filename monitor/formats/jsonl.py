"""The flat format: one JSON object per exchange, written for logs and data sets. See docs/formats.md for its keys."""

from datetime import datetime
from typing import Annotated, Any

import msgspec

from monitor.errors import Malformed, MalformedRecord
from monitor.records import Exchange, Message, Record, Tool, ToolCall, trace_id_of

LOWEST_LOGPROB = -20.0
"""Servers write -9999 for minus infinity, and one such token would outweigh a whole answer."""

Time = Annotated[float, msgspec.Meta(ge=0, lt=1e11)] | Annotated[datetime, msgspec.Meta(tz=True)]
"""Unix seconds or RFC 3339. The bound refuses milliseconds instead of taking them for the year 50000."""

Count = Annotated[int, msgspec.Meta(ge=0)]


class _Part(msgspec.Struct, frozen=True, gc=False):
    text: str | None = None


class _Turn(msgspec.Struct, frozen=True, gc=False):
    role: str
    content: str | list[_Part | str] | None = None


class _Function(msgspec.Struct, frozen=True, gc=False):
    name: str
    arguments: str | dict[str, Any] | None = None
    parameters: dict[str, Any] | None = None


class _Call(msgspec.Struct, frozen=True, gc=False):
    """Either flat or with the function inside, as OpenAI has it. Used for tools and for calls of them."""

    name: str | None = None
    arguments: str | dict[str, Any] | None = None
    parameters: dict[str, Any] | None = None
    function: _Function | None = None


class _Usage(msgspec.Struct, frozen=True, gc=False):
    prompt_tokens: Count | None = None
    completion_tokens: Count | None = None


class _Line(msgspec.Struct, frozen=True, gc=False):
    model: str
    id: str | int | None = None
    prompt: str | None = None
    messages: list[_Turn] | None = None
    system: str | None = None
    response: str | None = None
    adapter: str | None = None
    time: Time | None = None
    timestamp: Time | None = None
    finish_reason: str | None = None
    refusal: str | None = None
    tools: list[_Call] | None = None
    tool_calls: list[_Call] | None = None
    wants_json: bool = False
    truncated: bool = False
    logprobs: list[float | None] | None = None
    logprob: float | None = None
    entropy: float | None = None
    usage: _Usage | None = None
    prompt_tokens: Count | None = None
    completion_tokens: Count | None = None
    conversation: str | int | None = None
    tidegauge_probe: Any = None
    trace_id: Any = None


_LINES = msgspec.json.Decoder(_Line)


def read_jsonl(record: Record) -> Exchange:
    """Decodes one line; see StrictFormat for what it may raise."""
    line = _LINES.decode(record.value or b"")
    usage = line.usage or line
    return Exchange(
        id=str(line.id) if line.id not in (None, "") else f"{record.partition}-{record.offset}",
        model=line.model,
        messages=_messages(line),
        response=_response(line),
        adapter=line.adapter,
        time=_time(line, record),
        finish_reason=line.finish_reason,
        refusal=line.refusal,
        tool_calls=tuple([_tool_call(call) for call in line.tool_calls]) if line.tool_calls else (),
        tools=tuple([_tool(tool) for tool in line.tools]) if line.tools else (),
        wants_json=line.wants_json,
        truncated=line.truncated,
        logprob=_logprob(line),
        entropy=line.entropy,
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
        conversation=None if line.conversation is None else str(line.conversation),
        probe=line.tidegauge_probe is True,
        trace_id=trace_id_of(line.trace_id),
    )


def _messages(line: _Line) -> tuple[Message, ...]:
    if line.messages:
        turns = [Message(turn.role, _text(turn.content)) for turn in line.messages]
    elif line.prompt is not None:
        turns = [Message("user", line.prompt)]
    elif line.response is None:
        raise MalformedRecord(Malformed.WRONG_SHAPE, "neither `prompt` or `messages` nor `response`")
    else:
        raise MalformedRecord(Malformed.HALF, "a response without `prompt` or `messages`")
    if line.system is not None:
        turns.insert(0, Message("system", line.system))
    return tuple(turns)


def _text(content: str | list[_Part | str] | None) -> str:
    if isinstance(content, str):
        return content
    return "".join([part if isinstance(part, str) else part.text or "" for part in content or ()])


def _response(line: _Line) -> str:
    """An answer may be nothing but a refusal or tool calls; an answer of nothing at all is a request alone."""
    if line.response is None and line.refusal is None and not line.tool_calls:
        raise MalformedRecord(Malformed.HALF, "a request without `response`")
    return line.response or ""


def _time(line: _Line, record: Record) -> float | None:
    time = line.timestamp if line.time is None else line.time
    if time is None:
        return record.time
    return time.timestamp() if isinstance(time, datetime) else time


def _logprob(line: _Line) -> float | None:
    """Mean over the answer's tokens, each held within [-20, 0]; nulls are left out."""
    if line.logprob is not None:
        return min(0.0, max(LOWEST_LOGPROB, line.logprob))
    held = [min(0.0, max(LOWEST_LOGPROB, value)) for value in line.logprobs or () if value is not None]
    return sum(held) / len(held) if held else None


def _tool_call(call: _Call) -> ToolCall:
    source = call.function or call
    arguments = source.arguments
    if isinstance(arguments, dict):
        arguments = msgspec.json.encode(arguments).decode()
    return ToolCall(_name(source), arguments or "")


def _tool(tool: _Call) -> Tool:
    source = tool.function or tool
    return Tool(_name(source), source.parameters)


def _name(source: _Call | _Function) -> str:
    if source.name is None:
        raise MalformedRecord(Malformed.WRONG_SHAPE, "a tool or a call of one without `name`")
    return source.name
