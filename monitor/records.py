"""The values that flow: a record as it comes from a source, and the exchange that a format makes of it."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

_TRACE = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?|([0-9a-f]{32})", re.IGNORECASE)


class Message(msgspec.Struct, frozen=True):
    """One turn of the conversation that the model was given. `content` is its text ("" when it has none)."""

    role: str
    content: str


class ToolCall(msgspec.Struct, frozen=True):
    """A call that the model asked for. `arguments` is the model's own text, JSON or not."""

    name: str
    arguments: str


class Tool(msgspec.Struct, frozen=True):
    """A tool offered to the model. `parameters` is its JSON schema as decoded, None when it declares none."""

    name: str
    parameters: Mapping[str, Any] | None = None


class Exchange(msgspec.Struct, frozen=True):
    """One request to the monitored model and its answer.

    `time` is in Unix seconds, from the record when it carries one, else from its source (the broker's or the file's);
    None when nobody says. `logprob` and `entropy` are means over the answer's tokens in nats, None when not recorded.
    `truncated` says that the answer was cut off in transport (a stream without its end), not by a token limit:
    that is `finish_reason == "length"`. `conversation` groups the turns of one dialogue. `probe` says that
    the record itself tells that it is a probe and no user's. `trace_id` is that of the trace it belongs to (see
    `trace_id_of`), None when the record has none.
    """

    id: str
    model: str
    messages: tuple[Message, ...]
    response: str
    adapter: str | None = None
    time: float | None = None
    finish_reason: str | None = None
    refusal: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    tools: tuple[Tool, ...] = ()
    wants_json: bool = False
    truncated: bool = False
    logprob: float | None = None
    entropy: float | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    conversation: str | None = None
    probe: bool = False
    trace_id: str | None = None

    @property
    def has_content(self) -> bool:
        """Whether there is anything of the answer to measure."""
        return bool(self.response or self.refusal or self.tool_calls)


def trace_id_of(said: Any) -> str | None:
    """The 32 hex digits, in small letters, of a trace id that stands by itself or in a header `traceparent` (W3C's
    trace context). None for anything else: what is no trace id spoils no record."""
    found = _TRACE.fullmatch(said) if isinstance(said, str) else None
    digits = (found[1] or found[2]).lower() if found else ""
    return digits if digits.strip("0") else None


class Draw(msgspec.Struct, frozen=True):
    """How an exchange came to be measured: its `chance`, in (0, 1], and whether it is `even`: would have been kept at
    the smallest chance that any kind of exchange then had. The even ones alone are as mixed as the traffic; all of them
    are when each counts 1 / chance times."""

    chance: float
    even: bool


EVERY = Draw(1.0, even=True)
"""Nothing is left out."""


class Record(msgspec.Struct, frozen=True):
    """Bytes from a source and where they stood. `offset` is the place of this record in `partition`,
    `time` the source's own time stamp in Unix seconds (None when it has none). `value` is None for a record
    that the source refused to read whole (`size` then says how large it was)."""

    value: bytes | None
    partition: str
    offset: int
    time: float | None = None
    size: int = 0


Position = Mapping[str, int]
"""Per partition the offset of the next record to read: what a source seeks to, and what it may commit."""


class RecordBatch(msgspec.Struct, frozen=True):
    """Records in the order in which they were read, and the position after the last of them.
    An empty batch means "nothing for now": it gives the reader a chance to look at the time and to stop. `gaps` counts
    how often records before these were gone before they were read."""

    records: Sequence[Record]
    position: Position
    gaps: int = 0
