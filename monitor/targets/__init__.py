"""Endpoints that probes are put to. A new kind is one file and one line here."""

from collections.abc import Callable, Mapping

from monitor.interfaces import Target
from monitor.targets.openai import OpenAITarget

TARGETS: Mapping[str, Callable[..., Target]] = {"openai": OpenAITarget}
