"""The programs of tests/image/programs.txt."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def tool(name):
    """The path of a program, by its place in IMAGE_TOOLS or in what `make parts` brings; skips the test without it."""
    path = Path(os.environ.get("IMAGE_TOOLS", ROOT / ".cache" / "image")) / name
    if not path.exists():
        pytest.skip(f"no {path.name}: make parts")
    return path
