"""The folder of a model, and a hash of what in it decides."""

import json
import re
from hashlib import file_digest, sha256
from pathlib import Path

from monitor.errors import ConfigError

FILES = ("*.json", "*.txt", "*.model", "*.safetensors")
"""What is brought of a model. No pickles, and no exports for other programs."""

_DECIDES = (
    "config.json",
    "modules.json",
    "sentence_bert_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "*.txt",
    "*.model",
    "*.safetensors",
    "*_Pooling/config.json",
)
_COMMIT = re.compile(r"[0-9a-f]{40}")


def is_folder(model: str) -> bool:
    """Whether a model is named by a folder. ConfigError where it looks like one and none is there."""
    if Path(model).expanduser().is_dir():
        return True
    if model.startswith(("/", ".", "~")) or model.count("/") > 1:
        raise ConfigError(f"{model}: there is no such folder; name the folder of a model or its id at Hugging Face")
    return False


def revision_of(folder: Path) -> str:
    """The commit, for a folder in the cache of Hugging Face, which is named by it; else empty."""
    return folder.name if _COMMIT.fullmatch(folder.name) and folder.parent.name == "snapshots" else ""


def folder_identity(folder: Path) -> str:
    """64 hex digits over names and contents of the files that decide a vector."""
    found = {path for pattern in _DECIDES for path in folder.glob(pattern) if path.is_file()}
    named = sorted((path.relative_to(folder).as_posix(), _digest(path)) for path in found)
    return sha256(json.dumps(named).encode()).hexdigest()


def identity(version: int, folder: Path, *parameters: object) -> str:
    """16 hex digits over a model's files, its revision, the version of the code that uses it and its parameters."""
    parts = (version, folder_identity(folder), revision_of(folder), *parameters)
    return sha256(repr([str(part) for part in parts]).encode()).hexdigest()[:16]


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
