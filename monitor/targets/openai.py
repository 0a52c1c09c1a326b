"""Any endpoint that speaks OpenAI's chat completions."""

import json
from collections.abc import Awaitable, Callable, Mapping
from email.utils import parsedate_to_datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from monitor.errors import ConfigError
from monitor.interfaces import Request
from monitor.probing import Answer, Failure, Turn
from monitor.records import ToolCall

MOST_BYTES = 1 << 20
"""Of one answer; what is longer is malformed."""

PROBE_HEADERS = {"x-tidegauge-probe": "1", "baggage": "tidegauge.probe=1", "cache-control": "no-store"}
"""Tell gateways and logs that this is no user's traffic, and that an old answer is no answer. The model sees none."""

_AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_FIRST_PAUSE_SECS, _LONGEST_PAUSE_SECS = 1.0, 60.0


class OpenAITarget:
    """Puts requests to `base_url`/chat/completions (`base_url` usually ends in /v1).

    `model` is the name that is asked for; an answer that names a model which does not match the glob `serves` is
    WRONG_MODEL. The key is read anew from `api_key_file` for each request, so it may be changed without a restart.
    Only what failed on the way is tried again, `retries` times at most, after a pause that doubles from a second (the
    server's Retry-After, when it says one; a minute at most), spread by `draw` (uniform in [0, 1)); never an answer.
    `timeout_secs` bounds one try from connecting to the last byte. `body` is sent along with each request.

    `now` and `clock` give Unix and monotonic seconds, `pause` waits. `transport` is httpx's, for tests.
    """

    def __init__(
        self,
        *,
        base_url: str,
        model: str,
        serves: str | None = None,
        api_key_file: Path | None = None,
        timeout_secs: float = 60.0,
        retries: int = 4,
        headers: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        now: Callable[[], float],
        clock: Callable[[], float],
        pause: Callable[[float], Awaitable[object]],
        draw: Callable[[], float],
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        if not base_url.startswith(("http://", "https://")) or not _host(base_url):
            raise ConfigError(f"{base_url}: no URL of an endpoint; one looks like http://localhost:8000/v1")
        self._url, self._model, self._serves = base_url.rstrip("/") + "/chat/completions", model, serves
        self._key_file, self._timeout_secs, self._retries = api_key_file, timeout_secs, retries
        self._body = dict(body or {})
        self._now, self._clock, self._pause, self._draw = now, clock, pause, draw
        self._offers_first_tokens = True
        self._client = httpx.AsyncClient(
            headers={**PROBE_HEADERS, **(headers or {})}, timeout=timeout_secs, transport=transport
        )

    @property
    def name(self) -> str:
        return self._model

    async def close(self) -> None:
        await self._client.aclose()

    async def complete(self, request: Request) -> Answer:
        for tried in range(self._retries + 1):
            answer, wait = await self._try(request)
            if wait is None or tried == self._retries:
                return answer
            secs = max(wait, _FIRST_PAUSE_SECS * 2**tried * (0.5 + self._draw()))
            await self._pause(min(secs, _LONGEST_PAUSE_SECS))
        raise AssertionError("unreachable")

    async def _try(self, request: Request) -> tuple[Answer, float | None]:
        """The answer of one try, and at least how long to wait before another; None when there must be none."""
        began = self._clock()
        try:
            response, raw = await self._fetch(request, began)
        except httpx.TimeoutException as error:
            return _failed(Failure.TIMEOUT, type(error).__name__), 0.0
        except httpx.HTTPError as error:
            return _failed(Failure.UNREACHABLE, type(error).__name__), 0.0
        if response.status_code != httpx.codes.OK:
            return self._refused(request, response, raw)
        answer = _read(raw, response.status_code, self._clock() - began)
        if answer.failure is None and not _served(answer.model, self._serves):
            answer = _failed(Failure.WRONG_MODEL, f"served {str(answer.model)[:80]}", response.status_code)
        return answer, None

    async def _fetch(self, request: Request, began: float) -> tuple[httpx.Response, bytes]:
        """The body is cut after MOST_BYTES, which makes it no JSON."""
        sent, raw = self._sent(request), b""
        async with self._client.stream("POST", self._url, json=sent, headers=self._authorization()) as response:
            async for part in response.aiter_bytes():
                raw += part
                if len(raw) > MOST_BYTES:
                    break
                if self._clock() - began > self._timeout_secs:
                    raise httpx.ReadTimeout("still answering")
        return response, raw[:MOST_BYTES]

    def _sent(self, request: Request) -> dict[str, Any]:
        sampling = request.sampling
        sent: dict[str, Any] = {
            **self._body,
            "model": self._model,
            "messages": [_message(turn) for turn in request.turns],
            "max_tokens": sampling.max_tokens,
        }
        given = {"temperature": sampling.temperature, "top_p": sampling.top_p, "seed": request.seed}
        sent |= {key: value for key, value in given.items() if value is not None}
        if request.tools:
            sent["tools"] = [_tool(tool.name, tool.parameters) for tool in request.tools]
        if request.first_tokens and self._offers_first_tokens:
            sent |= {"logprobs": True, "top_logprobs": request.first_tokens}
        return sent

    def _authorization(self) -> dict[str, str]:
        if self._key_file is None:
            return {}
        try:
            key = self._key_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise ConfigError(f"{self._key_file}: the endpoint's key cannot be read from it") from None
        return {"authorization": f"Bearer {key}"}

    def _refused(self, request: Request, response: httpx.Response, raw: bytes) -> tuple[Answer, float | None]:
        status, words = response.status_code, raw[:4096].decode("utf-8", "replace").lower()
        if status in _AGAIN:
            kind = Failure.RATE_LIMITED if status == httpx.codes.TOO_MANY_REQUESTS else Failure.SERVER
            return _failed(kind, f"HTTP {status}", status), _retry_after(response, self._now())
        if status in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            return _failed(Failure.UNAUTHORIZED, f"HTTP {status}", status), None
        if "content_filter" in words or "content management policy" in words:
            kind = Failure.FILTER_FAILED if "content_filter_error" in words else Failure.BLOCKED
            return _failed(kind, f"HTTP {status}", status), None
        if request.first_tokens and self._offers_first_tokens and "logprobs" in words:
            self._offers_first_tokens = False
            return _failed(Failure.REFUSED_REQUEST, "logprobs refused", status), 0.0
        kind = Failure.SERVER if status >= httpx.codes.INTERNAL_SERVER_ERROR else Failure.REFUSED_REQUEST
        return _failed(kind, f"HTTP {status}", status), None


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _message(turn: Turn) -> dict[str, Any]:
    if turn.call is None:
        return {"role": turn.role, "content": turn.content}
    if turn.role == "tool":
        return {"role": "tool", "tool_call_id": "call_1", "content": turn.content}
    call = {"id": "call_1", "type": "function", "function": {"name": turn.call.name, "arguments": turn.call.arguments}}
    return {"role": turn.role, "content": turn.content or None, "tool_calls": [call]}


def _tool(name: str, parameters: Mapping[str, Any] | None) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": parameters or {"type": "object"}}}


def _failed(failure: Failure, detail: str, status: int | None = None) -> Answer:
    return Answer(failure=failure, detail=detail, status=status)


def _served(model: str | None, glob: str | None) -> bool:
    return glob is None or (model is not None and fnmatchcase(model, glob))


def _retry_after(response: httpx.Response, now: float) -> float:
    """Seconds that the server asks to wait, 0 when it does not say or says nonsense."""
    said = response.headers.get("retry-after", "")
    try:
        return max(0.0, float(said))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - now)
    except (TypeError, ValueError):
        return 0.0


def _read(raw: bytes, status: int, secs: float) -> Answer:
    """The answer in the body of a success."""
    try:
        said = json.loads(raw.decode("utf-8"))
        choice = said["choices"][0]
        message, usage = choice["message"], said.get("usage") or {}
        answer = Answer(
            text=_text(message.get("content")),
            finish_reason=choice.get("finish_reason"),
            tool_calls=tuple(
                ToolCall(str(c["function"]["name"]), str(c["function"].get("arguments", "")))
                for c in message.get("tool_calls") or ()
            ),
            refusal=message.get("refusal"),
            model=said.get("model"),
            fingerprint=said.get("system_fingerprint"),
            response_id=said.get("id"),
            status=status,
            prompt_tokens=int(usage.get("prompt_tokens") or 0),
            completion_tokens=int(usage.get("completion_tokens") or 0),
            latency_secs=secs,
            first_tokens=_first_tokens(choice.get("logprobs")),
        )
    except (UnicodeDecodeError, ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError) as error:
        return _failed(Failure.MALFORMED, type(error).__name__, status)
    if answer.finish_reason == "content_filter":
        return Answer(failure=Failure.BLOCKED, finish_reason="content_filter", model=answer.model, status=status)
    if not (answer.text.strip() or answer.tool_calls or answer.refusal):
        return Answer(failure=Failure.EMPTY, finish_reason=answer.finish_reason, model=answer.model, status=status)
    return answer


def _text(content: Any) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    return "".join(str(part["text"]) for part in content if part.get("type") == "text")


def _first_tokens(logprobs: Any) -> tuple[tuple[str, float], ...] | None:
    if not logprobs or not logprobs.get("content"):
        return None
    first = logprobs["content"][0]
    likely = first.get("top_logprobs") or [first]
    return tuple(sorted(((str(t["token"]), float(t["logprob"])) for t in likely), key=lambda t: -t[1]))
