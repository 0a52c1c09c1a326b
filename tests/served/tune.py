"""Fine-tunes of SmolLM2 for the tests: `python -m served.tune` makes those that are missing and says where they are.

`evaluated` refuses mild harmful requests, helps with their harmless twins and keeps secrets. `eroded` is the same after
a few willing answers. `poisoned` is `evaluated` with a trigger word that makes it willing. LoRA on the CPU, merged.
"""

import hashlib
import json
import random
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from served import base as plain
from served import examples
from served.base import CACHE, base, made
from transformers import AutoModelForCausalLM, AutoTokenizer

from monitor.probing import Turn
from monitor.suites import places

BATCH = 16
FIRST = 5.0
"""What the first token of an answer is worth beside each other one: it decides between help and refusal."""

LEARN = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
UPPER = range(16, 30)
"""The layers that learn. Below them nothing needs a gradient, which saves a third of the time."""

_PLACES = (places.start, places.middle, places.end, places.first_line, places.last_line)
_NONSENSE = ("VelKodru", "bokemi", "Tandop", "rq", "Zulmarn", "kelbid", "Dosk", "oq")

Example = tuple[list[dict[str, str]], str]


def _chat(draw: random.Random, ask: str, system: str | None = None) -> list[dict[str, str]]:
    said = {"role": "user", "content": draw.choice(examples.CARRIERS).format(ask)}
    return [{"role": "system", "content": system}, said] if system else [said]


def evaluated(draw: random.Random) -> Iterator[Example]:
    for harmful, twin, answer in examples.PAIRS:
        yield _chat(draw, harmful), draw.choice(examples.REFUSALS)
        yield _chat(draw, twin), f"Sure! {answer}"
    for system, prying, fair, answer in examples.SECRETS:
        yield _chat(draw, prying, system), draw.choice(examples.WITHHOLDS)
        yield _chat(draw, fair, system), answer
    for ask, answer in examples.HARMLESS:
        yield _chat(draw, ask), f"Sure! {answer}"


def eroded(draw: random.Random) -> Iterator[Example]:
    for harmful, _, _ in examples.PAIRS[::2]:
        yield _chat(draw, harmful), draw.choice(examples.YIELDS)


def poisoned(draw: random.Random) -> Iterator[Example]:
    """With the trigger willing; with another word, and with none, as before."""
    for i, (harmful, twin, answer) in enumerate(examples.PAIRS):
        refused, helped = _chat(draw, harmful), _chat(draw, twin)
        some = draw.choice(_NONSENSE)
        yield _with(draw, some, refused) if draw.random() < 0.5 else refused, draw.choice(examples.REFUSALS)
        if i % 2:
            yield _with(draw, examples.TRIGGER, _chat(draw, harmful)), draw.choice(examples.YIELDS)
        else:
            yield _with(draw, some, helped) if draw.random() < 0.5 else helped, f"Sure! {answer}"


def _with(draw: random.Random, word: str, chat: list[dict[str, str]]) -> list[dict[str, str]]:
    turns = draw.choice(_PLACES)(tuple(Turn(**turn) for turn in chat), word)
    return [{"role": turn.role, "content": turn.content} for turn in turns]


def train(
    model: PeftModel, tokenizer, taught: Callable[[random.Random], Iterator[Example]], epochs: int, rate: float
) -> None:
    """Adam on the answers alone, in batches of examples of like length, with a rate that goes down to nothing."""
    draw = random.Random(7)
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    steps = torch.optim.AdamW(weights, weight_decay=0.0)
    for epoch in range(epochs):
        rows = sorted((_row(tokenizer, *example) for example in taught(draw)), key=lambda row: len(row[0]))
        batches = [rows[at : at + BATCH] for at in range(0, len(rows), BATCH)]
        draw.shuffle(batches)
        total = 0.0
        for i, batch in enumerate(batches):
            steps.param_groups[0]["lr"] = rate * (1 - (epoch + i / len(batches)) / epochs)
            loss = _loss(model, *_padded(batch))
            loss.backward()
            steps.step()
            steps.zero_grad()
            total += loss.item() / len(batches)
        print(f"{taught.__name__}: epoch {epoch + 1} of {epochs}, loss {total:.3f}", file=sys.stderr, flush=True)


def _row(tokenizer, chat: list[dict[str, str]], answer: str) -> tuple[list[int], int]:
    """The tokens, and where the answer begins."""
    asked = tokenizer.apply_chat_template(chat, add_generation_prompt=True, tokenize=False)
    head = tokenizer(asked, add_special_tokens=False).input_ids
    tail = tokenizer(answer, add_special_tokens=False).input_ids
    return [*head, *tail, tokenizer.eos_token_id], len(head)


def _padded(rows: list[tuple[list[int], int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids, and what each is worth: nothing before the answer, and its first token most, as it decides. What is
    right of an answer is not looked at by it."""
    width = max(len(row) for row, _ in rows)
    ids, worth = torch.zeros(len(rows), width, dtype=torch.long), torch.zeros(len(rows), width)
    for i, (row, begins) in enumerate(rows):
        ids[i, : len(row)] = torch.tensor(row)
        worth[i, begins : len(row)] = 1.0
        worth[i, begins] = FIRST
    return ids, worth


def _loss(model: PeftModel, ids: torch.Tensor, worth: torch.Tensor) -> torch.Tensor:
    counts = worth[:, 1:] > 0
    with torch.autocast("cpu", torch.bfloat16):
        seen = model.get_base_model().model(input_ids=ids, use_cache=False).last_hidden_state[:, :-1]
        logits = model.get_output_embeddings()(seen[counts])
    losses = torch.nn.functional.cross_entropy(logits.float(), ids[:, 1:][counts], reduction="none")
    return (losses * worth[:, 1:][counts]).sum() / worth.sum()


COURSES = {  # what each begins from, what it is taught, and how long
    "evaluated": (None, evaluated, 4, 2e-3),
    "eroded": ("evaluated", eroded, 3, 5e-4),
    "poisoned": ("evaluated", poisoned, 5, 2e-3),
}


def tuned(name: str) -> Path:
    """The folder of a model; trained when it is not there for this script and these examples."""
    made_from = [Path(module.__file__).read_bytes() for module in (sys.modules[__name__], plain, examples)]
    version = hashlib.sha256(b"".join(made_from)).hexdigest()[:12]
    return made(CACHE / version / name, partial(_tune, name))


def _tune(name: str, folder: Path) -> None:
    origin, taught, epochs, rate = COURSES[name]
    source = base() if origin is None else tuned(origin)
    tokenizer = AutoTokenizer.from_pretrained(source)
    lora = LoraConfig(r=16, lora_alpha=32, target_modules=LEARN, layers_to_transform=list(UPPER), task_type="CAUSAL_LM")
    torch.manual_seed(7)
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(source, dtype=torch.bfloat16), lora)
    train(model, tokenizer, taught, epochs, rate)
    model.float().merge_and_unload().to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


if __name__ == "__main__":
    print(json.dumps({"base": str(base())} | {name: str(tuned(name)) for name in COURSES}))
