"""Files that the settings name and whose content never stands in the settings: passwords, keys, certificates."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from monitor.errors import ConfigError
from monitor.settings.keys import KeyPath

_SECRET = "password_file"  # noqa: S105 - the name of a key, not a password
_HEADERS = "headers_file"
_READABLE = ("_cafile", "_certfile", "_keyfile")
_HEADER = re.compile(r"([A-Za-z0-9!#$%&'*+.^_`|~-]+):\s*([!-~](?:[ -~]*[!-~])?)\s*")


def read_secret(path: Path) -> str:
    """The text of a secret's file without one trailing line end, which editors and `kubectl` leave behind.

    Raises ConfigError, which never shows the text, when the file is missing, unreadable, not UTF-8 or empty."""
    try:
        text = path.read_bytes().decode()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8 text") from None
    secret = text.removesuffix("\r\n") if text.endswith("\r\n") else text.removesuffix("\n")
    if not secret:
        raise ConfigError(f"{path} is empty")
    return secret


def read_headers(path: Path) -> dict[str, str]:
    """The HTTP headers of a secret's file: a line `name: value` each, blank ones left out. Raises ConfigError as
    `read_secret`, and for a line that is no header."""
    headers = {}
    for number, line in enumerate(read_secret(path).splitlines(), start=1):
        if not line.strip():
            continue
        found = _HEADER.fullmatch(line)
        if found is None:
            raise ConfigError(f"{path} line {number} is no header; one looks like `name: value`")
        headers[found[1]] = found[2]
    return headers


def unusable_files(value: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    """Per key that names a file that cannot be used: the key and why. Looks at the settings as given, so that these
    are told together with whatever else is wrong."""
    parts: Mapping[Any, Any] = dict(enumerate(value)) if isinstance(value, list) else value
    if isinstance(value, dict | list):
        for name, part in parts.items():
            yield from unusable_files(part, (*path, name))
    elif isinstance(value, str) and value and path:
        try:
            _try_to_read(Path(value), key=str(path[-1]))
        except ConfigError as error:
            yield path, str(error)


def _try_to_read(file: Path, *, key: str) -> None:
    if key == _SECRET:
        read_secret(file)
    elif key == _HEADERS:
        read_headers(file)
    elif key.endswith(_READABLE):
        try:
            file.open("rb").close()
        except OSError as error:
            raise ConfigError(f"{file} cannot be read: {error.strerror}") from None
