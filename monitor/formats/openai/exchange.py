"""An exchange from a request body and its response body, streamed or whole. See docs/formats.md for the record."""

from datetime import datetime
from typing import Any

import msgspec

from monitor.errors import Malformed, MalformedRecord
from monitor.formats.openai.bodies import (
    Answer,
    Call,
    Choice,
    Completion,
    Function,
    Pair,
    Request,
    arguments_of,
    text_of,
)
from monitor.formats.openai.confidence import mean_entropy, mean_logprob
from monitor.formats.openai.stream import assemble_chunks, assemble_text
from monitor.records import Exchange, Message, Record, Tool, ToolCall, trace_id_of

PROBE_HEADER, TRACE_HEADER = "x-tidegauge-probe", "traceparent"

JSON_FORMATS = frozenset({"json_object", "json_schema"})

_PAIRS = msgspec.json.Decoder(Pair)


def read_openai(record: Record) -> Exchange:
    """Decodes one record; see StrictFormat for what it may raise."""
    pair = _PAIRS.decode(record.value or b"")
    request, (completion, truncated) = _request(pair), _completion(pair)
    choice = first_choice(completion)
    answer = answer_of(choice)
    usage = completion.usage
    wanted = request.response_format
    return Exchange(
        id=str(pair.id) if pair.id not in (None, "") else completion.id or f"{record.partition}-{record.offset}",
        model=_model(pair, request, completion),
        messages=_messages(request),
        response=text_of(answer.content),
        adapter=pair.adapter,
        time=_time(pair, completion, record),
        finish_reason=choice.finish_reason,
        refusal=refusal_of(answer),
        tool_calls=tool_calls_of(answer),
        tools=tuple([_tool(tool) for tool in request.tools]) if request.tools else (),
        wants_json=wanted is not None and wanted.type in JSON_FORMATS,
        truncated=truncated,
        logprob=mean_logprob(choice.logprobs),
        entropy=mean_entropy(choice.logprobs),
        prompt_tokens=None if usage is None else usage.prompt_tokens,
        completion_tokens=None if usage is None else usage.completion_tokens,
        conversation=None if pair.conversation is None else str(pair.conversation),
        probe=_is_probe(pair),
        trace_id=trace_id_of(pair.trace_id) or trace_id_of(_header(pair, TRACE_HEADER)),
    )


def _request(pair: Pair) -> Request:
    if pair.request is not None:
        return pair.request
    if pair.response is None:
        raise MalformedRecord(Malformed.WRONG_SHAPE, "neither `request` nor `response`")
    raise MalformedRecord(Malformed.HALF, "a response without `request`")


def _completion(pair: Pair) -> tuple[Completion, bool]:
    """The response, and whether its transport was cut off."""
    response = pair.response
    if response is None:
        raise MalformedRecord(Malformed.HALF, "a request without `response`")
    if isinstance(response, str):
        return assemble_text(response)
    if isinstance(response, list):
        return assemble_chunks(response)
    return response, False


def _is_probe(pair: Pair) -> bool:
    """Whether the record says so, or the header does that probes are sent with."""
    return pair.tidegauge_probe is True or _header(pair, PROBE_HEADER) not in (None, "0")


def _header(pair: Pair, wanted: str) -> Any:
    """The value of the request's header, as it was logged; None without one."""
    headers = pair.headers if isinstance(pair.headers, dict) else {}
    return next((value for name, value in headers.items() if name.lower() == wanted), None)


def first_choice(completion: Completion) -> Choice:
    """Of several choices the first: the model was asked once, and the others do not make it more traffic."""
    if completion.choices:
        return completion.choices[0]
    if completion.error is not None:
        raise MalformedRecord(Malformed.WRONG_SHAPE, "`response` is an error, not an answer")
    raise MalformedRecord(Malformed.WRONG_SHAPE, "`response.choices` is missing or empty")


def answer_of(choice: Choice) -> Answer:
    if choice.text is not None:
        return Answer(content=choice.text)
    if choice.message is None:
        raise MalformedRecord(Malformed.WRONG_SHAPE, "`response.choices[0]` has neither `message` nor `text`")
    return choice.message


def _model(pair: Pair, request: Request, completion: Completion) -> str:
    """The name by which the client asked stays the same when a server reports dated snapshots behind it."""
    model = pair.model or request.model or completion.model
    if model is None:
        raise MalformedRecord(Malformed.WRONG_SHAPE, "`model` is neither in the record nor in its bodies")
    return model


def _messages(request: Request) -> tuple[Message, ...]:
    if request.messages:
        return tuple([Message(turn.role, text_of(turn.content)) for turn in request.messages])
    prompt = request.prompt[0] if isinstance(request.prompt, list) and request.prompt else request.prompt
    if not isinstance(prompt, str):
        raise MalformedRecord(Malformed.WRONG_SHAPE, "`request.messages` is missing or empty")
    return (Message("user", prompt),)


def _time(pair: Pair, completion: Completion, record: Record) -> float | None:
    if pair.time is None:
        return completion.created or record.time  # some servers leave `created` at 0
    return pair.time.timestamp() if isinstance(pair.time, datetime) else pair.time


def refusal_of(answer: Answer) -> str | None:
    """The refusal as a field of the message, or as parts of its content."""
    if answer.refusal is not None or not isinstance(answer.content, list):
        return answer.refusal
    return "".join([part.refusal or "" for part in answer.content if not isinstance(part, str)]) or None


def tool_calls_of(answer: Answer) -> tuple[ToolCall, ...]:
    if answer.tool_calls:
        return tuple([_tool_call(call) for call in answer.tool_calls])
    if answer.function_call is not None:
        return (ToolCall(_named(answer.function_call.name), arguments_of(answer.function_call)),)
    return ()


def _tool_call(call: Call) -> ToolCall:
    if call.custom is not None:
        return ToolCall(_named(call.custom.name), call.custom.input or "")
    function = call.function or Function()
    return ToolCall(_named(function.name), arguments_of(function))


def _tool(tool: Call) -> Tool:
    """A tool that the server brings along (web search, ...) has no name but its type."""
    if tool.function is None:
        return Tool(_named(tool.type if tool.custom is None else tool.custom.name))
    return Tool(_named(tool.function.name), tool.function.parameters)


def _named(name: str | None) -> str:
    if name is None:
        raise MalformedRecord(Malformed.WRONG_SHAPE, "a tool or a call of one without a name")
    return name
