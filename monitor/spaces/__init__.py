"""Spaces of styles: the one that ships, and how one is learned from answers of several models."""

import io
from collections import Counter
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import numpy as np

from monitor.batch import Batch, Texts
from monitor.extractors import EXTRACTORS
from monitor.interfaces import Matrix, Role
from monitor.records import Exchange
from monitor.stats.means import column_spreads
from monitor.stats.space import Space
from monitor.wording import Wording

WORDS = 400
_BATCH = 256
_SELDOM = 0.05
_OF_THE_PROMPT = (
    "language_kept",
    "restates",
    "system_repeated",
    "new_url",
    "new_email",
    "new_phone",
    "new_card",
    "new_iban",
    "new_national_id",
    "new_secret",
)
"""Signals that compare the answer with its prompt: learned where prompts are not at hand they would mean nothing."""


@cache
def shipped() -> Space:
    """Learned from openly licensed answers of unrelated models; see NOTICE and scripts/learn_space.py."""
    raw = files("monitor").joinpath("spaces", "answers.npz").read_bytes()
    with np.load(io.BytesIO(raw), allow_pickle=False) as arrays:
        return Space.from_arrays({name: arrays[name] for name in arrays.files})


def learn(models: Sequence[Sequence[Exchange]], *, known: Space | None = None) -> Space:
    """From answers of several models, best to the same prompts. `known` is pooled. ValueError as of `Space.learn`."""
    words = frequent_words([e.response for exchanges in models for e in exchanges])
    names: tuple[str, ...] = ()
    features: list[Matrix] = []
    for exchanges in models:
        names, values = _features(exchanges, words)
        features.append(values)
    every = np.concatenate(features) if features else np.zeros((0, len(names)))
    applies = (~np.isnan(every)).mean(axis=0)
    keep = np.flatnonzero((applies >= 1 - _SELDOM) & (column_spreads(every, none=0.0) > 1e-3))
    return Space.learn([names[i] for i in keep], [values[:, keep] for values in features], known=known)


def frequent_words(answers: Sequence[str], most: int = WORDS) -> tuple[str, ...]:
    """The words of letters alone that most answers use, most frequent first."""
    spelled: dict[int, str] = {}
    used: Counter[int] = Counter()
    for start in range(0, len(answers), _BATCH):
        texts = Texts(answers[start : start + _BATCH])
        words = texts.words
        pairs = np.unique(np.stack([words.row.astype(np.uint64), words.hash]), axis=1)
        used.update(pairs[1].tolist())
        first = np.unique(words.hash, return_index=True)[1]
        for at in first.tolist():
            spelled.setdefault(int(words.hash[at]), texts.spelling(at))
    ranked = sorted(used, key=lambda h: (-used[h], spelled[h]))
    return tuple(spelled[h] for h in ranked if spelled[h].replace("'", "").isalpha())[:most]


def _features(exchanges: Sequence[Exchange], words: tuple[str, ...]) -> tuple[tuple[str, ...], Matrix]:
    """Names and (n, q) values of all that a space may be learned on."""
    extractors = [*(make() for make in EXTRACTORS.values()), Wording(words)]
    columns = [c for extractor in extractors for c in extractor.columns]
    chosen = [i for i, c in enumerate(columns) if c.role in (Role.SIGNAL, Role.STYLE) and c.name not in _OF_THE_PROMPT]
    batches = (Batch(exchanges[i : i + _BATCH]) for i in range(0, len(exchanges), _BATCH))
    values = [np.hstack([extractor.measure(batch) for extractor in extractors])[:, chosen] for batch in batches]
    return tuple(columns[i].name for i in chosen), np.vstack(values) if values else np.zeros((0, len(chosen)))
