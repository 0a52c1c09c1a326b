"""A transformer that gives a vector per token. The one place where torch and transformers are imported."""

import os
from collections.abc import Sequence
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.errors import ConfigError
from monitor.networks.cutting import edges, head_and_tail
from monitor.networks.folder import FILES, is_folder

MOST_TOKENS = 512
"""Of a text, where neither the model nor the settings say less: bounds what one text costs."""

_EXTRA = ("torch", "transformers", "huggingface_hub")
_CPU_FLAGS = Path("/proc/cpuinfo")


class Precision(StrEnum):
    """Of the arithmetic. `auto`: bfloat16 on a processor that has tiles for it (AMX), where it is faster and as good
    to 1e-3 of cosine, else float32."""

    AUTO = "auto"
    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


def check_extra() -> None:
    """ConfigError where torch or transformers are not installed."""
    if missing := [name for name in _EXTRA if find_spec(name) is None]:
        raise ConfigError(f"embeddings need {', '.join(missing)}: pip install 'tidegauge[neural]'")


def bring(model: str, revision: str | None, *, offline: bool) -> Path:
    """The folder of a model that is given by folder, or by id at Hugging Face: then from its cache, or brought there
    unless `offline`, or HF_HUB_OFFLINE=1, says that the network is not to be touched."""
    if is_folder(model):
        if revision:
            raise ConfigError(f"{model}: a folder has no revisions; leave the revision out")
        return Path(model).expanduser()
    check_extra()
    from huggingface_hub import snapshot_download  # noqa: PLC0415 - the extra

    try:
        return Path(
            snapshot_download(
                model, revision=revision, local_files_only=offline, allow_patterns=[*FILES, "*/config.json"]
            )
        )
    except Exception as error:  # its kinds are those of several libraries
        closed = offline or os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "TRUE", "YES", "ON")
        where = "is not in the cache, and the network is not to be used" if closed else "cannot be brought"
        raise ConfigError(
            f"{model}: {where} ({type(error).__name__}); name a model's folder, or bring it with: hf download {model}"
        ) from None


class Model:
    """The transformer of `folder`, which needs no network. `most_tokens` bounds a text, special tokens counted."""

    def __init__(self, folder: Path, *, device: str | None, precision: Precision, most_tokens: int | None) -> None:
        check_extra()
        import torch  # noqa: PLC0415 - the extra
        import transformers  # noqa: PLC0415

        transformers.utils.logging.disable_progress_bar()
        self._torch = torch
        self.device = device or ("cuda" if torch.cuda.is_available() else "cpu")
        self.precision = _settled(precision, self.device)
        try:
            options: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
            self._tokenizer = transformers.AutoTokenizer.from_pretrained(str(folder), **options)
            network, loading = transformers.AutoModel.from_pretrained(
                str(folder), use_safetensors=True, output_loading_info=True, **options
            )
        except Exception as error:  # missing or damaged files, unknown architectures: of many kinds
            said = str(error).strip().splitlines() or [""]
            raise ConfigError(f"{folder}: is no model that can be loaded: {type(error).__name__}: {said[0]}") from None
        if missing := sorted(key for key in loading["missing_keys"] if not key.startswith("pooler.")):
            raise ConfigError(f"{folder}: weights are missing, first {missing[0]}; this is no sentence encoder")
        number = torch.bfloat16 if self.precision is Precision.BFLOAT16 else torch.float32
        self._network = network.eval().to(self.device, number)
        self.dimensions = int(network.config.hidden_size)
        self._before, self._after = self._special()
        stated = (
            most_tokens,
            self._tokenizer.model_max_length,
            getattr(network.config, "max_position_embeddings", None),
        )
        self.most_tokens = int(min(MOST_TOKENS, *(each for each in stated if each)))
        self._kept = self.most_tokens - len(self._before) - len(self._after)
        if self._kept < 1:
            raise ConfigError(f"{self.most_tokens} tokens leave no room for text; raise the most tokens of a text")

    @property
    def padding(self) -> int:
        """The token that short rows are filled up with."""
        return int(self._tokenizer.pad_token_id or 0)

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """Tokens of each text, at least one: its head and tail where it is too long, with the model's special ones."""
        short = [edges(text, self._kept) for text in texts]
        whole = ([*self._before, *head_and_tail(ids, self._kept), *self._after] for ids in self._plain(short))
        return [ids or [self.padding] for ids in whole]

    def hidden(self, tokens: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        """(n, w, d), a vector per token; `tokens` and `mask` (n, w), mask 0 for padding. May be called by several
        threads at once."""
        torch = self._torch
        with torch.inference_mode():
            given = {"input_ids": torch.from_numpy(tokens), "attention_mask": torch.from_numpy(mask)}
            given = {name: value.to(self.device) for name, value in given.items()}
            out: NDArray[np.float32] = self._network(**given).last_hidden_state.float().cpu().numpy()
        return out

    def one_thread(self) -> None:
        """Makes the calling thread compute alone: batches side by side need not wait for each other, parts of one
        would, at every layer."""
        self._torch.set_num_threads(1)

    def _plain(self, texts: Sequence[str]) -> list[list[int]]:
        # Files of tokenizers often say how to truncate and pad: not here.
        options: dict[str, Any] = {"add_special_tokens": False, "truncation": False, "padding": False, "verbose": False}
        ids: list[list[int]] = self._tokenizer(list(texts), **options)["input_ids"] if texts else []
        return ids

    def _special(self) -> tuple[list[int], list[int]]:
        """The tokens that the model wants before and after a text."""
        (plain,) = self._plain(["a"])
        whole = list(self._tokenizer("a", truncation=False, padding=False)["input_ids"])
        at = next((i for i in range(len(whole)) if whole[i : i + len(plain)] == plain), None)
        if at is None:
            raise ConfigError("the tokenizer changes a text beside its special tokens; name another sentence encoder")
        return whole[:at], whole[at + len(plain) :]


def _settled(precision: Precision, device: str) -> Precision:
    if precision is not Precision.AUTO:
        return precision
    try:
        flags = _CPU_FLAGS.read_text("ascii", "replace").split()
    except OSError:
        flags = []
    fast = device == "cpu" and "amx_bf16" in flags  # without its tiles bfloat16 is the slower one, avx512_bf16 or not
    return Precision.BFLOAT16 if fast else Precision.FLOAT32
