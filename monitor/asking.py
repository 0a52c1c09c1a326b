"""Asks a running monitor over HTTP, and puts what can go wrong in one line."""

import json
import urllib.request
from http import HTTPStatus
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError

from monitor.errors import ConfigError


def ask(url: str, path: str, *, absent: str = "") -> bytes:
    """What a monitor answers. ConfigError when none does, or when it knows no incident `absent`."""
    if not url.startswith(("http://", "https://")):
        raise ConfigError(f"--url: {url} is not an address that begins with http:// or https://")
    try:
        with urllib.request.urlopen(f"{url.rstrip('/')}{path}", timeout=10) as answer:  # noqa: S310 - checked
            return bytes(answer.read())
    except HTTPError as error:
        known = _known(error) if error.code == HTTPStatus.NOT_FOUND else None
        if known is None:
            raise ConfigError(f"--url: what answers at {url} is not a monitor of this version") from None
        raise ConfigError(f"--incident: there is no {absent}; known: {', '.join(known) or 'none'}") from None
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise ConfigError(
            f"--url: no monitor answers at {url}: {getattr(reason, 'strerror', None) or reason}"
        ) from None


def _known(error: HTTPError) -> list[str] | None:
    """The incidents that a monitor names when it does not know one; None when it is no monitor that says so."""
    try:
        return [str(name) for name in json.load(error)["known"]]
    except (ValueError, LookupError, TypeError):
        return None


def read_json(url: str, raw: bytes) -> Any:
    """The JSON that came from there. ConfigError when it is none."""
    try:
        return json.loads(raw)
    except ValueError:
        raise ConfigError(f"--url: what answers at {url} is not a monitor") from None
