"""With HF_HUB_OFFLINE=1, or when it is asked for, no network is touched; nor is the extra needed to be told so."""

import json
import os
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from monitor import networks
from monitor.errors import ConfigError

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ID = "sentence-transformers/all-MiniLM-L6-v2"


class Refusing(BaseHTTPRequestHandler):
    """Stands where Hugging Face is, has nothing, and counts who asks."""

    def do_GET(self):
        self.server.asked.append(self.path)
        self.send_error(404)

    do_HEAD = do_GET  # noqa: N815 - as http.server wants it

    def log_message(self, *_):
        pass


@pytest.fixture
def hub():
    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        server.asked = []
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def encoded(hub, minilm, tmp_path):
    def run(model, *options, **environment):
        ran = subprocess.run(
            [sys.executable, HERE / "offline.py", model, *options],
            env=os.environ
            | {
                "HF_ENDPOINT": f"http://127.0.0.1:{hub.server_port}",
                "HF_HOME": str(tmp_path / "cache"),
                "HF_HUB_OFFLINE": "0",
                "PYTHONPATH": str(ROOT),
            }
            | environment,
            stdout=subprocess.PIPE,
            check=True,
        )
        return json.loads(ran.stdout.splitlines()[-1])

    return run


@pytest.mark.neural
def test_a_folder_needs_no_network(encoded, hub, minilm):
    for environment in ({"HF_HUB_OFFLINE": "1"}, {}):
        said = encoded(str(minilm), **environment)
        assert said == {"attempts": [], "shape": [2, 384], "error": ""}
    assert hub.asked == []


@pytest.mark.neural
def test_nor_do_those_of_the_other_networks(encoded, hub, toxic, llama, persons):
    for by, folder, shape in (("Classifier", toxic, [2, 3]), ("Surprise", llama, [2]), ("Names", persons, [2, 0])):
        assert encoded(str(folder), "--by", by) == {"attempts": [], "shape": shape, "error": ""}
    assert hub.asked == []


@pytest.mark.neural
@pytest.mark.parametrize("by", ["Classifier", "Surprise", "Names"])
def test_they_are_as_offline_as_is_asked(by):
    with pytest.raises(ConfigError, match="is not in the cache, and the network is not to be used"):
        getattr(networks, by)(networks.Choice("nobody/has-this", offline=True))


@pytest.mark.neural
@pytest.mark.parametrize(("options", "environment"), [((), {"HF_HUB_OFFLINE": "1"}), (("--offline",), {})])
def test_an_id_that_is_not_in_the_cache_is_an_error_and_no_request(encoded, hub, options, environment):
    said = encoded(ID, *options, **environment)
    assert said["attempts"] == hub.asked == []
    assert said["error"].startswith(f"{ID}: is not in the cache, and the network is not to be used")


@pytest.mark.neural
def test_an_id_that_is_in_the_cache_needs_no_network(encoded, hub, minilm, tmp_path):
    commit = "0a" * 20
    place = tmp_path / "cache" / "hub" / f"models--{ID.replace('/', '--')}"
    (place / "refs").mkdir(parents=True)
    (place / "refs" / "main").write_text(commit)
    (place / "snapshots").mkdir()
    (place / "snapshots" / commit).symlink_to(minilm)
    said = encoded(ID, HF_HUB_OFFLINE="1")
    assert said == {"attempts": [], "shape": [2, 384], "error": ""}
    assert hub.asked == []


@pytest.mark.neural
def test_otherwise_it_is_asked_for(encoded, hub):
    said = encoded(ID)
    assert said["attempts"]
    assert hub.asked
    assert said["error"].startswith(f"{ID}: cannot be brought")


def test_without_the_extra_one_line_says_what_to_install(tmp_path):
    code = (
        "import sys\n"
        "from monitor.networks import Choice, Encoder\n"
        "from monitor.errors import ConfigError\n"
        "for name in ('torch', 'transformers', 'huggingface_hub'): sys.modules[name] = None  # as if not installed\n"
        f"try: Encoder(Choice({str(tmp_path)!r}))\n"
        "except ConfigError as error: print(error)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    (line,) = ran.stdout.splitlines()
    assert line == "networks need torch, transformers, huggingface_hub: pip install 'tidegauge[neural]'"
