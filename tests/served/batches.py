"""Answers many requests at once: what waits for a model is one batch, with one cache of keys and values."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from served import base  # noqa: F401 - one thread
from transformers import AutoModelForCausalLM, AutoTokenizer, DynamicCache

MOST_PROMPTS = 1_000
"""So many prompts are remembered, at some 2 MB each."""


@dataclass(frozen=True)
class Job:
    """One completion of a prompt, given as tokens. Temperature 0 takes the likeliest token; above, `seed` decides
    alone, but for rounding, which what else is in the batch may change. `top` is how many likely tokens are told for
    each place, None for no log-probabilities at all."""

    prompt: tuple[int, ...]
    max_tokens: int
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int | None = None
    top: int | None = None


@dataclass(frozen=True)
class Token:
    """A drawn token, and the likeliest ones at its place: (text, log-probability in nats)."""

    text: str
    logprob: float
    top: Sequence[tuple[str, float]]


@dataclass(frozen=True)
class Done:
    """`stopped`: the model ended it; else the tokens were used up. `tokens` is empty where none were asked for."""

    text: str
    stopped: bool
    prompt_tokens: int
    completion_tokens: int
    tokens: Sequence[Token]


@dataclass(frozen=True)
class _Shown:
    """What a model made of a prompt: (vocabulary,) logits of the next token, and (layers, 2, heads, tokens, width) keys
    and values."""

    logits: torch.Tensor
    seen: torch.Tensor


class Model:
    """A folder of weights and tokenizer, read into memory. Remembers what it made of prompts that it was shown."""

    def __init__(self, folder: Path) -> None:
        self._model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16).eval()
        self._tokenizer = AutoTokenizer.from_pretrained(folder)
        self._ends = [self._tokenizer.eos_token_id, self._tokenizer.convert_tokens_to_ids("<|endoftext|>")]
        self._shown: dict[tuple[int, ...], _Shown] = {}
        self._remembering = threading.Lock()

    def prompt(self, messages: Sequence[dict[str, str]]) -> tuple[int, ...]:
        """The tokens of a conversation as the model is shown it. Raises for what the chat template cannot show."""
        text = self._tokenizer.apply_chat_template(list(messages), add_generation_prompt=True, tokenize=False)
        return tuple(self._tokenizer(text, add_special_tokens=False).input_ids)

    @torch.inference_mode()
    def answer(self, jobs: Sequence[Job]) -> list[Done]:
        logits, cache, mask = self._begun(jobs)
        places = mask.sum(-1, keepdim=True)
        batch, rows = _Batch(jobs), np.arange(len(jobs))  # rows: of the jobs that still run
        while True:
            taken = batch.take(rows, logits)
            going = ~np.isin(taken, self._ends) & batch.wants_more(rows)
            if not going.any():
                return [self._done(i, batch, len(job.prompt)) for i, job in enumerate(jobs)]
            if not going.all():
                left = torch.from_numpy(np.flatnonzero(going))
                rows, taken, mask, places = rows[going], taken[going], mask[left], places[left]
                cache.batch_select_indices(left)
            mask = torch.cat([mask, mask.new_ones(len(rows), 1)], dim=1)
            logits = self._next(torch.from_numpy(taken)[:, None], mask, places, cache)
            places = places + 1

    def _begun(self, jobs: Sequence[Job]) -> tuple[torch.Tensor, DynamicCache, torch.Tensor]:
        """Logits of the first tokens, and the cache and mask that go with them."""
        prompts = [job.prompt for job in jobs]
        shown = self._read(prompts)
        self._remember({job.prompt: shown[job.prompt] for job in jobs if job.max_tokens > 1})
        _, mask = _left_padded(prompts)
        layers, two, heads, _, width = shown[prompts[0]].seen.shape
        table = shown[prompts[0]].seen.new_zeros(len(jobs), layers, two, heads, mask.shape[1], width)
        for row, prompt in enumerate(prompts):
            table[row, ..., -len(prompt) :, :] = shown[prompt].seen
        cache = DynamicCache()
        for layer in range(layers):
            cache.update(table[:, layer, 0], table[:, layer, 1], layer)
        return torch.stack([shown[prompt].logits for prompt in prompts]), cache, mask

    def _read(self, prompts: Sequence[tuple[int, ...]]) -> dict[tuple[int, ...], "_Shown"]:
        """Those that are remembered, and the others in one go."""
        with self._remembering:
            shown = {prompt: self._shown[prompt] for prompt in prompts if prompt in self._shown}
        new = [prompt for prompt in dict.fromkeys(prompts) if prompt not in shown]
        if new:
            ids, mask = _left_padded(new)
            cache = DynamicCache()
            logits = self._next(ids, mask, (mask.cumsum(-1) - 1).clamp(min=0), cache)
            seen = torch.stack([torch.stack([layer.keys, layer.values]) for layer in cache.layers])
            for row, prompt in enumerate(new):
                shown[prompt] = _Shown(logits[row], seen[:, :, row, :, -len(prompt) :].clone())
        return shown

    def _remember(self, shown: Mapping[tuple[int, ...], "_Shown"]) -> None:
        """Not what single tokens are asked of: that is read anew each time, as a server does that remembers nothing."""
        with self._remembering:
            self._shown |= shown
            while len(self._shown) > MOST_PROMPTS:
                del self._shown[next(iter(self._shown))]

    def _next(self, ids: torch.Tensor, mask: torch.Tensor, places: torch.Tensor, cache: DynamicCache) -> torch.Tensor:
        """(rows, vocabulary) logits of what comes after `ids`; `cache` then holds them too."""
        shown = {"input_ids": ids, "attention_mask": mask, "position_ids": places}
        return self._model(**shown, cache=cache, use_cache=True, logits_to_keep=1).logits[:, -1].float()

    def _done(self, row: int, batch: "_Batch", prompt_tokens: int) -> Done:
        taken = batch.taken[row]
        stopped = taken[-1] in self._ends
        said = taken[:-1] if stopped else taken
        tokens = [
            Token(self._said(token), logprob, [(self._said(likely), value) for likely, value in top])
            for token, logprob, top in batch.told[row]
        ]
        text = self._tokenizer.decode(said, skip_special_tokens=True)
        return Done(text, stopped, prompt_tokens, len(taken), tokens)

    def _said(self, token: int) -> str:
        return self._tokenizer.decode([token])


class _Batch:
    """What was taken for each job so far."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self._jobs = jobs
        self._luck = [np.random.default_rng(job.seed).random(job.max_tokens) for job in jobs]
        self.taken: list[list[int]] = [[] for _ in jobs]
        self.told: list[list[tuple[int, float, list[tuple[int, float]]]]] = [[] for _ in jobs]

    def wants_more(self, rows: np.ndarray) -> np.ndarray:
        return np.array([len(self.taken[row]) < self._jobs[row].max_tokens for row in rows])

    def take(self, rows: np.ndarray, logits: torch.Tensor) -> np.ndarray:
        """The next token of each row."""
        tokens = self._drawn(rows, logits)
        for i, row in enumerate(rows):
            job = self._jobs[row]
            if job.top is not None:
                self.told[row].append((int(tokens[i]), *_likely(logits[i], int(tokens[i]), job.top)))
            self.taken[row].append(int(tokens[i]))
        return tokens

    def _drawn(self, rows: np.ndarray, logits: torch.Tensor) -> np.ndarray:
        """The likeliest token where the temperature is 0; else the one where the summed probabilities pass the row's
        luck, a number in [0, 1); of the likeliest ones that together have `top_p`."""
        tokens = logits.argmax(-1)
        warm = [i for i, row in enumerate(rows) if self._jobs[row].temperature > 0]
        if warm:
            jobs = [self._jobs[rows[i]] for i in warm]
            luck = torch.tensor([self._luck[rows[i]][len(self.taken[rows[i]])] for i in warm])
            chances = (logits[warm] / torch.tensor([[job.temperature] for job in jobs])).softmax(-1)
            for i, job in enumerate(jobs):
                if job.top_p < 1:
                    sorted_chances, places = chances[i].sort(descending=True)
                    chances[i, places[int((sorted_chances.cumsum(-1) < job.top_p).sum()) + 1 :]] = 0.0
            summed = chances.cumsum(-1, dtype=torch.float64)
            tokens[warm] = torch.searchsorted(summed, luck[:, None] * summed[:, -1:], right=True)[:, 0]
        return tokens.numpy()


def _likely(logits: torch.Tensor, token: int, n: int) -> tuple[float, list[tuple[int, float]]]:
    logprobs = logits.log_softmax(-1)
    values, tokens = logprobs.topk(n)
    return float(logprobs[token]), list(zip(tokens.tolist(), values.tolist(), strict=True))


def _left_padded(prompts: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    width = max(map(len, prompts))
    ids, mask = torch.zeros(len(prompts), width, dtype=torch.long), torch.zeros(len(prompts), width, dtype=torch.long)
    for i, prompt in enumerate(prompts):
        ids[i, width - len(prompt) :] = torch.tensor(prompt)
        mask[i, width - len(prompt) :] = 1
    return ids, mask
