"""The Kafka source against a real broker."""

import pytest
from kafka import KafkaProducer

from monitor.errors import ConfigError
from monitor.sources.kafka import KafkaSource

pytestmark = pytest.mark.kafka


def source(bootstrap, topic, **options):
    settings = {
        "auto_offset_reset": "earliest",
        "session_timeout_ms": 6_000,
        "poll_secs": 0.2,
        "group_id": f"g-{topic}",
    }
    return KafkaSource(bootstrap_servers=[bootstrap], topics=[topic], **(settings | options))


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
