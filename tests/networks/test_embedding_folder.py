"""Where a model is, and what its identity covers."""

import pytest

from monitor.errors import ConfigError
from monitor.networks.folder import folder_identity, is_folder, revision_of


@pytest.fixture
def model(tmp_path):
    (tmp_path / "1_Pooling").mkdir()
    for name in ("config.json", "tokenizer.json", "model.safetensors", "1_Pooling/config.json", "README.md"):
        (tmp_path / name).write_text(name)
    return tmp_path


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors", "1_Pooling/config.json"])
def test_every_file_that_decides_counts(model, name):
    before = folder_identity(model)
    (model / name).write_text("other")
    assert folder_identity(model) != before


def test_a_readme_does_not_count(model):
    before = folder_identity(model)
    (model / "README.md").write_text("other")
    assert folder_identity(model) == before


def test_names_of_files_count(model):
    before = folder_identity(model)
    (model / "tokenizer.json").rename(model / "vocab.json")
    assert folder_identity(model) != before


def test_a_folder_or_an_id(model, monkeypatch):
    assert is_folder(str(model))
    assert not is_folder("sentence-transformers/all-MiniLM-L6-v2")
    for absent in ("/no/such", "./no", "~/no-such-folder", "models/no/such"):
        with pytest.raises(ConfigError, match="no such folder"):
            is_folder(absent)


def test_the_commit_of_a_cached_model(tmp_path):
    assert revision_of(tmp_path / "snapshots" / ("0a" * 20)) == "0a" * 20
    assert revision_of(tmp_path / "models" / ("0a" * 20)) == ""
    assert revision_of(tmp_path / "snapshots" / "main") == ""
