"""The answer in the body of a success: whole, or as a stream of server-sent events."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from monitor.errors import MalformedRecord
from monitor.formats.openai.bodies import Completion, text_of
from monitor.formats.openai.exchange import answer_of, first_choice, refusal_of, tool_calls_of
from monitor.formats.openai.stream import END, assemble_text, events_of
from monitor.probing import Answer, Failure
from monitor.targets.openai.errors import failed


class _Coded(msgspec.Struct):
    code: str | int | None = None


class _Filters(msgspec.Struct):
    error: _Coded | None = None


class _Filtered(msgspec.Struct):
    content_filter_results: _Filters | None = None


class _Token(msgspec.Struct):
    token: str
    logprob: float | None = None
    top_logprobs: list["_Token"] | None = None


class _Logprobs(msgspec.Struct):
    """`content` of chat completions; the others are the legacy body's."""

    content: list[_Token] | None = None
    tokens: list[str] | None = None
    token_logprobs: list[float | None] | None = None
    top_logprobs: list[dict[str, float] | None] | None = None


class _Choice(msgspec.Struct):
    logprobs: _Logprobs | None = None
    content_filter_results: _Filters | None = None


class _Rest(msgspec.Struct):
    """Of a body, or of a chunk of a stream, what the format of recorded traffic does not read."""

    system_fingerprint: str | None = None
    choices: list[_Choice] | None = None
    prompt_filter_results: list[_Filtered] | None = None
    error: Any = None


_WHOLE = msgspec.json.Decoder(Completion)
_REST = msgspec.json.Decoder(_Rest)


def read(raw: bytes, *, status: int, any_text: bool = False) -> Answer:
    """Never raises: what cannot be read is MALFORMED, an answer without anything in it EMPTY. White space alone is
    something when `any_text` is true. A stream without its end is MALFORMED, with the text that came."""
    try:
        text = raw.decode()
        streamed = text.lstrip().startswith(("data:", "event:", "id:", ":"))
        events = [event for event in events_of(text) if event != END] if streamed else [text]
        rests = _rests(events)
        error = next((rest.error for rest in rests if rest.error is not None), None)
        if error is not None:
            return _error(error, status)
        completion, cut = assemble_text(text) if streamed else (_WHOLE.decode(text), False)
        answer = _answer(completion, rests)
    except UnicodeDecodeError:
        return malformed("not UTF-8", status)
    except MalformedRecord as error:
        return malformed(error.detail, status)
    except msgspec.ValidationError as error:
        return malformed(str(error), status)
    except (msgspec.DecodeError, RecursionError):
        return malformed("not JSON", status)
    answer = msgspec.structs.replace(answer, status=status)
    failure, detail = _failure(answer, rests, any_text=any_text, cut=cut)
    text = "" if failure in (Failure.EMPTY, Failure.FILTER_FAILED) else answer.text
    return msgspec.structs.replace(answer, failure=failure, detail=detail, text=text)


def malformed(detail: str, status: int) -> Answer:
    """An answer that cannot be read. `detail` names places and types, never text of the answer."""
    return Answer(failure=Failure.MALFORMED, detail=detail, status=status)


def _rests(events: Sequence[str]) -> list[_Rest]:
    """A last event that was cut off is left out: that the stream has no end is seen elsewhere."""
    rests = []
    for number, event in enumerate(events):
        try:
            rests.append(_REST.decode(event))
        except msgspec.ValidationError:
            raise
        except msgspec.DecodeError:
            if len(events) == 1 or number < len(events) - 1:
                raise
    return rests


def _error(error: Any, status: int) -> Answer:
    """An error under a status of success: gateways put the status into the error's code."""
    code = error.get("code") if isinstance(error, dict) else None
    meant = code if isinstance(code, int) and 400 <= code < 600 else None
    answer, _ = failed(meant or HTTPStatus.INTERNAL_SERVER_ERROR, error)
    return msgspec.structs.replace(answer, detail="an error in place of an answer", status=status)


def _answer(completion: Completion, rests: Sequence[_Rest]) -> Answer:
    choice = first_choice(completion)
    said, usage = answer_of(choice), completion.usage
    return Answer(
        text=text_of(said.content),
        finish_reason=choice.finish_reason,
        tool_calls=tool_calls_of(said),
        refusal=refusal_of(said),
        model=completion.model,
        fingerprint=next((rest.system_fingerprint for rest in rests if rest.system_fingerprint), None),
        response_id=completion.id,
        prompt_tokens=(usage and usage.prompt_tokens) or 0,
        completion_tokens=(usage and usage.completion_tokens) or 0,
        first_tokens=_first_tokens(rests),
    )


def _failure(answer: Answer, rests: Sequence[_Rest], *, any_text: bool, cut: bool) -> tuple[Failure | None, str]:
    if answer.finish_reason == "content_filter":
        return Failure.BLOCKED, "finish_reason content_filter"
    if any(map(_filter_failed, rests)):
        return Failure.FILTER_FAILED, "the filter did not look at it"
    if cut and answer.finish_reason is None:
        return Failure.MALFORMED, "cut off"
    text = answer.text if any_text else answer.text.strip()
    if not (text or answer.tool_calls or answer.refusal or answer.first_tokens):
        return Failure.EMPTY, f"finish_reason {answer.finish_reason}"[:80]
    return None, ""


def _filter_failed(rest: _Rest) -> bool:
    looked = [*(rest.prompt_filter_results or ()), *(rest.choices or ())]
    results = [part.content_filter_results for part in looked if part.content_filter_results is not None]
    return any(r.error is not None and r.error.code == "content_filter_error" for r in results)


def _first_tokens(rests: Sequence[_Rest]) -> tuple[tuple[str, float], ...] | None:
    """The likeliest first tokens, likeliest first; of the first chunk that has any."""
    for rest in rests:
        logprobs = rest.choices[0].logprobs if rest.choices else None
        likely = {} if logprobs is None else _likely(logprobs)
        if likely:
            return tuple(sorted(likely.items(), key=lambda pair: (-pair[1], pair[0])))
    return None


def _likely(logprobs: _Logprobs) -> dict[str, float]:
    """First tokens with their log-probabilities in nats, the one that came among them."""
    if logprobs.content:
        first = logprobs.content[0]
        tokens = [*(first.top_logprobs or ()), first]
        return {t.token: t.logprob for t in tokens if t.logprob is not None}
    likely = dict((logprobs.top_logprobs or [None])[0] or {})
    if logprobs.tokens and logprobs.token_logprobs and logprobs.token_logprobs[0] is not None:
        likely.setdefault(logprobs.tokens[0], logprobs.token_logprobs[0])
    return likely
