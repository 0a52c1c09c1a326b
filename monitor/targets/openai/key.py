"""The endpoint's key, which may change while probes run."""

from pathlib import Path

from monitor.errors import ConfigError


class Key:
    """Given as text, or in a file that is read anew when it has changed. While a changed file cannot be read (it is
    being replaced), the key that was read last holds. ConfigError when there never was one."""

    def __init__(self, text: str | None, file: Path | None) -> None:
        if text is not None and file is not None:
            raise ConfigError("api_key and api_key_file: give one of them")
        self._text, self._file = text, file
        self._seen: tuple[int, ...] | None = None
        if file is not None:
            self._look(file)
        if self._text is not None and not _fits(self._text):
            raise ConfigError("the endpoint's key is empty or has signs that no HTTP header may have")

    def headers(self) -> dict[str, str]:
        """The header with the key, none without a key."""
        if self._file is not None:
            self._look(self._file)
        return {} if self._text is None else {"authorization": f"Bearer {self._text}"}

    def _look(self, file: Path) -> None:
        try:
            stat = file.stat()
            seen = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
            if seen == self._seen:
                return
            text = file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            text = ""
        if _fits(text):
            self._text, self._seen = text, seen
        elif self._text is None:
            raise ConfigError(f"{file}: the endpoint's key cannot be read from it")


def _fits(text: str) -> bool:
    return text.isascii() and text.isprintable() and bool(text)
