"""Real models behind real servers, for tests that are marked `served`. They need the extra `serving` and the weights
that `make parts` brings; models are trained once and kept in `.cache/served`."""

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from served.training import ENVIRONMENT, ROOT, TUNE, possible

collect_ignore = [] if os.environ.get("SERVED_TRIALS") == "all" else ["test_scans.py"]


@pytest.fixture(scope="session")
def counts():
    """What came out, printed at the end as one line."""
    began, found = time.monotonic(), {}
    yield found
    print("\n" + json.dumps(found | {"seconds": round(time.monotonic() - began)}))


@pytest.fixture(scope="session")
def models():
    """Folders of the models by name: base, evaluated, eroded, poisoned (see `served.tune`). Made once, in five
    minutes."""
    if not possible():
        pytest.skip("no model to serve: make test EXTRAS=dev,serving")
    done = subprocess.run(TUNE, env=ENVIRONMENT, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"no models: {done.stderr[-4000:]}"
    return {name: Path(folder) for name, folder in json.loads(done.stdout).items()}


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
