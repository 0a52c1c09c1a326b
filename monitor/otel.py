"""Judged answers to probes as events of OpenTelemetry, sent by OTLP over HTTP. The one place where its SDK is imported.

No event holds text of a prompt or an answer. Who judges never waits for the receiver: what there is no room for, and
what the receiver does not take, is dropped and counted. See docs/opentelemetry.md.
"""

import logging
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from monitor import __version__
from monitor.errors import ConfigError, TemporaryError
from monitor.probing import Observation, Outcome
from monitor.worker import Worker

log = logging.getLogger(__name__)

EVENT = "gen_ai.evaluation.result"
"""As the semantic conventions for generative AI name it."""

QUEUE, MOST_TOGETHER = 2_048, 512
"""Events that wait at most, and that are sent in one request: the SDK's own numbers."""

TRY_SECS = 10.0
"""So long one request is tried, with the SDK's pauses of 1, 2 and 4 s, before its events are dropped."""

LAST_SECS = 3.0
"""So long the end waits for what is not sent yet."""

_GIVE_UP_SECS = 1.0
_ID_CHARACTERS = 128
_SCORES = {Outcome.GOOD: 1.0, Outcome.BAD: 0.0}


class Events:
    """Sends to `endpoint`/v1/logs, with `headers`, in a thread of its own, while it is entered. `about` are attributes
    that all events share. Leaving waits `last_secs` for what is not sent yet, and about a second for a request that
    hangs. ConfigError without the extra `otel`."""

    def __init__(
        self, *, endpoint: str, headers: Mapping[str, str], about: Mapping[str, str], last_secs: float = LAST_SECS
    ) -> None:
        try:
            from opentelemetry._logs import LogRecord  # noqa: PLC0415 - the extra
            from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter  # noqa: PLC0415
            from opentelemetry.sdk._logs import ReadableLogRecord  # noqa: PLC0415
            from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
            from opentelemetry.sdk.util.instrumentation import InstrumentationScope  # noqa: PLC0415
        except ImportError as error:
            raise ConfigError(f"otel needs {error.name or 'opentelemetry'}: pip install 'tidegauge[otel]'") from None
        self._about, self._last_secs = dict(about), last_secs
        self._record, self._readable = LogRecord, ReadableLogRecord
        self._from = {
            "resource": Resource.create({"service.name": "tidegauge", "service.version": __version__}),
            "instrumentation_scope": InstrumentationScope("tidegauge", __version__),
        }
        url = endpoint.rstrip("/") + "/v1/logs"
        self._exporter = OTLPLogExporter(endpoint=url, headers=dict(headers), timeout=TRY_SECS)
        self._worker: Worker[Observation, None] | None = None

    def put(self, observations: Sequence[Observation]) -> None:
        """Has them sent when there is room, and returns at once. From any thread."""
        if self._worker is not None:
            self._worker.collect()  # what was done is held until it is asked for
            self._worker.offer(observations)

    @property
    def counts(self) -> Mapping[str, int]:
        """Events `sent` and `dropped` so far."""
        if self._worker is None:
            return {"sent": 0, "dropped": 0}
        counts = self._worker.counts
        return {"sent": counts.done, "dropped": counts.dropped + counts.failed}

    def __enter__(self) -> Self:
        self._worker = Worker(self._send, capacity=QUEUE, most_batch=MOST_TOGETHER, name="otel")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._worker is not None
        whole = self._worker.drain(self._last_secs)
        self._exporter.shutdown()  # ends the pauses between tries
        self._worker.close(_GIVE_UP_SECS)
        if not whole:
            log.warning("otel: the receiver did not take the last events of probes in time; they are dropped")

    def _send(self, batch: Sequence[Observation]) -> Sequence[None]:
        if self._exporter.export([self._event(o) for o in batch]).name != "SUCCESS":
            raise TemporaryError("the receiver does not take events")  # the SDK's log says why
        return [None] * len(batch)

    def _event(self, observation: Observation) -> Any:
        at = round(observation.time * 1e6) * 1_000
        record = self._record(timestamp=at, event_name=EVENT, attributes=self._about | attributes(observation))
        return self._readable(log_record=record, **self._from)


def attributes(observation: Observation) -> dict[str, str | float]:
    """What an event says of one judged answer. What is not known has no attribute; a score has one where there is a
    right and a wrong."""
    answer = observation.answer
    known: dict[str, str | float | None] = {
        "gen_ai.evaluation.name": str(observation.category),
        "gen_ai.evaluation.score.label": str(observation.outcome),
        "gen_ai.evaluation.score.value": _SCORES.get(observation.outcome),
        "gen_ai.response.model": answer.model and answer.model[:_ID_CHARACTERS],
        "gen_ai.response.id": answer.response_id and answer.response_id[:_ID_CHARACTERS],
        "error.type": answer.failure and str(answer.failure),
        "tidegauge.suite": observation.item.partition("/")[0],
        "tidegauge.category": str(observation.category),
        "tidegauge.item": observation.item,
        "tidegauge.scorer": observation.scorer,
    }
    return {name: value for name, value in known.items() if value is not None and value != ""}
