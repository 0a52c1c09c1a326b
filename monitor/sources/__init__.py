"""Where records come from. A new source: one module here, one line below; its options are keyword arguments."""

from collections.abc import Callable, Mapping

from monitor.interfaces import Source
from monitor.sources.files import FileSource
from monitor.sources.kafka import KafkaSource

SOURCES: Mapping[str, Callable[..., Source]] = {
    "files": FileSource,
    "kafka": KafkaSource,
}
