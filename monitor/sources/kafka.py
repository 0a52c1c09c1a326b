"""Topics of a Kafka cluster, read as a member of a consumer group; the caller says what is committed."""

import logging
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kafka import AsyncConsumerRebalanceListener, KafkaConsumer, OffsetAndMetadata, TopicPartition
from kafka import errors as kafka_errors
from kafka.coordinator.consumer import ConsumerCoordinator
from kafka.net.compat import KafkaNetClient
from kafka.net.manager import KafkaConnectionManager
from kafka.net.selector import NetworkSelector
from kafka.net.transport import KafkaSSLTransport, KafkaTCPTransport

from monitor.errors import ConfigError, TemporaryError
from monitor.records import Position, Record, RecordBatch

_File = str | Path | None

log = logging.getLogger(__name__)

_ANSWER_MS = 5_000  # the longest wait for one answer of the cluster

_ADVICE: Mapping[type[Exception], str] = {
    kafka_errors.SaslAuthenticationFailedError: "check username and password",
    kafka_errors.UnsupportedSaslMechanismError: "choose a sasl_mechanism that the broker offers",
    kafka_errors.IllegalSaslStateError: "check security_protocol: this port asks for no log-in",
    kafka_errors.InvalidReceiveError: "check security_protocol: this port speaks another protocol",
    kafka_errors.TopicAuthorizationFailedError: "give this user the right to read the topic",
    kafka_errors.GroupAuthorizationFailedError: "give this user the right to read the group, or change group_id",
    kafka_errors.AuthorizationError: "check this user's rights",
    kafka_errors.InvalidSessionTimeoutError: "choose a session_timeout_ms within the broker's limits",
    kafka_errors.FencedInstanceIdError: "another member has this group_instance_id: give each its own",
    kafka_errors.InconsistentGroupProtocolError: "the group is used by other clients: choose another group_id",
    kafka_errors.KafkaConfigurationError: "correct this option",
}
"""What the operator must mend, and how. Looked through in this order; every other error may pass by itself."""


class KafkaSource:
    """Raw bytes of `topics`, partition by partition in order; between partitions the order is the broker's.

    A partition is named "topic/partition". With the first assignment, reading starts at the position that `batches` was
    given, else at the group's committed offset, else where `auto_offset_reset` says. After a rebalance it goes on at
    the later of the place reached here and the committed offset: another member may have gone on. A place that the log
    no longer holds is a gap, told with the next batch: reading goes on at the log's start. Nothing is committed but by
    `commit`, only for partitions held at that moment and never backwards. A tombstone is an empty record; a record over
    `max_record_bytes` is handed on without its bytes.

    Building it connects to nothing, and raises ConfigError when a certificate cannot be read. `batches` raises
    ConfigError for what the operator must mend (unknown topic, wrong password, missing rights) and TemporaryError while
    the cluster cannot be reached. When `password()` or a certificate's file has changed it connects anew and goes on
    where it was; a password that is refused after another was good may just be ahead of the cluster: TemporaryError.
    `close` may be called from any thread or a signal; everything else is for the thread that runs `batches`. While it
    connects nothing can end it, which is why it tries for `connect_secs` only: less than a stop may take.
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
        password: Callable[[], str] | None = None,
        ssl_cafile: str | Path | None = None,
        ssl_certfile: str | Path | None = None,
        ssl_keyfile: str | Path | None = None,
        ssl_check_hostname: bool = True,
        client_id: str = "tidegauge",
        group_instance_id: str | None = None,
        max_poll_records: int = 500,
        session_timeout_ms: int = 45_000,
        max_record_bytes: int = 10 * 2**20,
        poll_secs: float = 0.5,
        connect_secs: float = 3.5,
    ) -> None:
        self._topics, self._max_record_bytes = tuple(topics), max_record_bytes
        self._poll_ms = int(1000 * poll_secs)
        self._servers, self._latest = ", ".join(bootstrap_servers), auto_offset_reset == "latest"
        self._credentials = _Credentials(
            password,
            (ssl_cafile, ssl_certfile, ssl_keyfile) if security_protocol.endswith("SSL") else None,
            ssl_check_hostname,
        )
        self._credentials.options()  # what cannot be read is told now
        self._options = {
            "bootstrap_servers": list(bootstrap_servers),
            "group_id": group_id,
            "auto_offset_reset": "none",  # decided here: the client would jump to the end over a gap, and not say so
            "security_protocol": security_protocol,
            "sasl_mechanism": sasl_mechanism,
            "sasl_plain_username": username,
            "client_id": client_id,
            "group_instance_id": group_instance_id,
            "max_poll_records": max_poll_records,
            "session_timeout_ms": session_timeout_ms,
            "heartbeat_interval_ms": min(3_000, session_timeout_ms // 3),
            "enable_auto_commit": False,
            "allow_auto_create_topics": False,
            "isolation_level": "read_committed",
            "bootstrap_timeout_ms": int(1000 * connect_secs),
            "reconnect_backoff_max_ms": 1_000,  # the client's own is 30 s: so long after a broker is back
            "max_partition_fetch_bytes": 1 << 20,
            "fetch_max_bytes": 8 << 20,
        }
        self._consumer: KafkaConsumer | None = None
        self._positions: dict[str, int] = {}  # reached, of all partitions ever held
        self._committed: dict[str, int] = {}  # of partitions held and started: what the group knows, -1 for nothing
        self._new: set[TopicPartition] = set()  # assigned, and held back until it is known where to start
        self._lost: set[TopicPartition] = set()  # of these: the log does not hold the place
        self._first_assignment = True
        self._gaps = 0  # not yet told
        self._paused = False
        self._closed = threading.Event()

    def batches(self, start: Position) -> Iterator[RecordBatch]:
        self._positions = dict(start)
        while not self._closed.is_set():
            try:
                yield from self._connected()
            except kafka_errors.KafkaError as error:
                raise self._translated(error) from None

    def _connected(self) -> Iterator[RecordBatch]:
        """By one connection, until it is closed or has to be made anew with other credentials."""
        self._committed, self._new, self._lost = {}, set(), set()
        self._first_assignment = True
        self._consumer = consumer = _Consumer(**self._options, **self._credentials.options())
        try:
            self._check_topics(consumer)
            self._credentials.were_good = True
            consumer.subscribe(topics=list(self._topics), listener=_Assignment(self._assigned, self._taken))
            while not self._closed.is_set():
                yield self._batch(self._poll(consumer))
                if self._credentials.changed():
                    log.info("credentials for %s have changed: connecting anew", self._servers)
                    return
        finally:
            self._consumer = None
            consumer.close(autocommit=False, timeout_ms=_ANSWER_MS)

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
        except kafka_errors.KafkaError as error:
            log.warning("offsets were not committed to %s: %s; they would be read again", self._servers, _line(error))
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
            except kafka_errors.KafkaError:  # taken away this moment, or its start is not known yet
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
        """`batches` ends within `poll_secs`, and the group is left."""
        self._closed.set()

    def _check_topics(self, consumer: KafkaConsumer) -> None:
        known = consumer.topics()
        missing = [topic for topic in self._topics if topic not in known]
        if missing:
            raise ConfigError(
                f"sources.kafka.topics: {', '.join(missing)} does not exist at {self._servers}, "
                "or this user may not read it: create it, or correct the name or the rights"
            )

    def _poll(self, consumer: KafkaConsumer) -> Mapping[TopicPartition, Sequence[Any]]:
        polled: Mapping[TopicPartition, Sequence[Any]] = {}
        try:
            polled = consumer.poll(timeout_ms=self._poll_ms)
        except kafka_errors.NoOffsetForPartitionError:
            pass  # just assigned and never committed; placed below
        except kafka_errors.OffsetOutOfRangeError as error:
            self._lost.update(error.args[0])
            self._assigned([partition for partition in error.args[0] if partition in consumer.assignment()])
        try:
            self._start_new(consumer)
        except kafka_errors.KafkaTimeoutError as error:
            log.warning("%s does not say where to start: %s; asking again", self._servers, _line(error))
        return polled

    def _assigned(self, partitions: Sequence[TopicPartition]) -> None:
        """On the client's own thread, which must not wait for the cluster: `_start_new` does."""
        if self._consumer is not None:
            self._consumer.pause(*partitions)
            self._new.update(partitions)

    def _taken(self, partitions: Sequence[TopicPartition]) -> None:
        self._new.difference_update(partitions)
        self._lost.difference_update(partitions)
        for partition in partitions:
            self._committed.pop(_name(partition), None)

    def _start_new(self, consumer: KafkaConsumer) -> None:
        """Seeks in partitions that were just assigned, or whose place was lost, then lets their records come."""
        for partition in sorted(self._new & consumer.assignment()):
            name, group = _name(partition), consumer.committed(partition, timeout_ms=_ANSWER_MS)
            place = self._place(consumer, partition, group)
            try:
                consumer.seek(partition, place)
                if not self._paused:
                    consumer.resume(partition)
            except (KeyError, ValueError):  # taken away this moment
                continue
            self._positions[name] = place
            self._committed[name] = -1 if group is None or partition in self._lost else group
            self._new.discard(partition)
            self._lost.discard(partition)
        self._first_assignment &= not self._committed

    def _place(self, consumer: KafkaConsumer, partition: TopicPartition, group: int | None) -> int:
        """Where to start. A lost place becomes the log's start: nothing that is there is passed over."""
        name = _name(partition)
        known = self._positions.get(name, -1)
        if group is not None and not (self._first_assignment and known >= 0):
            known = max(known, group)
        lost = partition in self._lost
        if known >= 0 and not lost:
            return known
        ask = consumer.end_offsets if self._latest and not lost else consumer.beginning_offsets
        place: int = ask([partition], timeout_ms=_ANSWER_MS)[partition]
        if lost:
            self._gaps += 1
            log.warning("%s: offset %d is not in the log, which begins at %d: a gap", name, known, place)
        return place

    def _batch(self, polled: Mapping[TopicPartition, Sequence[Any]]) -> RecordBatch:
        records: list[Record] = []
        for partition, messages in polled.items():
            name = _name(partition)
            for m in messages:
                value = b"" if m.value is None else m.value
                whole = value if len(value) <= self._max_record_bytes else None
                at = m.timestamp / 1000 if m.timestamp >= 0 else None
                records.append(Record(whole, name, m.offset, at, len(value)))
            self._positions[name] = messages[-1].offset + 1
        gaps, self._gaps = self._gaps, 0
        return RecordBatch(records, {name: self._positions[name] for name in tuple(self._committed)}, gaps)

    def _translated(self, error: Exception) -> ConfigError | TemporaryError:
        early = isinstance(error, kafka_errors.SaslAuthenticationFailedError) and self._credentials.were_good
        if (advice := _advice(error)) and not early:
            return ConfigError(f"sources.kafka: {self._servers}: {_line(error)}; {advice}")
        return TemporaryError(
            f"cannot read from Kafka at {self._servers}: {_line(error)}; "
            "if it stays so: is a broker there, and are security_protocol and log-in right?"
        )


class _Credentials:
    """What a connection is made with, as its files say now. `were_good`: the cluster took them, or others before."""

    def __init__(
        self, password: Callable[[], str] | None, tls: tuple[_File, _File, _File] | None, check_hostname: bool
    ) -> None:
        self._password, self._tls, self._check_hostname = password, tls, check_hostname
        self._used: tuple[str | bytes | None, ...] = ()
        self.were_good = False

    def options(self) -> dict[str, Any]:
        """For a consumer. ConfigError when a file cannot be read or holds no certificate."""
        self._used = self._read()
        return {
            "sasl_plain_password": self._used[0],
            "ssl_context": None if self._tls is None else _tls(*self._tls, self._check_hostname),
        }

    def changed(self) -> bool:
        """Whether the files say otherwise than when `options` was asked; not while one is away to be replaced."""
        try:
            now = self._read()
        except ConfigError:
            return False
        return now != self._used and None not in now[1:]

    def _read(self) -> tuple[str | bytes | None, ...]:
        password = None if self._password is None else self._password()
        return password, *(_content(Path(file)) for file in self._tls or () if file is not None)


def _content(file: Path) -> bytes | None:
    """None for a file that cannot be read: who makes a connection of it says why."""
    try:
        return file.read_bytes()
    except OSError:
        return None


class _Assignment(AsyncConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, assigned: Any, taken: Any) -> None:
        self._assigned, self._taken = assigned, taken

    async def on_partitions_assigned(self, assigned: Sequence[TopicPartition]) -> None:
        self._assigned(assigned)

    async def on_partitions_revoked(self, revoked: Sequence[TopicPartition]) -> None:
        self._taken(revoked)


class _Consumer(KafkaConsumer):  # type: ignore[misc]
    """Says why it cannot be built. The client itself says only that time ran out, and lets its thread and sockets run
    on, one more for each try."""

    def __init__(self, **options: Any) -> None:
        try:
            super().__init__(kafka_client=_Client, **options)
        except BaseException as error:
            client = getattr(self, "_client", None)
            if client is None:
                raise
            client.close()
            cause: Exception | None = client.manager.failure
            if cause is not None and isinstance(error, kafka_errors.KafkaTimeoutError):
                raise cause from None
            raise
        self._coordinator.__class__ = _Coordinator  # the client lets nobody choose it


class _Coordinator(ConsumerCoordinator):  # type: ignore[misc]
    """Keeps the answer to a join until a poll takes it. The client itself forgets an answer that comes between two
    polls and joins again, and with it the whole group; so it may go on for long. Or it never takes it: where other
    partitions were the reason to join, the assignment under way takes the reason away, and the member stays without
    partitions and heartbeat."""

    _answer: tuple[Any, bytes] | None = None  # the generation it holds for, and what is assigned

    def need_rejoin(self) -> bool:
        return bool(self.rejoining or super().need_rejoin())

    async def _do_join_and_sync_async(self) -> bytes:
        if self._answer is None or self._answer[0] != self._generation:
            assigned = await super()._do_join_and_sync_async()
            self._answer = self._generation, assigned
        return self._answer[1]

    async def _on_join_complete_async(self, *args: Any) -> None:
        self._answer = None
        await super()._on_join_complete_async(*args)


class _Client(KafkaNetClient):  # type: ignore[misc]
    def __init__(self, **options: Any) -> None:
        net = NetworkSelector(**options)
        self.manager = _Connections(net, **options)
        super().__init__(net=net, manager=self.manager, **options)


class _Connections(KafkaConnectionManager):  # type: ignore[misc]
    """Remembers why the last connection could not be made, and gives up at a reason that will stay."""

    failure: Exception | None = None

    def get_connection(self, *args: Any, **options: Any) -> Any:
        if self.failure is not None and not self.bootstrapped and _advice(self.failure):
            raise self.failure
        connection = super().get_connection(*args, **options)
        if not self.bootstrapped and not connection.init_future.is_done:
            connection.init_future.add_errback(self._remember)
        return connection

    async def _build_transport(self, *args: Any, **options: Any) -> Any:
        transport = await super()._build_transport(*args, **options)
        transport.__class__ = _WholeTLS if self.ssl_enabled else _WholeTCP
        return transport

    def _remember(self, error: Exception) -> None:
        self.failure = error


class _Whole:
    """Hands on what came before the end of a connection, and the end with the next read. The client itself throws it
    away when both come at once, as the answer of a broker that refuses a log-in and hangs up does."""

    def _sock_recv(self) -> tuple[bytes, Exception | None]:
        data, error = super()._sock_recv()  # type: ignore[misc]
        return data, None if data else error


class _WholeTCP(_Whole, KafkaTCPTransport):  # type: ignore[misc]
    pass


class _WholeTLS(_Whole, KafkaSSLTransport):  # type: ignore[misc]
    pass


def _tls(cafile: _File, certfile: _File, keyfile: _File, check_hostname: bool) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=cafile)
    except OSError as error:
        raise ConfigError(f"sources.kafka.ssl_cafile: {cafile} cannot be used: {_line(error)}") from None
    context.check_hostname = check_hostname
    if certfile is not None:
        try:
            context.load_cert_chain(certfile, keyfile, password="")  # never asks for one on the terminal
        except OSError as error:
            raise ConfigError(f"sources.kafka.ssl_certfile: {certfile} cannot be used: {_line(error)}") from None
    return context


def _advice(error: Exception) -> str | None:
    """What the operator must do; None when the error may pass by itself."""
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return "check ssl_cafile and the name of the host"
    return next((words for kind, words in _ADVICE.items() if isinstance(error, kind)), None)


def _name(partition: TopicPartition) -> str:
    return f"{partition.topic}/{partition.partition}"


def _line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
