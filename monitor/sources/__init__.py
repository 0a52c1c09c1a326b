"""Where records come from. A new source: one module here, one line below; its options are keyword arguments."""

from collections.abc import Callable, Mapping

from monitor.interfaces import Source
from monitor.sources.files import FileSource

SOURCES: Mapping[str, Callable[..., Source]] = {
    "files": FileSource,
}
