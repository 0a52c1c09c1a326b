"""Measures one exchange, or many, with one member of the family."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from monitor.batch import Batch
from monitor.extractors import EXTRACTORS
from monitor.records import Exchange, Message

TEXTS = (
    "",
    " ",
    "I",
    "Sure! Here is a list:\n\n- one thing\n- another thing\n* a third\n\nLet me know if you need more.",
    "# Title\n\nThe tide rose 3.5 m. Why? It may perhaps be the moon; the moon, or the wind!\n\n1. First\n2) Second\n"
    "10. Tenth\n2024. is no list? It is.\n   - indented\n\t- tabbed\n#hashtag\n###### Deep\n####### Too deep",
    "```python\n# not a heading\n- not a list\n\nprint('x')\n```\nThen **bold** and **more bold**.",
    "```\nnever closed\n# still code",
    "I don\u2019t know — it\u2019s “naïve”, isn\u2019t it?",
    "Die Flut steigt, und der Mond ist nicht schuld.",
    "潮汐是海水的周期性涨落。它主要由月球引起\uff01",
    "Прилив поднимается, но это не страшно.",
    "the cat sat on the mat and the cat sat on the mat and the cat sat on the mat",
    "🎉🎉 Great news! 🎉 You're (nearly) done: see [the docs].",
    "a\x00b\r\nc \ud800 d",
)


@pytest.fixture(params=TEXTS, ids=range(len(TEXTS)))
def text(request: pytest.FixtureRequest) -> str:
    """Each of a handful of texts."""
    return request.param


@pytest.fixture
def measure() -> Callable[..., Mapping[str, float]]:
    """measure(family, answer, prompt=..., system=..., **fields of the exchange) -> value of each column."""

    def one(family: str, answer: str = "", prompt: str = "", system: str = "", **fields: Any) -> Mapping[str, float]:
        messages = [Message("system", system)] if system else []
        messages += [Message("user", prompt)] if prompt else []
        fields = {"messages": tuple(messages)} | fields
        exchange = Exchange(id="1", model="m", response=answer, **fields)
        extractor = EXTRACTORS[family]()
        values = extractor.measure(Batch([exchange]))
        return dict(zip((c.name for c in extractor.columns), values[0].tolist(), strict=True))

    return one
