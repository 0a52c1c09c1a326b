"""Small habits of an answer's typography: how it begins and ends, its marks, its longest line."""

import numpy as np

from monitor.batch import Batch, Ints
from monitor.interfaces import Column, Matrix, Role

_BLANKS = np.isin(np.arange(256), list(b" \t\r\n"))
_ENDINGS = np.isin(np.arange(256), list(b".!?"))
_MARKS = np.isin(np.arange(256), list(b"*#"))
_DIGITS = np.isin(np.arange(256), list(b"0123456789"))
_LOWER = np.isin(np.arange(256), list(b"abcdefghijklmnopqrstuvwxyz"))
_LONG_LINE = 200


def _habit(name: str, unit: str, things: str) -> Column:
    return Column(f"habit_{name}", Role.STYLE, unit, f"more {things}", f"fewer {things}")


class Habits:
    """Features of style alone: they tell models apart, but nobody asks for any of them by name.

    Rates are log(1 + per 100 words). An empty answer has 0 everywhere. Never NaN. Cost: 6 us per exchange.
    """

    columns = (
        _habit("blank_start", "0/1", "answers that begin with a blank"),
        _habit("blank_end", "0/1", "answers that end with a blank"),
        _habit("full_stop_end", "0/1", "answers that end with a full stop"),
        _habit("colon_end", "0/1", "answers that end with a colon"),
        _habit("mark_start", "0/1", "answers that begin with * or #"),
        _habit("digit_start", "0/1", "answers that begin with a digit"),
        _habit("lower_start", "0/1", "answers that begin with a small letter"),
        _habit("semicolons", "log(1 + per 100 words)", "semicolons"),
        _habit("periods", "log(1 + per 100 words)", "full stops"),
        _habit("hyphens", "log(1 + per 100 words)", "hyphens"),
        _habit("backticks", "log(1 + per 100 words)", "backticks"),
        _habit("apostrophes", "log(1 + per 100 words)", "apostrophes"),
        _habit("quotes", "log(1 + per 100 words)", "quotation marks"),
        _habit("dashes", "log(1 + per 100 words)", "dashes"),
        _habit("longest_line", "log(1 + bytes)", "long lines"),
        _habit("long_lines", "share of lines", "lines over 200 bytes"),
        _habit("blank_lines", "share of lines", "blank lines"),
    )

    def measure(self, batch: Batch) -> Matrix:
        answer = batch.answer
        lines = answer.lines
        length = lines.end - lines.start
        total = np.maximum(np.diff(lines.bounds), 1)
        longest = np.maximum.reduceat(length, lines.bounds[:-1]) if len(answer) else np.zeros(0)
        first, last, bare_first, bare_last = _ends(batch)
        counts = answer.histogram
        curly = np.array([text.count("\u201c") + text.count("\u201d") for text in answer.strings], np.int64)
        dashes = np.array([text.count("\u2013") + text.count("\u2014") for text in answer.strings], np.int64)
        marks = (
            *(counts[:, ord(mark)] for mark in ";.-`'"),
            counts[:, ord('"')] + curly,
            dashes,
        )
        words = np.maximum(answer.words.counts, 1)
        return np.column_stack(
            (
                _BLANKS[first],
                _BLANKS[last],
                _ENDINGS[bare_last],
                bare_last == ord(":"),
                _MARKS[bare_first],
                _DIGITS[bare_first],
                _LOWER[bare_first],
                *(np.log1p(100 * n / words) for n in marks),
                np.log1p(longest),
                lines.counts(length > _LONG_LINE) / total,
                np.where(total > 1, lines.counts(lines.body == lines.end) / total, 0.0),
            )
        ).astype(np.float64)


def _ends(batch: Batch) -> tuple[Ints, Ints, Ints, Ints]:
    """(n,) first and last byte of each answer, and the same without blanks around it; 0 where there is none."""
    answer = batch.answer
    some = answer.ends > answer.starts
    first = np.where(some, answer.buffer[answer.starts], 0)
    last = np.where(some, answer.buffer[answer.ends - 1], 0)
    bare = [text.strip() for text in answer.strings]
    bare_first = np.array([text[:1].encode("utf-8", "surrogatepass")[0] if text else 0 for text in bare], np.int64)
    bare_last = np.array([text[-1:].encode("utf-8", "surrogatepass")[0] if text else 0 for text in bare], np.int64)
    return first.astype(np.int64), last.astype(np.int64), bare_first, bare_last
