"""Endpoints that probes are put to. A new kind is one file and one line here."""

import asyncio
import random
import time
from collections.abc import Callable, Mapping
from typing import Any

from monitor.interfaces import Target
from monitor.targets.openai import OpenAITarget

TARGETS: Mapping[str, Callable[..., Target]] = {"openai": OpenAITarget}


def open_target(**options: Any) -> Target:
    """An endpoint of OpenAI's kind with these options of it, by the clocks of this machine."""
    return TARGETS["openai"](now=time.time, clock=time.monotonic, pause=asyncio.sleep, draw=random.random, **options)
