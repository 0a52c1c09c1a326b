"""Files of one JSON object per line: read once, or followed as they grow; and standard input."""

from monitor.sources.files.source import FileSource

__all__ = ["FileSource"]
