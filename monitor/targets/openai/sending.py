"""The body of a request, in both of OpenAI's dialects."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from monitor.interfaces import Request
from monitor.probing import Turn
from monitor.records import Tool

Api = Literal["chat", "completions"]

PATHS: Mapping[Api, str] = {"chat": "/chat/completions", "completions": "/completions"}


def body_of(request: Request, *, model: str, api: Api, stream: bool, first_tokens: bool) -> dict[str, Any]:
    """What is sent. The likeliest first tokens are asked for when the request wants them and `first_tokens` is true."""
    sampling = request.sampling
    given = {"temperature": sampling.temperature, "top_p": sampling.top_p, "seed": request.seed}
    sent: dict[str, Any] = {"model": model, "max_tokens": sampling.max_tokens}
    sent |= {key: value for key, value in given.items() if value is not None}
    if api == "chat":
        sent["messages"] = _messages(request.turns)
    else:
        sent["prompt"] = _prompt(request.turns)
    if request.tools:
        sent["tools"] = [_tool(tool) for tool in request.tools]
    if request.first_tokens and first_tokens:
        many = request.first_tokens
        sent |= {"logprobs": True, "top_logprobs": many} if api == "chat" else {"logprobs": many}
    if stream:
        sent |= {"stream": True, "stream_options": {"include_usage": True}}
    return sent


def _messages(turns: Sequence[Turn]) -> list[dict[str, Any]]:
    """A tool's turn answers the latest call of its tool that was made before it."""
    messages: list[dict[str, Any]] = []
    made: dict[str, str] = {}
    for turn in turns:
        message: dict[str, Any] = {"role": turn.role, "content": turn.content}
        if turn.call is not None and turn.role == "tool":
            message["tool_call_id"] = made.get(turn.call.name, "call_1")
        elif turn.call is not None:
            name = made[turn.call.name] = f"call_{len(messages) + 1}"
            function = {"name": turn.call.name, "arguments": turn.call.arguments}
            message["content"] = turn.content or None
            message["tool_calls"] = [{"id": name, "type": "function", "function": function}]
        messages.append(message)
    return messages


def _prompt(turns: Sequence[Turn]) -> str:
    """A lone user's turn as it is; a conversation as a dialogue that the model goes on with."""
    if len(turns) == 1 and turns[0].role == "user":
        return turns[0].content
    said = [f"{turn.role.capitalize()}: {turn.content}" for turn in turns]
    return "\n\n".join([*said, "Assistant:"])


def _tool(tool: Tool) -> dict[str, Any]:
    return {"type": "function", "function": {"name": tool.name, "parameters": tool.parameters or {"type": "object"}}}
