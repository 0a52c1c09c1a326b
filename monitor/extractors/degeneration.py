"""Text that has come apart: phrases and lines said over and over, words that are no words, broken characters."""

import re

import numpy as np
from numpy.typing import NDArray

from monitor.batch import Batch, Hashes, Ints, Texts, ratio
from monitor.interfaces import Column, Harm, Matrix, Role

_LONGEST_PHRASE = 16
_TIMES = 3
_FEWEST_LOOPED = 6
_LINE_WORDS = 4
_LONG_WORD, _FEWEST_LONG = 5, 8
_CONSONANTS = bytes(byte in b"bcdfghjklmnpqrstvwxzBCDFGHJKLMNPQRSTVWXZ" for byte in range(256))
_CONTROLS = [byte for byte in (*range(32), 127) if byte not in b"\t\n\f\r"]
_MARKED = (0xC3, 0xED, 0xEF)
_BROKEN = re.compile("[\ufffd\ud800-\udfff]|\u00c3[\u0080-\u00bf]|\u00c2[\u0080-\u00bf]|\u00e2\u0080[\u0080-\u00bf]")
"""Also what is left of a letter, a mark or a quotation mark in UTF-8 that was read as Latin-1."""
_LETTERS = np.isin(np.arange(256), list(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"))
_ROW_MIX = np.uint64(0xBF58476D1CE4E5B9)


def _column(name: str, unit: str, things: str) -> Column:
    return Column(name, Role.SIGNAL, unit, f"more {things}", f"fewer {things}", Harm.RISE)


class Degeneration:
    """Signals of a decoder gone wrong, near 0 for whatever a sound model writes.

    `looping`: share of the words that lie in the longest stretch in which one phrase of up to 16 words comes three
    times or more in a row; NaN without words. `repeated_lines`: share of the lines of four words or more that came
    before in the same answer, in any order of words; NaN without such a line. `odd_words`: share of the words of five
    letters or more that have five consonants of ASCII in a row (y is none) or letters of ASCII and of Cyrillic or Greek
    at once; NaN under eight such words. `broken_text`: a replacement character, a control character, a lone surrogate,
    or UTF-8 that was read as Latin-1. Cost: 8 us per exchange.
    """

    columns = (
        _column("looping", "share of words", "phrases said over and over"),
        _column("repeated_lines", "share of longer lines", "lines said again"),
        _column("odd_words", "share of longer words", "words that are no words"),
        _column("broken_text", "0/1", "answers with broken characters"),
    )

    def measure(self, batch: Batch) -> Matrix:
        answer = batch.answer
        words = answer.words
        return np.column_stack(
            (
                ratio(_looped(words.hash, words.row, len(batch)), words.counts),
                _repeated_lines(answer),
                _odd_words(answer),
                _broken(answer),
            )
        ).astype(np.float64)


def _looped(hashes: Hashes, rows: Ints, n: int) -> Ints:
    """(n,) words of the longest stretch of one phrase."""
    longest = np.zeros(n, np.int64)
    for size in range(1, min(_LONGEST_PHRASE, len(hashes) - 1) + 1):
        least = max(_TIMES * size, _FEWEST_LOOPED) - size
        same = np.flatnonzero(hashes[size:] == hashes[:-size])
        if not (same[least - 1 :] - same[: max(len(same) - least + 1, 0)] == least - 1).any():
            continue  # hardly any text goes on from here
        same = same[rows[same] == rows[same + size]]
        begins = np.ones(len(same), bool)
        begins[1:] = (np.diff(same) > 1) | (rows[same[1:]] != rows[same[:-1]])
        first = np.flatnonzero(begins)
        run = np.diff(np.append(first, len(same)))
        looped = run >= least
        np.maximum.at(longest, rows[same[first[looped]]], run[looped] + size)
    return longest


def _repeated_lines(texts: Texts) -> NDArray[np.float64]:
    lines, words = texts.lines, texts.words
    total = np.concatenate((np.zeros(1, np.uint64), np.cumsum(words.hash, dtype=np.uint64)))
    first, last = np.searchsorted(words.start, lines.start), np.searchsorted(words.start, lines.end)
    long = np.flatnonzero(last - first >= _LINE_WORDS)
    row = lines.row[long]
    key = (total[last[long]] - total[first[long]]) ^ (row.astype(np.uint64) * _ROW_MIX)
    fresh = np.unique(key, return_index=True)[1]
    counts = np.bincount(row, minlength=len(texts))
    return ratio(counts - np.bincount(row[fresh], minlength=len(texts)), counts)


def _odd_words(texts: Texts) -> NDArray[np.float64]:
    words, buffer = texts.words, texts.buffer
    consonant = texts.among(_CONSONANTS)
    two = consonant[:-1] & consonant[1:]
    four = two[:-2] & two[2:]
    hard = np.flatnonzero(four[:-1] & consonant[4:])
    other = np.zeros(0, np.int64)
    if texts.histogram[:, 0xCE:0xD4].any():
        other = np.flatnonzero((buffer >= 0xCE) & (buffer <= 0xD3))
    beside = np.concatenate((other - 1, other + 2))
    mixed = beside[_LETTERS[buffer[beside]]]
    odd = np.unique(np.searchsorted(words.start, np.concatenate((hard, mixed)), side="right") - 1)
    long = words.end - words.start >= _LONG_WORD
    odd = odd[long[odd]] if len(long) else odd
    total = np.concatenate(([0], np.cumsum(long, dtype=np.int64)))
    counts = total[words.bounds[1:]] - total[words.bounds[:-1]]
    return ratio(np.bincount(words.row[odd], minlength=len(texts)), np.where(counts >= _FEWEST_LONG, counts, 0))


def _broken(texts: Texts) -> NDArray[np.bool_]:
    seen = texts.histogram
    broken: NDArray[np.bool_] = seen[:, _CONTROLS].sum(axis=1) > 0
    for i in np.flatnonzero(seen[:, _MARKED].sum(axis=1)).tolist():
        broken[i] |= _BROKEN.search(texts.strings[i]) is not None
    return broken
