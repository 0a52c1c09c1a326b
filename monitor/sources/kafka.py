"""Topics of a Kafka cluster, read as a member of a consumer group; the caller says what is committed."""

import logging
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kafka import AsyncConsumerRebalanceListener, KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka.errors import AuthorizationError, KafkaError, SaslAuthenticationFailedError

from monitor.errors import ConfigError, TemporaryError
from monitor.records import Position, Record, RecordBatch

log = logging.getLogger(__name__)

_BOOTSTRAP_MS = 10_000
_ROOM_BYTES = 1 << 20  # beside the largest record, so that a fetch always moves on


class KafkaSource:
    """Raw bytes of `topics`, partition by partition in order; between partitions the order is the broker's.

    A partition is named "topic/partition". When one is assigned, reading starts at the position that `batches` was
    given, else at the group's committed offset, else where `auto_offset_reset` says. A partition that was taken away
    and comes back starts at the committed offset: another member may have gone on. Nothing is committed
    but by `commit`, and only for partitions held at that moment. A tombstone is an empty record; a record over
    `max_record_bytes` is handed on without its bytes.

    Building it connects to nothing. `batches` raises ConfigError for what the operator must mend (unknown topic, wrong
    password, missing rights) and TemporaryError while the cluster cannot be reached.
    """

    name = "kafka"

    def __init__(
        self,
        *,
        bootstrap_servers: Sequence[str],
        topics: Sequence[str],
        group_id: str = "tidegauge",
        auto_offset_reset: str = "latest",
        username: str | None = None,
        password: str | None = None,
        max_record_bytes: int = 10 * 2**20,
        poll_secs: float = 1.0,
        **client: Any,
    ) -> None:
        self._topics, self._max_record_bytes = tuple(topics), max_record_bytes
        self._poll_ms = int(1000 * poll_secs)
        self._servers = ", ".join(bootstrap_servers)
        self._options = {
            "bootstrap_servers": list(bootstrap_servers),
            "group_id": group_id,
            "auto_offset_reset": auto_offset_reset,
            "sasl_plain_username": username,
            "sasl_plain_password": password,
            "enable_auto_commit": False,
            "allow_auto_create_topics": False,
            "isolation_level": "read_committed",
            "bootstrap_timeout_ms": _BOOTSTRAP_MS,
            "max_partition_fetch_bytes": max_record_bytes + _ROOM_BYTES,
            **{key: _plain(value) for key, value in client.items() if value is not None},
        }
        self._consumer: KafkaConsumer | None = None
        self._positions: dict[str, int] = {}
        self._closed = threading.Event()

    def batches(self, start: Position) -> Iterator[RecordBatch]:
        self._positions = dict(start)
        try:
            self._consumer = consumer = KafkaConsumer(**self._options)
            try:
                self._check_topics(consumer)
                consumer.subscribe(topics=list(self._topics), listener=_Seek(consumer, self._positions))
                while not self._closed.is_set():
                    yield self._batch(consumer.poll(timeout_ms=self._poll_ms))
            finally:
                self._consumer = None
                consumer.close(autocommit=False)
        except (SaslAuthenticationFailedError, AuthorizationError) as error:
            raise ConfigError(
                f"sources.kafka: {self._servers} refuses: {_line(error)}; check user, password and rights"
            ) from None
        except (ssl.SSLError, FileNotFoundError) as error:
            raise ConfigError(f"sources.kafka: TLS with {self._servers} fails: {_line(error)}") from None
        except KafkaError as error:
            raise TemporaryError(f"cannot read from Kafka at {self._servers}: {_line(error)}") from None

    def _check_topics(self, consumer: KafkaConsumer) -> None:
        known = consumer.topics()
        missing = [topic for topic in self._topics if topic not in known]
        if missing:
            raise ConfigError(
                f"sources.kafka.topics: {', '.join(missing)} does not exist at {self._servers}, "
                "or this user may not read it: create it, or correct the name or the rights"
            )

    def _batch(self, polled: Mapping[TopicPartition, Sequence[Any]]) -> RecordBatch:
        records: list[Record] = []
        position: dict[str, int] = {}
        for partition, messages in polled.items():
            name = f"{partition.topic}/{partition.partition}"
            for m in messages:
                value = b"" if m.value is None else m.value
                whole = len(value) <= self._max_record_bytes
                records.append(Record(value if whole else None, name, m.offset, m.timestamp / 1000, len(value)))
            position[name] = messages[-1].offset + 1
        self._positions.update(position)
        return RecordBatch(records, position)

    def commit(self, position: Position) -> None:
        if self._consumer is None:
            return
        held = {f"{p.topic}/{p.partition}": p for p in self._consumer.assignment()}
        mine = held.keys() & self._positions.keys()
        offsets = {held[n]: OffsetAndMetadata(offset, "", -1) for n, offset in position.items() if n in mine}
        if not offsets:
            return
        try:
            self._consumer.commit(offsets)
        except KafkaError as error:  # after a rebalance: whoever holds the partition now reads it again
            log.warning("offsets were not committed to %s: %s", self._servers, _line(error))

    def lag(self) -> Mapping[str, int]:
        consumer, out = self._consumer, {}
        if consumer is None:
            return {}
        for partition in consumer.assignment():
            end, name = consumer.highwater(partition), f"{partition.topic}/{partition.partition}"
            if end is not None and name in self._positions:
                out[name] = max(0, end - self._positions[name])
        return out

    def pause(self, paused: bool) -> None:
        """Back-pressure: while paused, polling goes on (the group keeps this member) and brings no records."""
        if self._consumer is not None:
            change = self._consumer.pause if paused else self._consumer.resume
            change(*self._consumer.assignment())

    def close(self) -> None:
        self._closed.set()


class _Seek(AsyncConsumerRebalanceListener):  # type: ignore[misc]
    """Starts each assigned partition where the stored state says. Runs on the client's own thread: never blocks."""

    def __init__(self, consumer: KafkaConsumer, positions: dict[str, int]) -> None:
        self._consumer, self._positions = consumer, positions

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        for partition in assigned:
            stored = self._positions.get(f"{partition.topic}/{partition.partition}")
            if stored is not None:
                self._consumer.seek(partition, stored)

    async def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        """What is not stored yet is read again by whoever comes next."""
        for partition in revoked:
            self._positions.pop(f"{partition.topic}/{partition.partition}", None)


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value


def _line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
