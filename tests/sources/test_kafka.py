"""The Kafka source against a real broker."""

import logging
import threading
import time
from contextlib import closing

import pytest
from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient, NewTopic
from reading import source

from monitor.errors import ConfigError, TemporaryError

pytestmark = pytest.mark.kafka


def produce(bootstrap, topic, values):
    producer = KafkaProducer(bootstrap_servers=bootstrap, max_request_size=2**23)
    for value in values:
        producer.send(topic, value=value, key=b"k")
    producer.flush()
    producer.close()


def read(source, n, start=None):
    """The first `n` records from `start`, and the position after them."""
    records, position, empty = [], {}, 0
    batches = source.batches(start or {})
    for batch in batches:
        records += batch.records
        position |= batch.position
        empty = 0 if batch.records else empty + 1
        if len(records) >= n or empty > 100:
            break
    source.commit(position)
    lag = source.lag()
    batches.close()
    return records, position, lag


def test_every_record_comes_once_in_order_and_the_lag_ends(bootstrap, topic):
    values = [b"%d" % i for i in range(2_000)]
    produce(bootstrap, topic, values)
    records, position, lag = read(source(bootstrap, topic), 2_000)
    assert [r.value for r in records] == values
    assert [r.offset for r in records] == list(range(2_000))
    assert {r.partition for r in records} == {f"{topic}/0"}
    assert all(r.time > 1.6e9 for r in records)
    assert position == {f"{topic}/0": 2_000}
    assert lag == {f"{topic}/0": 0}


def test_a_stored_position_wins_over_the_committed_offset(bootstrap, topic):
    produce(bootstrap, topic, [b"%d" % i for i in range(10)])
    read(source(bootstrap, topic), 10)
    records, _, _ = read(source(bootstrap, topic), 6, start={f"{topic}/0": 4})
    assert [r.value for r in records] == [b"%d" % i for i in range(4, 10)]


def test_without_a_stored_position_the_group_goes_on_where_it_committed(bootstrap, topic):
    produce(bootstrap, topic, [b"a", b"b"])
    read(source(bootstrap, topic), 2)
    produce(bootstrap, topic, [b"c"])
    records, _, _ = read(source(bootstrap, topic), 1)
    assert [r.value for r in records] == [b"c"]


def test_poison_passes_as_records(bootstrap, topic):
    produce(bootstrap, topic, [b"{not json", b"", None, b"x" * 2_000_000, b"{}"])
    records, _, _ = read(source(bootstrap, topic, max_record_bytes=10_000), 5)
    assert [r.value for r in records] == [b"{not json", b"", b"", None, b"{}"]
    assert records[3].size == 2_000_000


def test_an_unknown_topic_is_named(bootstrap):
    with pytest.raises(ConfigError, match=r"sources\.kafka\.topics: no-such-topic does not exist at"):
        next(source(bootstrap, "no-such-topic").batches({}))


def test_closing_ends_the_batches(bootstrap, topic):
    reading = source(bootstrap, topic)
    batches = reading.batches({})
    next(batches)
    reading.close()
    assert list(batches) == []


def until(done, *readings):
    """Batches of each reading in turn until `done()`: what each has read."""
    deadline = time.monotonic() + 60
    while not done():
        assert time.monotonic() < deadline, "the awaited did not come"
        for reading in readings:
            reading.step()


class Reading:
    """A source that is being read: values and places so far, and the last position."""

    def __init__(self, source, start=None):
        self.source, self.batches = source, source.batches(start or {})
        self.values, self.position, self.latest = [], dict(start or {}), {}

    def step(self):
        batch = next(self.batches)
        self.values += [r.value for r in batch.records]
        self.position |= batch.position
        self.latest = batch.position
        return batch


@pytest.fixture
def reading(bootstrap, topic):
    """reading(...): a Reading of the topic, closed at the end of the test."""
    started = []

    def start(position=None, **options):
        started.append(Reading(source(bootstrap, topic, **options), position))
        return started[-1]

    yield start
    for one in started:
        one.batches.close()


def test_a_first_start_at_the_end_is_kept_although_nothing_came(bootstrap, topic, reading):
    """The place is known from the first batch on: what comes while nobody reads is not lost."""
    produce(bootstrap, topic, [b"before"])
    first = reading(auto_offset_reset="latest", group_id="a")
    until(lambda: first.position, first)
    produce(bootstrap, topic, [b"between"])
    second = reading(first.position, auto_offset_reset="latest", group_id="b")
    until(lambda: second.values, second)
    assert second.values[-1] == b"between"


def test_pause_stops_the_records_and_not_the_polls(bootstrap, topic, reading):
    produce(bootstrap, topic, [b"1"])
    one = reading()
    until(lambda: one.values, one)
    one.source.pause(True)
    produce(bootstrap, topic, [b"2"])
    assert not any(one.step().records for _ in range(10))
    one.source.pause(False)
    until(lambda: len(one.values) == 2, one)
    assert one.values == [b"1", b"2"]


def test_pause_before_the_first_partition_is_assigned(bootstrap, topic, reading):
    produce(bootstrap, topic, [b"1"])
    one = reading()
    one.source.pause(True)
    until(lambda: one.latest, one)
    assert not any(one.step().records for _ in range(5))
    one.source.pause(False)
    until(lambda: one.values, one)


def test_lag_counts_what_is_not_read_yet(bootstrap, topic, reading):
    produce(bootstrap, topic, [b"%d" % i for i in range(100)])
    one = reading(max_poll_records=10)
    assert one.source.lag() == {}
    until(lambda: one.values, one)
    assert one.source.lag() == {f"{topic}/0": 100 - len(one.values)}
    until(lambda: len(one.values) == 100, one)
    assert one.source.lag() == {f"{topic}/0": 0}


@pytest.fixture
def coordinator_log(caplog):
    """What the client's coordinator tells, and an event that is set when the broker has said what is assigned."""
    told, answered = [], threading.Event()

    def note(record):
        told.append(record.msg)
        if record.msg.startswith("Received SyncGroup response"):
            answered.set()
        return True

    logger = logging.getLogger("kafka.coordinator")
    caplog.set_level(logging.DEBUG, logger.name)
    logger.addFilter(note)
    yield told, answered
    logger.removeFilter(note)


def test_a_join_that_ends_between_two_polls_is_not_made_again(bootstrap, topic, reading, coordinator_log):
    """A second join would have the whole group stop and join again."""
    told, answered = coordinator_log
    produce(bootstrap, topic, [b"1"])
    one = reading(poll_secs=0.01)
    until(lambda: told.count("(Re-)joining group %s") == 2, one)  # the first only brings the member its name
    assert answered.wait(30)
    until(lambda: one.values, one)
    late = any(line.startswith("need_rejoin: True (assignment_snapshot") for line in told)  # the topic was just made
    assert late or [x for x in told if x.startswith("Successfully joined")] == ["Successfully joined group %s %s"]


def test_a_join_for_other_partitions_is_brought_to_its_end(bootstrap, topic, reading):
    """The reason for it is gone before its answer is taken: the assignment that is under way knows the partitions."""
    produce(bootstrap, topic, [b"1"])
    one = reading(poll_secs=0.001)
    until(lambda: one.values == [b"1"], one)
    for number in range(2, 5):
        one.source._consumer._coordinator._assignment_snapshot = {topic: set()}  # as if one had come
        produce(bootstrap, topic, [b"%d" % number])
        until(lambda n=number: len(one.values) == n, one)
    assert one.values == [b"1", b"2", b"3", b"4"]


def test_a_second_member_takes_a_share_and_nothing_is_lost(bootstrap, topic):
    name = f"{topic}-two"
    with closing(KafkaAdminClient(bootstrap_servers=bootstrap)) as admin:
        admin.create_topics([NewTopic(name, 4, 1)])
    sent = [b"%d" % i for i in range(400)]
    with closing(KafkaProducer(bootstrap_servers=bootstrap)) as producer:
        for number, value in enumerate(sent[:200]):
            producer.send(name, value=value, partition=number % 4)
        producer.flush()
        first = Reading(source(bootstrap, name, group_id=name, max_poll_records=20))
        second = Reading(source(bootstrap, name, group_id=name))
        until(lambda: len(first.values) >= 40, first)
        first.source.commit(first.position)
        until(lambda: len(first.latest) == len(second.latest) == 2, first, second)
        assert first.latest.keys().isdisjoint(second.latest)
        first.source.commit(first.position)  # also names partitions that are the other's by now
        for number, value in enumerate(sent[200:]):
            producer.send(name, value=value, partition=number % 4)
        producer.flush()
        until(lambda: {*first.values, *second.values} == set(sent), first, second)
        second.source.commit(second.position)
        second.batches.close()
        until(lambda: len(first.latest) == 4, first)
        for number in range(4):
            producer.send(name, value=b"last-%d" % number, partition=number)
        producer.flush()
        until(lambda: sum(v.startswith(b"last") for v in first.values) == 4, first)
        first.batches.close()
    assert len(first.values) == len(set(first.values)), "nobody reads twice what it has read"


@pytest.mark.usefixtures("dropped_sockets")  # the client leaks the refused socket
@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_broker_that_is_away_is_temporary_and_named():
    batches = source("127.0.0.1:9", "any", connect_secs=0.5).batches({})
    with pytest.raises(TemporaryError, match=r"cannot read from Kafka at 127\.0\.0\.1:9: .*ECONNREFUSED"):
        next(batches)


def test_certificates_that_cannot_be_read_are_named_at_once(tmp_path):
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")
    for key in ("ssl_cafile", "ssl_certfile"):
        for path in (broken, tmp_path / "missing.pem"):
            with pytest.raises(ConfigError, match=rf"sources\.kafka\.{key}: {path} cannot be used"):
                source("127.0.0.1:9", "any", security_protocol="SSL", **{key: path})
