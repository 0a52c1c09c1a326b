"""Records of invented traffic, many at little cost: the model changes and is put right, so do its users, and some
records are spoiled."""

import json

import msgspec
import numpy as np
from traffic import EVEN, TURNED, exchanges, line

PHASES = (
    (0.30, "evaluated", EVEN),
    (0.40, "swapped", EVEN),
    (0.65, "evaluated", EVEN),
    (0.75, "evaluated", TURNED),
    (1.00, "evaluated", EVEN),
)
"""Up to which share of the records, in which style, about which topics."""

POOL = 10_000
"""Different exchanges of one phase; after that they come again, under other ids and times."""

SPOILED = 0.03


def records(count, seed):
    """Values of Kafka messages, `count` of them; None is a tombstone."""
    rng = np.random.default_rng(seed)
    values = []
    for number, (until, style, topics) in enumerate(PHASES):
        places = range(len(values), round(until * count))
        pool = exchanges(seed + number, min(len(places), POOL), topics=topics, style=style)
        for i in places:
            one = pool[i % len(pool)]
            # The swapped model is terser only. No more exclamation marks than before: a signal that never varied gives
            # no evidence of its return.
            said = one.response.replace("!", ".")
            one = msgspec.structs.replace(one, id=f"bot-{i}", time=1.7e9 + 0.3 * i, response=said)
            values.append(_spoiled(one, int(rng.integers(7))) if rng.random() < SPOILED else line(one))
    return values


def _spoiled(one, how):
    """A record of another fate than to be measured."""
    whole = line(one)
    half = {"id": one.id, "model": one.model, "prompt": "a request alone"}
    return (
        None,
        whole[: len(whole) // 2],
        b"\xff" + whole,
        whole.replace(b'"adapter": null', b'"adapter": NaN'),
        json.dumps(half).encode(),
        line(msgspec.structs.replace(one, model="another")),
        line(msgspec.structs.replace(one, response="")),
    )[how]
