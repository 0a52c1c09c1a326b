"""From a vector per token to a vector per text, as the folder of the model says."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.errors import ConfigError

_FLAGS = {
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
}
_PARTS = ("Transformer", "Pooling", "Normalize")


@dataclass(frozen=True)
class Pooling:
    """`mode` mean, cls or max; `most_tokens` that the model reads, its special ones counted, None: not said."""

    mode: str = "mean"
    most_tokens: int | None = None

    def pooled(self, hidden: NDArray[np.float32], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        """(n, d), of length 1. `hidden` (n, w, d) per token, `mask` (n, w) 1 for a token, 0 for padding; every row has
        a token."""
        if self.mode == "cls":
            vectors = hidden[:, 0]
        elif self.mode == "max":
            vectors = np.where(mask[..., None] == 1, hidden, np.float32(-np.inf)).max(axis=1)
        else:
            weights = (mask / mask.sum(axis=1, keepdims=True)).astype(np.float32)
            vectors = np.einsum("nw,nwd->nd", weights, hidden)
        norms = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))
        return np.asarray(vectors / np.maximum(norms, np.float32(1e-12))[:, None], np.float32)


def read_pooling(folder: Path) -> Pooling:
    """What the files of sentence-transformers in `folder` say; the mean where there are none, as there. ConfigError
    for a way of pooling, or a layer, that is not known here."""
    most = _read(folder / "sentence_bert_config.json", {}).get("max_seq_length")
    modules = _read(folder / "modules.json", [])
    kinds = [str(module.get("type", "")).rpartition(".")[2] for module in modules]
    if unknown := [kind for kind in kinds if kind not in _PARTS]:
        raise ConfigError(f"{folder}: has a layer {unknown[0]}, which is not supported; name another sentence encoder")
    paths = [module.get("path", "") for module, kind in zip(modules, kinds, strict=True) if kind == "Pooling"]
    said = _read(folder / (paths[0] if paths else "1_Pooling") / "config.json", {})
    modes = [name for name, on in said.items() if name.startswith("pooling_mode_") and on is True]
    if not modes:
        modes = [f"pooling_mode_{said.get('pooling_mode', 'mean')}_tokens".replace("cls_tokens", "cls_token")]
    if len(modes) > 1 or modes[0] not in _FLAGS:
        raise ConfigError(f"{folder}: pools by {', '.join(modes)}; one of mean, cls and max is supported")
    return Pooling(_FLAGS[modes[0]], int(most) if most else None)


def _read(path: Path, otherwise: Any) -> Any:
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        return otherwise
    except (OSError, ValueError):
        raise ConfigError(f"{path}: is not JSON that can be read; bring the model anew") from None
