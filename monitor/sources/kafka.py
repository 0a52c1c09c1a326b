"""Topics of a Kafka cluster, read as a member of a consumer group; the caller says what is committed."""

import logging
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kafka import AsyncConsumerRebalanceListener, KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.errors import (
    AuthorizationError,
    KafkaConfigurationError,
    KafkaError,
    SaslAuthenticationFailedError,
    UnsupportedSaslMechanismError,
)

from monitor.errors import ConfigError, TemporaryError
from monitor.records import Position, Record, RecordBatch

log = logging.getLogger(__name__)

_BOOTSTRAP_MS = 10_000
_ANSWER_MS = 10_000  # the longest wait for one answer of the cluster
_ROOM_BYTES = 1 << 20  # beside the largest record, so that a fetch always moves on

_OPERATOR_MUST_ACT = (
    AuthorizationError,
    KafkaConfigurationError,
    SaslAuthenticationFailedError,
    UnsupportedSaslMechanismError,
)


class KafkaSource:
    """Raw bytes of `topics`, partition by partition in order; between partitions the order is the broker's.

    A partition is named "topic/partition". When one is assigned, reading starts at the later of the group's committed
    offset (another member may have gone on) and the position reached here or given to `batches`; without either, where
    `auto_offset_reset` says. Nothing is committed but by `commit`, only for partitions held at that moment and never
    backwards. A tombstone is an empty record; a record over `max_record_bytes` is handed on without its bytes.

    Building it connects to nothing. `batches` raises ConfigError for what the operator must mend (unknown topic, wrong
    password, missing rights) and TemporaryError while the cluster cannot be reached. `close` may be called from any
    thread or a signal; everything else is for the thread that runs `batches`.
    """

    name = "kafka"

    def __init__(
        self,
        *,
        bootstrap_servers: Sequence[str],
        topics: Sequence[str],
        group_id: str = "tidegauge",
        auto_offset_reset: str = "latest",
        security_protocol: str = "PLAINTEXT",
        sasl_mechanism: str | None = None,
        username: str | None = None,
        password: str | None = None,
        ssl_cafile: str | Path | None = None,
        ssl_certfile: str | Path | None = None,
        ssl_keyfile: str | Path | None = None,
        ssl_check_hostname: bool = True,
        client_id: str = "tidegauge",
        group_instance_id: str | None = None,
        max_poll_records: int = 500,
        session_timeout_ms: int = 45_000,
        max_record_bytes: int = 10 * 2**20,
        poll_secs: float = 1.0,
    ) -> None:
        self._topics, self._max_record_bytes = tuple(topics), max_record_bytes
        self._poll_ms = int(1000 * poll_secs)
        self._servers = ", ".join(bootstrap_servers)
        options = {
            "bootstrap_servers": list(bootstrap_servers),
            "group_id": group_id,
            "auto_offset_reset": auto_offset_reset,
            "security_protocol": security_protocol,
            "sasl_mechanism": sasl_mechanism,
            "sasl_plain_username": username,
            "sasl_plain_password": password,
            "ssl_cafile": _text(ssl_cafile),
            "ssl_certfile": _text(ssl_certfile),
            "ssl_keyfile": _text(ssl_keyfile),
            "ssl_check_hostname": ssl_check_hostname,
            "client_id": client_id,
            "group_instance_id": group_instance_id,
            "max_poll_records": max_poll_records,
            "session_timeout_ms": session_timeout_ms,
            "heartbeat_interval_ms": min(3_000, session_timeout_ms // 3),
            "enable_auto_commit": False,
            "allow_auto_create_topics": False,
            "isolation_level": "read_committed",
            "bootstrap_timeout_ms": _BOOTSTRAP_MS,
            "max_partition_fetch_bytes": max_record_bytes + _ROOM_BYTES,
        }
        self._options = {key: value for key, value in options.items() if value is not None}
        self._consumer: KafkaConsumer | None = None
        self._new: set[TopicPartition] = set()  # assigned, and held back until it is known where to start
        self._positions: dict[str, int] = {}
        self._committed: dict[str, int] = {}  # of partitions held and started: what the group knows, -1 for nothing
        self._paused = False
        self._closed = threading.Event()

    def batches(self, start: Position) -> Iterator[RecordBatch]:
        self._positions, self._new, self._committed = dict(start), set(), {}
        try:
            self._consumer = consumer = _Consumer(**self._options)
            try:
                self._check_topics(consumer)
                consumer.subscribe(topics=list(self._topics), listener=_Assignment(self._assigned, self._taken))
                while not self._closed.is_set():
                    polled = consumer.poll(timeout_ms=self._poll_ms)
                    self._start_new(consumer)
                    yield self._batch(polled)
            finally:
                self._consumer = None
                consumer.close(autocommit=False, timeout_ms=_ANSWER_MS)
        except _OPERATOR_MUST_ACT as error:
            raise ConfigError(
                f"sources.kafka: {self._servers} refuses: {_line(error)}; check user, password and rights"
            ) from None
        except (ssl.SSLError, FileNotFoundError) as error:
            raise ConfigError(f"sources.kafka: TLS with {self._servers} fails: {_line(error)}") from None
        except KafkaError as error:
            raise TemporaryError(f"cannot read from Kafka at {self._servers}: {_line(error)}") from None

    def commit(self, position: Position) -> None:
        """A commit that fails is logged: whoever holds the partition next reads it again."""
        if self._consumer is None:
            return
        held = {_name(p): p for p in self._consumer.assignment()}
        ahead = {n: o for n, o in position.items() if n in held and o > self._committed.get(n, o)}
        if not ahead:
            return
        try:
            offsets = {held[n]: OffsetAndMetadata(o, "", -1) for n, o in ahead.items()}
            self._consumer.commit(offsets, timeout_ms=_ANSWER_MS)
        except KafkaError as error:
            log.warning("offsets were not committed to %s: %s", self._servers, _line(error))
        else:
            self._committed.update((n, o) for n, o in ahead.items() if n in self._committed)

    def lag(self) -> Mapping[str, int]:
        """From what the last fetch of each partition said; never asks the cluster."""
        consumer, lags = self._consumer, {}
        if consumer is None:
            return {}
        for partition in consumer.assignment():
            try:
                end, here = consumer.highwater(partition), consumer.position(partition, timeout_ms=0)
            except KafkaError:  # taken away this moment, or its start is not known yet
                continue
            if end is not None and here is not None:
                lags[_name(partition)] = max(0, end - here)
        return lags

    def pause(self, paused: bool) -> None:
        """Back-pressure: while paused, polling goes on (the group keeps this member) and brings no records."""
        self._paused = paused
        if self._consumer is not None:
            change = self._consumer.pause if paused else self._consumer.resume
            change(*(self._consumer.assignment() - self._new))

    def close(self) -> None:
        """May be called from any thread or a signal; `batches` ends within `poll_secs`."""
        self._closed.set()

    def _check_topics(self, consumer: KafkaConsumer) -> None:
        known = consumer.topics()
        missing = [topic for topic in self._topics if topic not in known]
        if missing:
            raise ConfigError(
                f"sources.kafka.topics: {', '.join(missing)} does not exist at {self._servers}, "
                "or this user may not read it: create it, or correct the name or the rights"
            )

    def _assigned(self, partitions: Sequence[TopicPartition]) -> None:
        """On the client's own thread, which must not wait for the cluster: `_start_new` does."""
        if self._consumer is not None:
            self._consumer.pause(*partitions)
            self._new.update(partitions)

    def _taken(self, partitions: Sequence[TopicPartition]) -> None:
        self._new.difference_update(partitions)
        for partition in partitions:
            self._committed.pop(_name(partition), None)

    def _start_new(self, consumer: KafkaConsumer) -> None:
        """Seeks in partitions that were just assigned. A place that the log no longer or not yet holds (retention, a
        topic made anew) becomes the log's start: nothing that is there is passed over."""
        new = sorted(self._new & consumer.assignment())
        if not new:
            return
        first = consumer.beginning_offsets(new, timeout_ms=_ANSWER_MS)
        end = consumer.end_offsets(new, timeout_ms=_ANSWER_MS)
        for partition in new:
            name, group = _name(partition), consumer.committed(partition, timeout_ms=_ANSWER_MS)
            known = max(self._positions.get(name, -1), -1 if group is None else group)
            if known >= 0:
                place = known if first[partition] <= known <= end[partition] else first[partition]
                if place != known:
                    log.warning("%s: offset %d is not in the log, reading from %d on", name, known, place)
                consumer.seek(partition, place)
                self._positions[name] = place
            self._committed[name] = -1 if group is None or group > end[partition] else group
            self._new.discard(partition)
            if not self._paused:
                consumer.resume(partition)

    def _batch(self, polled: Mapping[TopicPartition, Sequence[Any]]) -> RecordBatch:
        records: list[Record] = []
        position: dict[str, int] = {}
        for partition, messages in polled.items():
            name = _name(partition)
            for m in messages:
                value = b"" if m.value is None else m.value
                whole = value if len(value) <= self._max_record_bytes else None
                time = m.timestamp / 1000 if m.timestamp >= 0 else None
                records.append(Record(whole, name, m.offset, time, len(value)))
            position[name] = messages[-1].offset + 1
        self._positions.update(position)
        return RecordBatch(records, position)


class _Consumer(KafkaConsumer):  # type: ignore[misc]
    """Ends its own thread when it cannot be built; the client's would stay, one more for each try."""

    def __init__(self, **options: Any) -> None:
        try:
            super().__init__(**options)
        except BaseException:
            if hasattr(self, "_client"):
                self._client.close()
            raise


class _Assignment(AsyncConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, assigned: Any, taken: Any) -> None:
        self._assigned, self._taken = assigned, taken

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        self._assigned(assigned)

    async def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        self._taken(revoked)

    async def on_partitions_lost(self, lost: Sequence[TopicPartition]) -> None:
        self._taken(lost)


def _name(partition: TopicPartition) -> str:
    return f"{partition.topic}/{partition.partition}"


def _text(path: str | Path | None) -> str | None:
    return None if path is None else str(path)


def _line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
