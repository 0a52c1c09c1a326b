"""A transformer and its tokenizer, for vectors, classes of texts or of tokens, or the next token. The one place where
torch and transformers are imported."""

import os
from collections.abc import Sequence
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from monitor.errors import ConfigError
from monitor.networks.choice import Choice, Precision
from monitor.networks.cutting import edges, head_and_tail
from monitor.networks.folder import FILES, is_folder
from monitor.networks.frame import Frame, frame_of, plain_tokens
from monitor.networks.placed import Placed, placed

SHAPES_KEPT = {"LRU_CACHE_CAPACITY": 16, "ONEDNN_PRIMITIVE_CACHE_CAPACITY": 32}
"""What torch prepares for the shape of a batch it keeps for the next of that shape. Batches have any shape, so at its
own 1,024 that is hundreds of MB and no time won."""

MOST_TOKENS = 512
"""Of a text, where neither the model nor the settings say less: bounds what one text costs."""

_EXTRA = ("torch", "transformers", "huggingface_hub")
_CPU_FLAGS = Path("/proc/cpuinfo")


class Kind(StrEnum):
    """What a transformer is for."""

    VECTORS = "sentence encoder"
    CLASSES = "sequence classifier"
    TOKENS = "token classifier"
    NEXT = "causal language model"


_LOADERS = {
    Kind.VECTORS: "AutoModel",
    Kind.CLASSES: "AutoModelForSequenceClassification",
    Kind.TOKENS: "AutoModelForTokenClassification",
    Kind.NEXT: "AutoModelForCausalLM",
}


def check_extra() -> None:
    """ConfigError where torch or transformers are not installed."""
    if missing := [name for name in _EXTRA if find_spec(name) is None]:
        raise ConfigError(f"networks need {', '.join(missing)}: pip install 'tidegauge[neural]'")


def bring(choice: Choice) -> Path:
    """The folder of a model that is given by folder, or by id at Hugging Face: then from its cache, or brought there
    unless `offline`, or HF_HUB_OFFLINE=1, says that the network is not to be touched. ConfigError where it is not to be
    had."""
    model = choice.model
    if is_folder(model):
        if choice.revision:
            raise ConfigError(f"{model}: a folder has no revisions; leave the revision out")
        return Path(model).expanduser()
    check_extra()
    from huggingface_hub import snapshot_download  # noqa: PLC0415 - the extra

    try:
        return Path(
            snapshot_download(
                model,
                revision=choice.revision,
                local_files_only=choice.offline,
                allow_patterns=[*FILES, "*/config.json"],
            )
        )
    except Exception as error:  # its kinds are those of several libraries
        closed = choice.offline or os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "TRUE", "YES", "ON")
        where = "is not in the cache, and the network is not to be used" if closed else "cannot be brought"
        raise ConfigError(
            f"{model}: {where} ({type(error).__name__}); name a model's folder, or bring it with: hf download {model}"
        ) from None


class Model:
    """The transformer of `folder`, which needs no network, on the device and in the precision of `choice`.
    `most_tokens` bounds a text, special tokens counted; None: what the model says. At most 512 in any case. ConfigError
    where the folder holds no model of the kind."""

    def __init__(self, folder: Path, choice: Choice, *, kind: Kind, most_tokens: int | None) -> None:
        check_extra()
        for name, most in SHAPES_KEPT.items():
            os.environ.setdefault(name, str(most))  # before torch is imported, which reads them once
        import torch  # noqa: PLC0415 - the extra
        import transformers  # noqa: PLC0415

        transformers.utils.logging.disable_progress_bar()
        self._torch = torch
        self.device = choice.device or ("cuda" if torch.cuda.is_available() else "cpu")
        self.precision = _settled(choice.precision, self.device)
        number = torch.bfloat16 if self.precision is Precision.BFLOAT16 else torch.float32
        try:
            options: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
            self._tokenizer = transformers.AutoTokenizer.from_pretrained(str(folder), **options)
            network, loading = getattr(transformers, _LOADERS[kind]).from_pretrained(
                str(folder), dtype=number, use_safetensors=True, output_loading_info=True, **options
            )
        except Exception as error:  # missing or damaged files, unknown architectures: of many kinds
            said = str(error).strip().splitlines() or [""]
            raise ConfigError(f"{folder}: is no model that can be loaded: {type(error).__name__}: {said[0]}") from None
        idle = "pooler." if kind is Kind.VECTORS else None
        if missing := sorted(key for key in loading["missing_keys"] if not idle or not key.startswith(idle)):
            raise ConfigError(f"{folder}: weights are missing, first {missing[0]}; this is no {kind}")
        self._network = network.eval().to(self.device)
        self.config = network.config
        stated = (
            most_tokens,
            self._tokenizer.model_max_length,
            getattr(self.config, "max_position_embeddings", None),
        )
        self.most_tokens = int(min(MOST_TOKENS, *(each for each in stated if each)))
        self._alone = self.frame(1)
        self._kept = self.room(self._alone)

    @property
    def dimensions(self) -> int:
        """How many numbers a token's vector has."""
        return int(self.config.hidden_size)

    @property
    def padding(self) -> int:
        """The token that short rows are filled up with."""
        return int(self._tokenizer.pad_token_id or 0)

    def frame(self, texts: int) -> Frame:
        """What stands around one text, or two."""
        return frame_of(self._tokenizer, texts)

    def room(self, frame: Frame) -> int:
        """How many tokens of text are read in a frame. ConfigError where there are none."""
        if (room := self.most_tokens - frame.size) < 1:
            raise ConfigError(f"{self.most_tokens} tokens leave no room for text; raise the most tokens of a text")
        return room

    def plain(self, texts: Sequence[str], most: int) -> list[list[int]]:
        """Tokens of each text without special ones; the first and the last `most` of them are those of the text,
        what lies between may be left out."""
        return plain_tokens(self._tokenizer, [edges(text, most) for text in texts])

    def placed(self, texts: Sequence[str], most: int) -> list[Placed]:
        """As `plain`, with where each token stands in what was kept of its text. ConfigError where the tokenizer cannot
        tell."""
        return placed(self._tokenizer, [edges(text, most) for text in texts])

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """Tokens of each text, at least one: its head and tail where it is too long, with the model's special ones."""
        plain = self.plain(texts, self._kept)
        return [self._alone.around(head_and_tail(ids, self._kept)) or [self.padding] for ids in plain]

    def hidden(self, tokens: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        """(n, w, d), a vector per token; `tokens` and `mask` (n, w), mask 0 for padding. May be called by several
        threads at once, as all below."""
        with self._torch.inference_mode():
            return self._out(self._run(tokens, mask).last_hidden_state)

    def logits(
        self, tokens: NDArray[np.int64], mask: NDArray[np.int64], kinds: NDArray[np.int64] | None
    ) -> NDArray[np.float32]:
        """(n, k), what a classifier says of each class, of tokens (n, w, k); `kinds` (n, w): which text a token is of,
        None: not told."""
        with self._torch.inference_mode():
            more = {} if kinds is None else {"token_type_ids": self._given(kinds)}
            return self._out(self._run(tokens, mask, **more).logits)

    def nats(self, tokens: NDArray[np.int64], mask: NDArray[np.int64]) -> NDArray[np.float32]:
        """(n, w - 1), minus the log-likelihood that a causal model gives each token but the first, given those before
        it. What stands where there is padding means nothing."""
        with self._torch.inference_mode():
            logits = self._run(tokens, mask, use_cache=False).logits[:, :-1].float().flatten(0, 1)
            next_ones = self._given(tokens[:, 1:].ravel())
            loss = self._torch.nn.functional.cross_entropy(logits, next_ones, reduction="none")
            return self._out(loss.view(len(tokens), -1))

    def one_thread(self) -> None:
        """Makes the calling thread compute alone: batches side by side need not wait for each other, parts of one
        would, at every layer."""
        self._torch.set_num_threads(1)

    def _run(self, tokens: NDArray[np.int64], mask: NDArray[np.int64], **more: Any) -> Any:
        return self._network(input_ids=self._given(tokens), attention_mask=self._given(mask), **more)

    def _given(self, values: NDArray[np.int64]) -> Any:
        return self._torch.from_numpy(values).to(self.device)

    def _out(self, values: Any) -> NDArray[np.float32]:
        out: NDArray[np.float32] = values.float().cpu().numpy()
        return out


def _settled(precision: Precision, device: str) -> Precision:
    if precision is not Precision.AUTO:
        return precision
    try:
        flags = _CPU_FLAGS.read_text("ascii", "replace").split()
    except OSError:
        flags = []
    fast = device == "cpu" and "amx_bf16" in flags  # without its tiles bfloat16 is the slower one, avx512_bf16 or not
    return Precision.BFLOAT16 if fast else Precision.FLOAT32
