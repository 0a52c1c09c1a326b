"""Bodies of an OpenAI-compatible server: a request and its answer in one record."""

from monitor.formats.openai.exchange import read_openai

__all__ = ["read_openai"]
