"""Puts requests to an endpoint over HTTP."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from fnmatch import fnmatchcase
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import msgspec

from monitor.errors import ConfigError
from monitor.formats.openai.exchange import PROBE_HEADER
from monitor.interfaces import Request
from monitor.probing import Answer, Failure
from monitor.targets.openai.errors import error_of, failed
from monitor.targets.openai.key import Key
from monitor.targets.openai.reading import malformed, read
from monitor.targets.openai.sending import PATHS, Api, body_of

MOST_BYTES = 1 << 20
"""Of one answer; what is longer is malformed."""

PROBE_HEADERS = {PROBE_HEADER: "1", "baggage": "tidegauge.probe=1", "cache-control": "no-store"}
"""Tell gateways and logs that this is no user's traffic, and that an old answer is no answer. The model sees none."""

UNCACHED_LITELLM = {"cache": {"no-cache": True, "no-store": True}}
"""What goes into `body` for a LiteLLM proxy, which heeds no header about its cache."""

_FIRST_PAUSE_SECS, _LONGEST_PAUSE_SECS = 1.0, 60.0
_UNFIT = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY})


@dataclass(slots=True)
class _Try:
    """One try as it goes: `answering` says that a part of an answer came, after which there is no other try."""

    status: int = 0
    raw: bytes = b""
    cached: bool = False
    retry_after: str = ""

    @property
    def answering(self) -> bool:
        return self.status == HTTPStatus.OK and bool(self.raw)


class OpenAITarget:
    """Puts requests to `base_url`/chat/completions, or /completions by `api` (`base_url` usually ends in /v1).

    `model` is the name that is asked for; an answer that names a model which does not match the glob `serves` is
    WRONG_MODEL. The key is `api_key`, or stands in `api_key_file`, which is read anew when it has changed.

    Only what failed on the way is tried again, `retries` times at most, after a pause that doubles from a second (the
    server's Retry-After, when it says one; a minute at most), spread by `draw` (uniform in [0, 1)). An answer never is,
    nor what broke off after a part of an answer had come. `timeout_secs` bounds one try from connecting to the last
    byte. `body` is sent along in each request, `headers` as well; they may replace `user-agent`.

    Where the server refuses or ignores the request for first tokens, they are not asked for again.
    `now` and `clock` give Unix and monotonic seconds, `pause` waits. `transport` is httpx's, for tests.
    """

    def __init__(
        self,
        *,
        base_url: str,
        model: str,
        serves: str | None = None,
        api: Api = "chat",
        stream: bool = False,
        api_key: str | None = None,
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
        self._url, self._model, self._serves = base_url.rstrip("/") + PATHS[api], model, serves
        self._api, self._stream, self._extra = api, stream, dict(body or {})
        self._key, self._timeout_secs, self._retries = Key(api_key, api_key_file), timeout_secs, retries
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
        if self._api == "completions" and (request.tools or any(turn.call for turn in request.turns)):
            return Answer(failure=Failure.REFUSED_REQUEST, detail="the API of completions has no tools", tries=0)
        wants = bool(request.first_tokens) and self._offers_first_tokens
        answer = await self._put(request, first_tokens=wants)
        if not wants or answer.first_tokens is not None:
            return answer
        if answer.failure is None and answer.text:
            self._offers_first_tokens = False
        elif answer.failure is Failure.REFUSED_REQUEST and answer.status in _UNFIT:
            if request.tries is not None and answer.tries >= request.tries:
                return answer
            left = None if request.tries is None else request.tries - answer.tries
            without = await self._put(replace(request, tries=left), first_tokens=False)
            self._offers_first_tokens = without.failure is not None
            answer = msgspec.structs.replace(without, tries=answer.tries + without.tries)
        return answer

    async def _put(self, request: Request, *, first_tokens: bool) -> Answer:
        """Tries until there is an answer, or no more tries."""
        most = min(self._retries + 1, request.tries or self._retries + 1)
        for tried in range(most):
            answer, wait = await self._try(request, first_tokens=first_tokens)
            answer = msgspec.structs.replace(answer, tries=tried + 1)
            if wait is None or tried == most - 1:
                break
            secs = max(wait, _FIRST_PAUSE_SECS * 2**tried * (0.5 + self._draw()))
            await self._pause(min(secs, _LONGEST_PAUSE_SECS))
        return answer

    async def _try(self, request: Request, *, first_tokens: bool) -> tuple[Answer, float | None]:
        """The answer of one try, and at least how long to wait before another; None when there must be none."""
        began, trying = self._clock(), _Try()
        sent = {
            **self._extra,
            **body_of(request, model=self._model, api=self._api, stream=self._stream, first_tokens=first_tokens),
        }
        try:
            async with asyncio.timeout(self._timeout_secs):
                await self._fetch(sent, trying)
        except httpx.DecodingError:
            return malformed("not decompressed", trying.status), None
        except (httpx.TimeoutException, TimeoutError) as error:
            return self._broken(Failure.TIMEOUT, error, trying)
        except httpx.HTTPError as error:
            return self._broken(Failure.UNREACHABLE, error, trying)
        answer, wait = self._understood(trying, any_text=bool(request.first_tokens))
        secs = self._clock() - began
        return msgspec.structs.replace(answer, latency_secs=secs, cached=trying.cached), wait

    def _understood(self, trying: _Try, *, any_text: bool) -> tuple[Answer, float | None]:
        if len(trying.raw) > MOST_BYTES:
            return malformed(f"longer than {MOST_BYTES} bytes", trying.status), None
        if trying.status != HTTPStatus.OK:
            answer, again = failed(trying.status, error_of(trying.raw))
            return answer, _retry_after(trying.retry_after, self._now()) if again else None
        answer = read(trying.raw, status=trying.status, any_text=any_text)
        if answer.failure is None and not _served(answer.model, self._serves):
            answer = msgspec.structs.replace(answer, failure=Failure.WRONG_MODEL, text="", first_tokens=None)
        return answer, None

    async def _fetch(self, sent: Mapping[str, Any], trying: _Try) -> None:
        async with self._client.stream("POST", self._url, json=sent, headers=self._key.headers()) as response:
            trying.status, trying.cached = response.status_code, _from_cache(response.headers)
            trying.retry_after = response.headers.get("retry-after", "")
            async for part in response.aiter_bytes():
                trying.raw += part
                if len(trying.raw) > MOST_BYTES:
                    break

    def _broken(self, failure: Failure, error: Exception, trying: _Try) -> tuple[Answer, float | None]:
        """What broke on the way, with what had come of a stream."""
        came = read(trying.raw, status=trying.status).text if trying.answering else ""
        answer = Answer(failure=failure, detail=type(error).__name__, status=trying.status or None, text=came)
        return answer, None if trying.answering else 0.0


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


def _served(model: str | None, glob: str | None) -> bool:
    return glob is None or (model is not None and fnmatchcase(model, glob))


def _from_cache(headers: httpx.Headers) -> bool:
    """Whether a cache says that it answered. Gateways name their header after themselves: `x-cache`,
    `cf-aig-cache-status`, `x-portkey-cache-status`, `helicone-cache`."""
    said = [value for name, value in headers.items() if "cache" in name and name != "cache-control"]
    return any(value.strip().lower().startswith("hit") for value in said) or headers.get("age", "0") != "0"


def _retry_after(said: str, now: float) -> float:
    """Seconds that the server asks to wait, 0 when it does not say or says nonsense."""
    try:
        return max(0.0, float(said))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - now)
    except (TypeError, ValueError, OverflowError):
        return 0.0
