"""What every source promises: walks the registry, and the list source that stands in for one in other tests."""

import inspect
import time
from itertools import islice

import pytest

from monitor.errors import TemporaryError
from monitor.records import Record
from monitor.sources import SOURCES
from monitor.testing import Abort, ListSource, ManualClock, Pause

VALUES = [b'{"n":%d}' % n for n in range(50)]


@pytest.fixture(params=["files", "list", pytest.param("kafka", marks=pytest.mark.kafka)])
def make(request, tmp_path):
    """make(): a fresh source that holds VALUES, in batches of at most 10."""
    if request.param == "list":
        return lambda: ListSource(VALUES, batch_records=10)
    if request.param == "files":
        path = tmp_path / "traffic.jsonl"
        path.write_bytes(b"\n".join(VALUES) + b"\n")
        return lambda: SOURCES["files"](paths=[str(path)], wait=lambda _: None, follow=True, batch_records=10)
    bootstrap, topic = request.getfixturevalue("bootstrap"), request.getfixturevalue("topic")
    fill(bootstrap, topic)
    options = {"auto_offset_reset": "earliest", "session_timeout_ms": 6_000, "poll_secs": 0.1, "max_poll_records": 10}
    return lambda: SOURCES["kafka"](bootstrap_servers=[bootstrap], topics=[topic], group_id=f"g-{topic}", **options)


def fill(bootstrap, topic):
    from kafka import KafkaProducer

    producer = KafkaProducer(bootstrap_servers=bootstrap)
    for value in VALUES:
        producer.send(topic, value=value)
    producer.flush()
    producer.close()


def read(batches, count):
    """Batches until they hold `count` records."""
    taken, deadline = [], time.monotonic() + 30
    for batch in batches:
        taken.append(batch)
        if sum(len(b.records) for b in taken) >= count:
            return taken
        assert time.monotonic() < deadline, "no more records came"
    return taken


def test_each_source_is_tried_here():
    assert set(SOURCES) == {"files", "kafka"}, "add the new source to the fixture `make`"


def test_the_options_are_keywords():
    for name, make in SOURCES.items():
        kinds = {parameter.kind for parameter in inspect.signature(make).parameters.values()}
        assert kinds == {inspect.Parameter.KEYWORD_ONLY}, name


def test_every_record_comes_once_and_in_order(make):
    batches = make().batches({})
    records = [r for batch in read(batches, len(VALUES)) for r in batch.records]
    batches.close()
    assert [r.value for r in records] == VALUES
    assert all(r.size == len(r.value) for r in records)
    assert len({r.partition for r in records}) == 1
    assert [r.offset for r in records] == sorted({r.offset for r in records})


def test_a_position_is_that_after_the_batch(make):
    batches = make().batches({})
    for batch in read(batches, len(VALUES)):
        for record in batch.records:
            assert batch.position[record.partition] > record.offset
    batches.close()


@pytest.mark.parametrize("cut", [1, 2, 4])
def test_another_source_goes_on_from_a_position(make, cut):
    batches = make().batches({})
    taken = read(batches, 10 * cut)
    position = {key: offset for batch in taken for key, offset in batch.position.items()}
    batches.close()
    seen = [r.value for batch in taken for r in batch.records]
    batches = make().batches(position)
    rest = [r.value for batch in read(batches, len(VALUES) - len(seen)) for r in batch.records]
    batches.close()
    assert seen + rest == VALUES


def test_the_same_source_goes_on_when_it_is_opened_again(make):
    source = make()
    batches = source.batches({})
    taken = read(batches, 10)
    source.commit(taken[-1].position)
    batches.close()
    batches = source.batches(taken[-1].position)
    rest = [r.value for batch in read(batches, 40) for r in batch.records]
    batches.close()
    assert [r.value for batch in taken for r in batch.records] + rest == VALUES


def test_what_is_known_of_the_lag_ends_at_zero(make):
    source = make()
    batches = source.batches({})
    read(batches, len(VALUES))
    assert set(source.lag().values()) <= {0}
    batches.close()


def test_close_ends_the_batches(make):
    source = make()
    batches = source.batches({})
    next(batches)
    source.close()
    assert len(list(islice(batches, 2))) <= 1


def test_the_name_is_that_of_the_registry():
    assert SOURCES["files"](paths=["x"], wait=lambda _: None).name == "files"
    assert SOURCES["kafka"](bootstrap_servers=["x:1"], topics=["t"]).name == "kafka"


def test_the_list_source_raises_once_where_it_is_told():
    source = ListSource([b"a", Abort(), b"b", Pause(), b"c"])
    batches = source.batches({})
    first = next(batches)
    with pytest.raises(TemporaryError, match="aborted by the test"):
        next(batches)
    rest = list(source.batches(first.position))
    assert [[r.value for r in batch.records] for batch in [first, *rest]] == [[b"a"], [b"b"], [], [b"c"]]
    source.commit(rest[-1].position)
    assert source.committed == [{"list/0": 3}]
    assert source.lag() == {"list/0": 0}


def test_the_list_source_keeps_records_as_they_are():
    record = Record(None, "t/3", 17, time=5.0, size=99)
    (batch,) = ListSource([record]).batches({})
    assert (batch.records, batch.position) == ([record], {"t/3": 18})
    assert list(ListSource([record]).batches({"t/3": 18})) == []


def test_the_manual_clock_goes_when_told():
    clock = ManualClock(10.0)
    clock.advance(2.5)
    assert clock.wait(1.0) is False
    assert clock() == 13.5
    with pytest.raises(ValueError, match="forward only"):
        clock.advance(-1)
