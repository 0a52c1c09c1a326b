"""Answers many requests at once: what waits for a model is one batch, with one cache of keys and values."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from served import base  # noqa: F401 - one thread
from transformers import AutoModelForCausalLM, AutoTokenizer, DynamicCache


@dataclass(frozen=True)
class Job:
    """One completion. Temperature 0 takes the likeliest token; above, `seed` decides alone, whatever else is in the
    batch. `top` is how many likely tokens are told for each place, None for no log-probabilities at all."""

    messages: Sequence[dict[str, str]]
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


class Model:
    """A folder of weights and tokenizer, read into memory."""

    def __init__(self, folder: Path) -> None:
        self._model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16).eval()
        self._tokenizer = AutoTokenizer.from_pretrained(folder)
        self._ends = [self._tokenizer.eos_token_id, self._tokenizer.convert_tokens_to_ids("<|endoftext|>")]

    def prompt(self, messages: Sequence[dict[str, str]]) -> list[int]:
        """The tokens of a conversation as the model is shown it. Raises for what the chat template cannot show."""
        text = self._tokenizer.apply_chat_template(list(messages), add_generation_prompt=True, tokenize=False)
        return self._tokenizer(text, add_special_tokens=False).input_ids

    @torch.inference_mode()
    def answer(self, jobs: Sequence[Job]) -> list[Done]:
        prompts = [self.prompt(job.messages) for job in jobs]
        batch = _Batch(jobs)
        ids, mask = _left_padded(prompts)
        places = (mask.cumsum(-1) - 1).clamp(min=0)
        cache = DynamicCache()
        rows = np.arange(len(jobs))  # of the jobs that still run
        while len(rows):
            shown = {"input_ids": ids, "attention_mask": mask, "position_ids": places}
            logits = self._model(**shown, cache=cache, use_cache=True, logits_to_keep=1).logits[:, -1].float()
            ids = torch.from_numpy(batch.take(rows, logits))[:, None]
            going = ~np.isin(ids[:, 0], self._ends) & batch.wants_more(rows)
            if not going.all():
                left = torch.from_numpy(np.flatnonzero(going))
                rows, ids, mask, places = rows[going], ids[left], mask[left], places[left]
                cache.batch_select_indices(left)
            mask = torch.cat([mask, mask.new_ones(len(rows), 1)], dim=1)
            places = places[:, -1:] + 1
        return [self._done(i, batch, len(prompt)) for i, prompt in enumerate(prompts)]

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
        tokens = logits.argmax(-1).numpy()
        for i, row in enumerate(rows):
            job = self._jobs[row]
            if job.temperature > 0:
                tokens[i] = _drawn(logits[i] / job.temperature, job.top_p, self._luck[row][len(self.taken[row])])
            if job.top is not None:
                self.told[row].append((int(tokens[i]), *_likely(logits[i], int(tokens[i]), job.top)))
            self.taken[row].append(int(tokens[i]))
        return tokens


def _drawn(logits: torch.Tensor, top_p: float, luck: float) -> int:
    """The token where the summed probabilities pass `luck`, a number in [0, 1); of the likeliest ones that together
    have `top_p`."""
    chances = logits.double().softmax(-1)
    if top_p < 1:
        sorted_chances, tokens = chances.sort(descending=True)
        kept = int((sorted_chances.cumsum(-1) < top_p).sum()) + 1
        chances[tokens[kept:]] = 0.0
    summed = chances.cumsum(-1)
    return int(torch.searchsorted(summed, luck * float(summed[-1]), right=True))


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
