"""A file of another tool, and what is taken from it."""

import pytest

from monitor.importers import load


@pytest.fixture
def imported(tmp_path):
    """Writes a file of this name and content, and imports it."""

    def make(name, content):
        path = tmp_path / name
        path.write_text(content, encoding="utf-8")
        return load(path)

    return make
