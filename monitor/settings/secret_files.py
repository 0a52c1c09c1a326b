"""Files that the settings name and whose content never stands in the settings: passwords, keys, certificates."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from monitor.errors import ConfigError
from monitor.settings.keys import KeyPath

_SECRET = "password_file"  # noqa: S105 - the name of a key, not a password
_READABLE = ("_cafile", "_certfile", "_keyfile")


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
    elif key.endswith(_READABLE):
        try:
            file.open("rb").close()
        except OSError as error:
            raise ConfigError(f"{file} cannot be read: {error.strerror}") from None
