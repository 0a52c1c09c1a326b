"""Wire formats. A new one: one file with a function Record -> Exchange here, one line below."""

from collections.abc import Callable, Mapping

from monitor.errors import ConfigError
from monitor.formats.auto import AutoFormat
from monitor.formats.jsonl import read_jsonl
from monitor.formats.openai import read_openai
from monitor.formats.strict import StrictFormat
from monitor.interfaces import Format

FORMATS: Mapping[str, Callable[[], Format]] = {
    "auto": lambda: AutoFormat({"jsonl": StrictFormat(read_jsonl), "openai": StrictFormat(read_openai)}),
    "jsonl": lambda: StrictFormat(read_jsonl),
    "openai": lambda: StrictFormat(read_openai),
}


def format_of(name: str) -> Format:
    """A fresh decoder of the format. ConfigError naming those that exist."""
    if name not in FORMATS:
        raise ConfigError(f"format: unknown format {name!r}; known: {', '.join(FORMATS)}")
    return FORMATS[name]()
