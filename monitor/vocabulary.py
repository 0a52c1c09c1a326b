"""The words that tell what prompts are about, learned on a baseline: those that answers take up.

A word of substance (`warranty`, `parcel`) stands in the answer far more often when it stands in the prompt; a word of
grammar does not. That finds them in any language, without a list.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

from monitor.batch import Batch, Index, Ints, Texts
from monitor.interfaces import Column, Matrix, Role
from monitor.records import Exchange

MOST_WORDS = 96
_MOST_CANDIDATES = 1_000
_LEAST_PROMPTS, _LEAST_SHARE, _MOST_SHARE = 4, 0.004, 0.2
_SIGNIFICANT = 10.0  # likelihood-ratio statistic of one degree of freedom: one word in a thousand by chance


@dataclass(frozen=True)
class Vocabulary:
    """An extractor of 0/1 columns: does the last user message use the word. `words`, strongest first, at most
    MOST_WORDS, in lower case as far as ASCII goes. Cost: 1 us per exchange."""

    words: tuple[str, ...]

    @staticmethod
    def learn(exchanges: Sequence[Exchange]) -> "Vocabulary":
        """Words that several distinct prompts use and few enough to say something, those first whose use in prompts
        and in answers depends most on each other, then the more frequent. A word of one user alone is never in it."""
        batch = Batch(exchanges)
        _, distinct = np.unique(np.array(batch.prompt.strings, object), return_index=True)
        asked = Batch([exchanges[i] for i in np.sort(distinct)])
        n, words = len(asked), asked.prompt.words
        hashes, first = np.unique(words.hash, return_index=True)
        pairs = np.unique(np.column_stack([words.row.astype(np.uint64), words.hash]), axis=0)
        count = np.bincount(np.searchsorted(hashes, pairs[:, 1]), minlength=len(hashes))
        least = max(_LEAST_PROMPTS, _LEAST_SHARE * n)
        spelled = {
            i: asked.prompt.spelling(first[i]) for i in np.flatnonzero((count >= least) & (count <= _MOST_SHARE * n))
        }
        chosen = sorted((i for i, s in spelled.items() if _is_word(s)), key=lambda i: (-count[i], spelled[i]))
        chosen = chosen[:_MOST_CANDIDATES]
        index = Index(hashes[chosen])
        echo = _dependence(_uses(asked.prompt, index, len(chosen)), _uses(asked.answer, index, len(chosen)))
        echo[echo < _SIGNIFICANT] = 0.0
        order = sorted(range(len(chosen)), key=lambda k: (-echo[k], k))
        return Vocabulary(tuple(spelled[chosen[k]] for k in order[:MOST_WORDS]))

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        return tuple(
            Column(f"word_{i + 1:02d}", Role.WORD, "0/1", f'more prompts with "{word}"', f'fewer prompts with "{word}"')
            for i, word in enumerate(self.words)
        )

    @cached_property
    def _index(self) -> Index:
        return Index(Texts(self.words).words.hash)

    def measure(self, batch: Batch) -> Matrix:
        return _uses(batch.prompt, self._index, len(self.words)).astype(float)


def _uses(texts: Texts, index: Index, count: int) -> NDArray[np.bool_]:
    """(n, v): does the text use the word."""
    out = np.zeros((len(texts), count), bool)
    out[index.find(texts.words)] = True
    return out


def _dependence(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> NDArray[np.float64]:
    """(v,) likelihood-ratio statistic of the 2 x 2 table of each pair of columns, 0 where they exclude each other."""
    n = len(a)
    both = (a & b).sum(axis=0)
    in_a, in_b = a.sum(axis=0), b.sum(axis=0)
    cells: list[tuple[Ints, Ints, Ints]] = [
        (both, in_a, in_b),
        (in_a - both, in_a, n - in_b),
        (in_b - both, n - in_a, in_b),
        (n - in_a - in_b + both, n - in_a, n - in_b),
    ]
    total = sum(xlogy(seen, np.maximum(seen, 1) * n / np.maximum(row * column, 1)) for seen, row, column in cells)
    return np.where(both * n > in_a * in_b, 2.0 * total, 0.0)


def _is_word(spelled: str) -> bool:
    """Letters alone, and three of them where they are Latin: numbers and codes name no topic."""
    return spelled.isalpha() and (len(spelled) >= 3 or not spelled.isascii())
