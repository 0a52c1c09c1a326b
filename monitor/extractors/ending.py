"""Why the answer ended, as its server said."""

import numpy as np

from monitor.batch import Batch
from monitor.interfaces import Column, Harm, Matrix, Role

_REASONS = {
    "stop": ("stop",),
    "length": ("length",),
    "content_filter": ("content_filter",),
    "tool_calls": ("tool_calls", "function_call"),
}


def _reason(name: str, words: str, harm: Harm = Harm.NONE) -> Column:
    return Column(f"finish_{name}", Role.SIGNAL, "0/1", f"more answers {words}", f"fewer answers {words}", harm)


class Ending:
    """`finish_*`: 1 for the recorded finish reason, 0 for another, NaN when none is recorded. `truncated`: cut off in
    transport. `empty`: neither text nor tool call nor refusal. Cost: 1 us per exchange."""

    columns = (
        _reason("stop", "ended by themselves"),
        _reason("length", "cut by the token limit", Harm.RISE),
        _reason("content_filter", "stopped by a content filter", Harm.RISE),
        _reason("tool_calls", "ended with a tool call"),
        Column("truncated", Role.SIGNAL, "0/1", "more broken streams", "fewer broken streams", Harm.RISE),
        Column("empty", Role.SIGNAL, "0/1", "more empty answers", "fewer empty answers", Harm.RISE),
    )

    def measure(self, batch: Batch) -> Matrix:
        rows = [
            (
                *_one_hot(exchange.finish_reason),
                float(exchange.truncated),
                float(not (exchange.response.strip() or exchange.refusal or exchange.tool_calls)),
            )
            for exchange in batch.exchanges
        ]
        return np.array(rows, np.float64).reshape(-1, len(self.columns))


def _one_hot(reason: str | None) -> tuple[float, ...]:
    if reason is None:
        return (np.nan,) * len(_REASONS)
    return tuple(float(reason in names) for names in _REASONS.values())
