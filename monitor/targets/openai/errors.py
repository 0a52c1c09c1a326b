"""What an endpoint says in place of an answer."""

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import msgspec

from monitor.probing import Answer, Failure

_TRANSIENT = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_BLOCKED = frozenset({"content_filter", "content_policy_violation", "ResponsibleAIPolicyViolation"})
_BLOCKED_WORDS = ("content management policy", "contentpolicyviolation")  # of gateways that give the code no field
_FILTER_FAILED = "content_filter_error"
_NO_CREDIT = "insufficient_quota"
_CODE = re.compile(r"[\w.-]{1,64}")


def error_of(raw: bytes) -> Any:
    """The `error` of a body, None when there is none or the body is no JSON object."""
    try:
        said = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if not isinstance(said, dict):
        return None
    return said.get("error", said if said.get("object") == "error" else None)


def failed(status: int, error: Any) -> tuple[Answer, bool]:
    """The failure that a status and an error amount to, and whether it may pass by itself."""
    codes = list(_codes(error))
    if _FILTER_FAILED in codes:
        return _answer(Failure.FILTER_FAILED, status, codes), False
    if _BLOCKED.intersection(codes) or _says_blocked(error):
        return _answer(Failure.BLOCKED, status, codes), False
    again = status in _TRANSIENT and _NO_CREDIT not in codes
    return _answer(_by_status(status), status, codes), again


def _by_status(status: int) -> Failure:
    match status:
        case 401 | 403:
            return Failure.UNAUTHORIZED
        case 408:
            return Failure.TIMEOUT
        case 429:
            return Failure.RATE_LIMITED
        case _:
            return Failure.SERVER if status >= HTTPStatus.INTERNAL_SERVER_ERROR else Failure.REFUSED_REQUEST


def _answer(failure: Failure, status: int, codes: list[str]) -> Answer:
    """Codes that are plain words are shown; messages never, for they may quote the prompt."""
    shown = [code for code in codes if _CODE.fullmatch(code)]
    return Answer(failure=failure, detail=" ".join([f"HTTP {status}", *shown[:1]]), status=status)


def _codes(error: Any) -> Iterator[str]:
    if isinstance(error, dict):
        yield from (str(error[key]) for key in ("code", "type") if isinstance(error.get(key), str | int))
        yield from _codes(error.get("innererror"))


def _says_blocked(error: Any) -> bool:
    said = error.get("message") if isinstance(error, dict) else error
    return isinstance(said, str) and any(words in said.lower() for words in _BLOCKED_WORDS)
