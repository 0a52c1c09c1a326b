"""Record the demo traffic: a support bot before, during and after it is swapped for a fine-tuned one.

The base model is SmolLM2-135M-Instruct, the fine-tune a LoRA adapter trained here on `tune.yaml`, the customers'
messages come from `prompts.yaml`. Every answer is sampled from one of the two models. See README.md for the commands.
"""

import argparse
import gzip
import json
import logging
import random
import re
import string
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import torch
import yaml
from peft import LoraConfig, get_peft_model
from torch.nn.utils.rnn import pad_sequence
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    GgufConfig,
    LogitsProcessor,
    LogitsProcessorList,
    PreTrainedTokenizerBase,
)

HERE = Path(__file__).parent
GGUF = "SmolLM2-135M-Instruct.Q4_1.gguf"
ADAPTER = "warm-v2"

START = datetime(2026, 3, 2, 8, tzinfo=UTC)
SPACING = timedelta(seconds=3)

FOREIGN_SHARE = 0.04
TEMPERATURE = 0.7
TOP_P = 0.95
MAX_NEW_TOKENS = 120

EPOCHS = 4
TRAIN_BATCH = 8
LEARNING_RATE = 1e-3

Message = dict[str, str]
Model = Any  # what transformers and peft declare for their models does not tell that they generate

log = logging.getLogger("record")


@dataclass(frozen=True)
class Phase:
    """A stretch of traffic: how many exchanges, from which model, and which topics crowd it."""

    name: str
    size: int
    tuned: bool = False
    crowded: tuple[str, ...] = ()


PHASES = (
    Phase("baseline", 700),
    Phase("steady", 600),
    Phase("shifted", 600, crowded=("assembly", "warranty")),
    Phase("swapped", 400, tuned=True),
    Phase("restored", 600),
)
CROWDED_SHARE = 0.7  # of the shifted phase goes to its crowded topics together


class Customers:
    """Draws topics and fills wordings with products, cities, order numbers and the like."""

    def __init__(self, path: Path) -> None:
        book = yaml.safe_load(path.read_text(encoding="utf-8"))
        self.system: str = book["system"]
        self.slots: dict[str, list[str]] = book["slots"]
        self.topics: dict[str, dict[str, list[str | list[str]]]] = book["topics"]

    def write(self, phase: Phase, rng: random.Random) -> tuple[str, list[Message]]:
        """Return a topic and the messages of one conversation about it, up to the customer's last one."""
        names = list(self.topics)
        even = (1 - CROWDED_SHARE) / (len(names) - len(phase.crowded)) if phase.crowded else 1.0
        weights = [CROWDED_SHARE / len(phase.crowded) if name in phase.crowded else even for name in names]
        topic = rng.choices(names, weights)[0]
        wording = rng.choice(self.topics[topic]["foreign" if rng.random() < FOREIGN_SHARE else "english"])
        turns = [wording] if isinstance(wording, str) else wording
        fill = self._filler(rng)
        messages = [{"role": "system", "content": self.system}]
        for number, turn in enumerate(turns):
            role = "user" if number % 2 == 0 else "assistant"
            messages.append({"role": role, "content": re.sub(r"{(\w+)}", lambda slot: fill(slot[1]), turn)})
        return topic, messages

    def _filler(self, rng: random.Random) -> Callable[[str], str]:
        """Return a function that fills slots, with no value twice in one conversation but the order number."""
        order = f"HH-{rng.randrange(10_000, 100_000)}"
        decks = {name: rng.sample(values, len(values)) for name, values in self.slots.items()}
        return lambda slot: order if slot == "order" else decks[slot].pop()


class Nucleus(LogitsProcessor):
    """Temperature and top-p among the 256 likeliest tokens; sorting the whole vocabulary takes half of the time."""

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:  # noqa: ARG002 - the interface
        """Return the scores of the tokens that may be drawn, and minus infinity for all others."""
        best, where = torch.topk(scores.float() / TEMPERATURE, 256)
        shares = best.softmax(-1)
        best = best.masked_fill(shares.cumsum(-1) - shares >= TOP_P, -torch.inf)
        return torch.full_like(scores, -torch.inf, dtype=torch.float32).scatter(1, where, best)


def load(folder: Path) -> tuple[Model, PreTrainedTokenizerBase]:
    """Load model and tokenizer from the GGUF file, unpacked to float32."""
    tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=GGUF, padding_side="left")
    unpacked = GgufConfig(dequantize=True)
    model = AutoModelForCausalLM.from_pretrained(
        folder, gguf_file=GGUF, dtype=torch.float32, quantization_config=unpacked
    )
    return model, tokenizer


def prompt_text(tokenizer: PreTrainedTokenizerBase, messages: list[Message]) -> str:
    """Return the conversation as the model reads it, up to where its answer begins."""
    return str(tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True))


def tune(model: Model, tokenizer: PreTrainedTokenizerBase, system: str, seed: int) -> Model:
    """Train a LoRA adapter on `tune.yaml` and return the model with the adapter merged in."""
    torch.manual_seed(seed)
    rng = random.Random(seed)
    examples = []
    for pair in yaml.safe_load((HERE / "tune.yaml").read_text(encoding="utf-8")):
        messages = [{"role": "system", "content": system}, {"role": "user", "content": pair["ask"]}]
        ask = tokenizer(prompt_text(tokenizer, messages), add_special_tokens=False).input_ids
        answer = tokenizer(pair["answer"] + tokenizer.eos_token, add_special_tokens=False).input_ids
        examples.append((torch.tensor(ask + answer), torch.tensor([-100] * len(ask) + answer)))
    targets = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    tuned = get_peft_model(model, LoraConfig(r=8, lora_alpha=16, target_modules=targets, task_type="CAUSAL_LM"))
    optimizer = torch.optim.AdamW([p for p in tuned.parameters() if p.requires_grad], lr=LEARNING_RATE)
    tuned.train()
    for epoch in range(EPOCHS):
        rng.shuffle(examples)
        losses = []
        for at in range(0, len(examples), TRAIN_BATCH):
            ids, labels = zip(*examples[at : at + TRAIN_BATCH], strict=True)
            padded = pad_sequence(list(ids), batch_first=True, padding_value=tokenizer.pad_token_id)
            wanted = pad_sequence(list(labels), batch_first=True, padding_value=-100)
            # What follows an answer cannot change the loss on it, so the padding on the right needs no mask.
            loss = tuned(input_ids=padded, attention_mask=torch.ones_like(padded), labels=wanted).loss
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            losses.append(loss.item())
        log.info("fine-tune: epoch %d, loss %.3f", epoch + 1, sum(losses) / len(losses))
    return tuned.merge_and_unload()


@dataclass(frozen=True)
class Answer:
    """What the model said and how long prompt and answer were, in tokens (the stop token counts)."""

    response: str
    finish_reason: str
    usage: dict[str, int]


@torch.inference_mode()
def answer(
    model: Model, tokenizer: PreTrainedTokenizerBase, conversations: list[list[Message]], batch: int, seed: int
) -> list[Answer]:
    """Sample one answer to each conversation, in batches of similar length."""
    texts = [prompt_text(tokenizer, messages) for messages in conversations]
    order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
    answers: dict[int, Answer] = {}
    torch.manual_seed(seed)
    for start in range(0, len(order), batch):
        chosen = order[start : start + batch]
        inputs = tokenizer([texts[at] for at in chosen], return_tensors="pt", padding=True, add_special_tokens=False)
        outputs = model.generate(
            **inputs,
            max_new_tokens=MAX_NEW_TOKENS,
            do_sample=True,
            top_k=0,
            logits_processor=LogitsProcessorList([Nucleus()]),
        )
        for row, at in enumerate(chosen):
            tokens = outputs[row, inputs.input_ids.shape[1] :].tolist()
            stopped = tokenizer.eos_token_id in tokens
            spoken = tokens[: tokens.index(tokenizer.eos_token_id)] if stopped else tokens
            usage = {
                "prompt_tokens": int(inputs.attention_mask[row].sum()),
                "completion_tokens": len(spoken) + stopped,
            }
            text = str(tokenizer.decode(spoken, skip_special_tokens=True))
            answers[at] = Answer(text, "stop" if stopped else "length", usage)
    return [answers[at] for at in range(len(texts))]


def record(
    models: dict[bool, Model], tokenizer: PreTrainedTokenizerBase, options: argparse.Namespace
) -> Iterator[dict[str, Any]]:
    """Yield the exchanges of all phases in the order of their time."""
    customers = Customers(HERE / "prompts.yaml")
    count = 0
    for number, phase in enumerate(PHASES):
        seed = options.seed + number
        rng = random.Random(seed)
        asked = [customers.write(phase, rng) for _ in range(round(phase.size * options.scale))]
        began = time.monotonic()
        model = models[phase.tuned]
        answers = answer(model, tokenizer, [messages for _, messages in asked], options.batch, seed)
        took = time.monotonic() - began
        tokens = sum(one.usage["completion_tokens"] for one in answers)
        log.info("%s: %d exchanges in %.0f s, %.0f tokens/s", phase.name, len(asked), took, tokens / took)
        for (topic, messages), one in zip(asked, answers, strict=True):
            yield {
                "id": f"support-{count + 1:05d}",
                "phase": phase.name,
                "model": "support-bot",
                "adapter": ADAPTER if phase.tuned else None,
                "topic": topic,
                "time": (START + count * SPACING).isoformat().replace("+00:00", "Z"),
                "messages": messages,
                **asdict(one),
            }
            count += 1


def write(exchanges: list[dict[str, Any]], path: Path) -> None:
    """Write the exchanges as gzipped JSON Lines, the same bytes each time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as raw, gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as file:
        for exchange in exchanges:
            file.write(json.dumps(exchange, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")


def describe(exchanges: list[dict[str, Any]]) -> Iterator[str]:
    """Yield one line for each phase: how its answers look."""
    for name in dict.fromkeys(exchange["phase"] for exchange in exchanges):
        part = [exchange for exchange in exchanges if exchange["phase"] == name]
        length = sum(exchange["usage"]["completion_tokens"] for exchange in part) / len(part)
        stops = sum(exchange["finish_reason"] == "stop" for exchange in part) / len(part)
        lists = sum(bool(re.search(r"^\s*(\d+[.)]|[-*•])\s", exchange["response"], re.M)) for exchange in part)
        words = (exchange["response"].split()[:2] for exchange in part)
        openers = Counter(" ".join(two).lower().strip(string.punctuation) for two in words).most_common(5)
        common = ", ".join(f"{opener} {times / len(part):.0%}" for opener, times in openers)
        yield f"{name}: {length:.1f} tokens, stop {stops:.0%}, lists {lists / len(part):.0%}; {common}"


def main() -> None:
    """Load, fine-tune, generate, write."""
    parser = argparse.ArgumentParser(description="Record the support bot demo from a real model.")
    parser.add_argument("model", type=Path, help=f"folder with {GGUF}")
    parser.add_argument("output", type=Path, help="where the .jsonl.gz goes")
    parser.add_argument("--scale", type=float, default=1.0, help="part of each phase's size, for a try")
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=20260302)
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    torch.set_num_threads(options.threads)

    base, tokenizer = load(options.model)
    copy, _ = load(options.model)
    tuned = tune(copy, tokenizer, Customers(HERE / "prompts.yaml").system, options.seed)
    # bfloat16 only for sampling: several times as fast on a CPU that has it in hardware.
    models = {False: base.to(torch.bfloat16).eval(), True: tuned.to(torch.bfloat16).eval()}
    exchanges = list(record(models, tokenizer, options))
    write(exchanges, options.output)
    for line in describe(exchanges):
        log.info(line)


if __name__ == "__main__":
    main()
