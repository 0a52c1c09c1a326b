"""What the tests of the formats share."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from monitor.errors import MalformedRecord
from monitor.formats import FORMATS
from monitor.records import Exchange, Record

Decode = Callable[..., Exchange]


@pytest.fixture
def decode(request: pytest.FixtureRequest) -> Decode:
    """decode(value): the exchange of one record in the format named by the module's FORMAT, value as JSON or bytes."""
    fmt = FORMATS[request.module.FORMAT]()

    def run(value: Any, *, time: float | None = 5.0) -> Exchange:
        raw = value if isinstance(value, bytes) else json.dumps(value).encode()
        return fmt.decode(Record(value=raw, partition="t/3", offset=17, time=time))

    return run


@pytest.fixture
def refusal(decode: Decode) -> Callable[[Any], MalformedRecord]:
    """refusal(value): the error with which one record is refused."""

    def run(value: Any) -> MalformedRecord:
        with pytest.raises(MalformedRecord) as caught:
            decode(value)
        return caught.value

    return run
