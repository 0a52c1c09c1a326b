"""A recorded stream of chunks, put together to the answer that it carried."""

from collections.abc import Iterator, Sequence

import msgspec

from monitor.errors import Malformed, MalformedRecord
from monitor.formats.openai.bodies import (
    Answer,
    Call,
    Choice,
    Completion,
    Function,
    Logprobs,
    Token,
    arguments_of,
    text_of,
)

END = "[DONE]"

_CHUNKS = msgspec.json.Decoder(list[Completion])
_CHUNK = msgspec.json.Decoder(Completion)


def assemble_text(text: str) -> tuple[Completion, bool]:
    """The answer of a stream of server-sent events, and whether its end is missing: no `[DONE]`, or an error instead.

    Raises MalformedRecord(STREAM) when it holds no chunk, or an unreadable one that is not the last.
    """
    events = list(events_of(text))
    ended = END in events
    chunks, broken = _decode([event for event in events if event != END])
    completion, failed = _assemble(chunks)
    return completion, failed or broken or not ended


def assemble_chunks(chunks: Sequence[Completion]) -> tuple[Completion, bool]:
    """The same for chunks kept as a list, where nothing but a finish reason can tell that the end was reached."""
    completion, failed = _assemble(chunks)
    ended = any(choice.finish_reason is not None for choice in completion.choices or ())
    return completion, failed or not ended


def events_of(text: str) -> Iterator[str]:
    """The data of each event: one line in this family of servers. Not `splitlines`, which also cuts at U+2028, and that
    may stand inside a JSON string."""
    for line in text.split("\n"):
        if line.startswith("data:"):
            data = line[5:].strip()
            if data:
                yield data


def _decode(events: Sequence[str]) -> tuple[Sequence[Completion], bool]:
    """All chunks in one call. Only when that fails, one by one: a last chunk may be cut off, any other may not."""
    try:
        return _CHUNKS.decode(f"[{','.join(events)}]"), False
    except (msgspec.DecodeError, UnicodeError):
        pass
    chunks: list[Completion] = []
    for number, event in enumerate(events):
        try:
            chunks.append(_CHUNK.decode(event))
        except msgspec.ValidationError as error:
            raise MalformedRecord(Malformed.STREAM, f"chunk {number}: {error}") from None
        except (msgspec.DecodeError, UnicodeError):
            if number < len(events) - 1:
                raise MalformedRecord(Malformed.STREAM, f"chunk {number} is not JSON") from None
    return chunks, True


def _assemble(chunks: Sequence[Completion]) -> tuple[Completion, bool]:
    """One completion of the first choice of all chunks, and whether an error ended them."""
    if not chunks:
        raise MalformedRecord(Malformed.STREAM, "no chunk")
    choices = [choice for chunk in chunks for choice in chunk.choices or () if choice.index == 0]
    usages = [chunk.usage for chunk in chunks if chunk.usage is not None]
    if not choices:
        raise MalformedRecord(Malformed.STREAM, "no chunk with a choice")
    completion = Completion(
        id=next((chunk.id for chunk in chunks if chunk.id), None),
        created=next((chunk.created for chunk in chunks if chunk.created), None),
        model=next((chunk.model for chunk in chunks if chunk.model), None),
        choices=[_whole(choices)],
        usage=usages[-1] if usages else None,  # a server that reports usage with every chunk counts up
    )
    return completion, any(chunk.error is not None for chunk in chunks)


def _whole(choices: Sequence[Choice]) -> Choice:
    deltas = [choice.delta for choice in choices if choice.delta is not None]
    message = Answer(
        content="".join([text_of(delta.content) for delta in deltas]),
        refusal="".join([delta.refusal for delta in deltas if delta.refusal]) or None,
        tool_calls=_calls(deltas),
        function_call=_joined([delta.function_call for delta in deltas if delta.function_call is not None]),
    )
    texts = [choice.text for choice in choices if choice.text is not None]
    reasons = [choice.finish_reason for choice in choices if choice.finish_reason is not None]
    return Choice(
        message=message,
        text="".join(texts) if texts else None,
        finish_reason=reasons[-1] if reasons else None,
        logprobs=_logprobs([choice.logprobs for choice in choices if choice.logprobs is not None]),
    )


def _calls(deltas: Sequence[Answer]) -> list[Call] | None:
    """Fragments of a call share its `index`; one without an index continues the last."""
    fragments: dict[int, list[Call]] = {}
    last = 0
    for delta in deltas:
        for call in delta.tool_calls or ():
            last = last if call.index is None else call.index
            fragments.setdefault(last, []).append(call)
    whole = [_call(fragments[index]) for index in sorted(fragments)]
    return whole or None


def _call(fragments: Sequence[Call]) -> Call:
    custom = next((part.custom for part in fragments if part.custom is not None), None)
    return Call(function=_joined([part.function for part in fragments if part.function is not None]), custom=custom)


def _joined(parts: Sequence[Function]) -> Function | None:
    if not parts:
        return None
    return Function(
        name=next((part.name for part in parts if part.name), None),
        arguments="".join([arguments_of(part) for part in parts]),
    )


def _logprobs(parts: Sequence[Logprobs]) -> Logprobs | None:
    if not parts:
        return None
    content: list[Token] = []
    legacy: list[float | None] = []
    tops: list[dict[str, float] | None] = []
    for part in parts:
        content += part.content or ()
        legacy += part.token_logprobs or ()
        tops += part.top_logprobs or ()
    return Logprobs(content=content or None, token_logprobs=legacy or None, top_logprobs=tops or None)
