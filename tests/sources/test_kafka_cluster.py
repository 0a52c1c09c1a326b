"""What needs a whole Kafka of one's own: a broker that dies, places the log does not hold, log-in, rights and TLS."""

import gc
import threading
import time
from contextlib import closing

import pytest
from broker import PASSWORD, USER, KafkaBroker, kafka_home
from kafka import KafkaProducer, TopicPartition
from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    KafkaAdminClient,
    NewTopic,
    ResourcePattern,
    ResourceType,
)
from reading import source

from monitor.errors import ConfigError, TemporaryError

pytestmark = [
    pytest.mark.kafka_restart,
    pytest.mark.skipif(kafka_home() is None, reason="no Kafka: set KAFKA_HOME or run `make kafka-home`; needs Java 17"),
    # While a broker is away, or refuses, the client drops sockets without closing them.
    pytest.mark.usefixtures("dropped_sockets"),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture(scope="module")
def broker():
    with KafkaBroker(kafka_home(), security=True) as broker:
        yield broker


@pytest.fixture
def admin(broker):
    with closing(KafkaAdminClient(bootstrap_servers=broker.bootstrap)) as admin:
        yield admin


@pytest.fixture
def topic(admin, request):
    name = "".join(c if c.isalnum() else "-" for c in request.node.name)
    admin.create_topics([NewTopic(name, 1, 1)])
    return name


@pytest.fixture
def producer(broker):
    with closing(KafkaProducer(bootstrap_servers=broker.bootstrap, acks="all")) as producer:
        yield producer


def send(producer, topic, values):
    for value in values:
        producer.send(topic, value=value)
    producer.flush(timeout=60)


def read(batches, count, values, gaps=None):
    """Reads until `values` are `count`, and adds the gaps told to `gaps`. Each batch must come within a second or so,
    whatever the broker does."""
    deadline = time.monotonic() + 90
    while len(values) < count:
        before = time.monotonic()
        batch = next(batches)
        assert time.monotonic() - before < 2.5, "no batch, not even an empty one"
        assert time.monotonic() < deadline, f"only {len(values)} of {count} records came"
        values += [r.value for r in batch.records]
        if gaps is not None:
            gaps += [1] * batch.gaps
    return batch


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_broker_that_dies_and_comes_back_loses_nothing(broker, topic, producer, end):
    sent, values = [b"%d" % i for i in range(600)], []
    send(producer, topic, sent[:300])
    reading = source(broker.bootstrap, topic, max_poll_records=50)
    batches = reading.batches({})
    try:
        position = read(batches, 100, values).position
        reading.commit(position)
        getattr(broker, end)()
        away_since = time.monotonic()
        while time.monotonic() - away_since < 3:
            values += [r.value for r in next(batches).records]
        reading.commit({key: offset + 1 for key, offset in position.items()})
        assert time.monotonic() - away_since < 12, "a commit waits no longer than it says"
    finally:
        broker.start()
    send(producer, topic, sent[300:])
    last = read(batches, len(sent), values)
    assert values == sent
    reading.commit(last.position)
    batches.close()
    assert not [r for batch in [next(source(broker.bootstrap, topic).batches({}))] for r in batch.records]


def test_records_that_retention_took_are_a_gap(broker, topic, producer, admin):
    send(producer, topic, [b"%d" % i for i in range(10)])
    admin.delete_records({TopicPartition(topic, 0): 5})
    reading, values = source(broker.bootstrap, topic, auto_offset_reset="latest"), []
    gaps: list[int] = []
    batches = reading.batches({f"{topic}/0": 2})
    read(batches, 5, values, gaps)
    assert (values, len(gaps)) == ([b"5", b"6", b"7", b"8", b"9"], 1)
    reading.pause(True)
    send(producer, topic, [b"%d" % i for i in range(10, 20)])
    admin.delete_records({TopicPartition(topic, 0): 15})
    reading.pause(False)
    read(batches, 10, values, gaps)
    assert (values[5:], len(gaps)) == ([b"15", b"16", b"17", b"18", b"19"], 2)
    batches.close()


def test_a_position_beyond_the_log_is_a_gap(broker, topic, producer):
    """The topic was deleted and made anew. (Tansu answers such a fetch with no records and no error.)"""
    send(producer, topic, [b"1", b"2"])
    reading, values = source(broker.bootstrap, topic, auto_offset_reset="latest"), []
    gaps: list[int] = []
    batches = reading.batches({f"{topic}/0": 500})
    last = read(batches, 2, values, gaps)
    assert (values, len(gaps)) == ([b"1", b"2"], 1)
    assert last.position == {f"{topic}/0": 2}
    reading.commit(last.position)
    batches.close()
    send(producer, topic, [b"3"])
    batches, values = source(broker.bootstrap, topic).batches({}), []
    read(batches, 1, values)
    assert values == [b"3"], "the commit went through although the place is before the lost one"
    batches.close()


@pytest.fixture
def log_in(broker):
    """Options of a log-in that the broker accepts."""
    return {
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "SCRAM-SHA-256",
        "username": USER,
        "password": lambda: PASSWORD,
    }


def refused(bootstrap, topic, kind=ConfigError, **options):
    """The line with which the first batch is refused. No thread of the client stays."""
    threads = threading.active_count()
    with pytest.raises(kind) as caught:
        next(source(bootstrap, topic, connect_secs=20 if kind is ConfigError else 1, **options).batches({}))
    gc.collect()
    assert threading.active_count() <= threads
    line = str(caught.value)
    assert "\n" not in line
    assert bootstrap in line
    assert PASSWORD not in line
    return line


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256"])
def test_a_wrong_password(broker, topic, log_in, mechanism):
    line = refused(
        broker.sasl_bootstrap, topic, **(log_in | {"sasl_mechanism": mechanism, "password": lambda: "wrong"})
    )
    assert "check username and password" in line


def test_a_password_that_changes_while_it_reads(broker, topic, log_in, producer, admin):
    """It connects anew. One that is refused may be ahead of the cluster, so it is no reason to end; the right one goes
    on where it was."""
    allow(admin, ResourceType.TOPIC, topic)
    allow(admin, ResourceType.GROUP, f"g-{topic}")
    said, values = [PASSWORD], []
    reading = source(broker.sasl_bootstrap, topic, **(log_in | {"password": lambda: said[0]}))
    batches = reading.batches({})
    send(producer, topic, [b"1", b"2"])
    read(batches, 2, values)
    said[0] = "ahead of the cluster"
    with pytest.raises(TemporaryError, match="cannot read from Kafka"):
        read(batches, 3, values)
    said[0] = PASSWORD
    send(producer, topic, [b"3"])
    batches = reading.batches({f"{topic}/0": 2})
    read(batches, 3, values)
    assert values == [b"1", b"2", b"3"]
    batches.close()


def test_a_certificate_that_is_replaced_while_it_reads(broker, topic, producer, tmp_path):
    authorities = tmp_path / "ca.pem"
    authorities.write_bytes(broker.cafile.read_bytes())
    options = {"security_protocol": "SSL", "ssl_cafile": authorities}
    batches, values = source(broker.ssl_bootstrap, topic, **options).batches({}), []
    send(producer, topic, [b"1"])
    read(batches, 1, values)
    authorities.unlink()  # away for a moment: no reason to connect anew
    send(producer, topic, [b"2"])
    read(batches, 2, values)
    authorities.write_bytes(b"\n" + broker.cafile.read_bytes())
    send(producer, topic, [b"3"])
    read(batches, 3, values)
    assert values == [b"1", b"2", b"3"]
    batches.close()


def test_a_mechanism_that_is_not_offered(broker, topic, log_in):
    line = refused(broker.sasl_bootstrap, topic, **(log_in | {"sasl_mechanism": "SCRAM-SHA-512"}))
    assert "choose a sasl_mechanism that the broker offers" in line


def test_a_log_in_where_none_is_asked(broker, topic, log_in):
    assert "asks for no log-in" in refused(broker.bootstrap, topic, **log_in)


def test_a_port_of_another_protocol(broker, topic):
    for bootstrap, protocol in ((broker.sasl_bootstrap, "PLAINTEXT"), (broker.bootstrap, "SSL")):
        line = refused(bootstrap, topic, TemporaryError, security_protocol=protocol)
        assert "are security_protocol and log-in right?" in line


def test_no_encryption_where_it_is_asked(broker, topic):
    assert "check security_protocol" in refused(broker.ssl_bootstrap, topic)


def test_a_certificate_that_is_not_trusted(broker, topic):
    line = refused(broker.ssl_bootstrap, topic, security_protocol="SSL")
    assert "self-signed certificate" in line
    assert "check ssl_cafile and the name of the host" in line


def test_a_certificate_of_another_host(broker, topic):
    address = broker.ssl_bootstrap.replace("localhost", "127.0.0.1")
    line = refused(address, topic, security_protocol="SSL", ssl_cafile=broker.cafile)
    assert "IP address mismatch" in line


def test_tls(broker, topic, producer):
    send(producer, topic, [b"1"])
    batches = source(broker.ssl_bootstrap, topic, security_protocol="SSL", ssl_cafile=broker.cafile).batches({})
    read(batches, 1, [])
    batches.close()


def allow(admin, kind, name):
    admin.create_acls(
        [ACL(f"User:{USER}", "*", ACLOperation.READ, ACLPermissionType.ALLOW, ResourcePattern(kind, name))]
    )


def test_rights_to_topic_and_group(broker, topic, producer, admin, log_in):
    send(producer, topic, [b"1"])
    assert "or this user may not read it" in refused(broker.sasl_bootstrap, topic, **log_in)
    allow(admin, ResourceType.TOPIC, topic)
    line = refused(broker.sasl_bootstrap, topic, **log_in)
    assert "give this user the right to read the group" in line
    allow(admin, ResourceType.GROUP, f"g-{topic}")
    batches = source(broker.sasl_bootstrap, topic, **log_in).batches({})
    read(batches, 1, [])
    batches.close()


def test_a_session_timeout_that_the_broker_does_not_allow(broker, topic):
    assert "choose a session_timeout_ms" in refused(broker.bootstrap, topic, session_timeout_ms=300)


def test_two_members_of_one_instance_id(broker, topic):
    first = source(broker.bootstrap, topic, group_instance_id="pod-0").batches({})
    second = source(broker.bootstrap, topic, group_instance_id="pod-0").batches({})
    with pytest.raises(ConfigError, match="another member has this group_instance_id"):
        [next(batches) for _ in range(100) for batches in (first, second)]
    first.close()
    second.close()
