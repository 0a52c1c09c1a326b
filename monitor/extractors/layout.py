"""How the answer is laid out, in terms of Markdown: lists, headings, code blocks, bold, paragraphs."""

import numpy as np
from numpy.typing import NDArray

from monitor.batch import Batch, Bytes, Ints, Texts
from monitor.interfaces import Column, Matrix, Role

_Mask = NDArray[np.bool_]


def _column(name: str, unit: str, things: str) -> Column:
    return Column(name, Role.SIGNAL, f"log(1 + {unit})", f"more {things}", f"fewer {things}")


class Layout:
    """Signals of layout, all log(1 + count), 0 for plain prose and for no answer; never NaN.

    Lines inside a code block (between two lines that begin with ```) are code and nothing else. A list line begins
    with "- ", "* ", "+ ", a bullet, or up to three digits and "." or ")". Cost: 2 us per exchange.
    """

    columns = (
        _column("list_lines", "list lines", "list lines"),
        _column("headings", "headings", "headings"),
        _column("code_blocks", "code blocks", "code blocks"),
        _column("code_lines", "lines of code", "lines of code"),
        _column("bold", "bold spans", "bold spans"),
        _column("paragraphs", "blank lines", "paragraphs"),
    )

    def measure(self, batch: Batch) -> Matrix:
        answer = batch.answer
        lines = answer.lines
        first = answer.buffer[lines.body]
        blank = lines.body >= lines.end
        fences = _fences(answer, lines.body, first)
        code = _inside(fences, lines.bounds[lines.row])
        prose = ~code & ~fences & ~blank
        counts = (
            lines.counts(prose & _list_items(answer.buffer, lines.body, first)),
            lines.counts(prose & _headings(answer.buffer, lines.body, first)),
            (lines.counts(fences) + 1) // 2,
            lines.counts(code & ~fences),
            [text.count("**") // 2 for text in answer.strings],
            lines.counts(blank & ~code & (lines.start > answer.starts[lines.row])),
        )
        return np.log1p(np.column_stack(counts).astype(np.float64))


def _fences(texts: Texts, body: Ints, first: Bytes) -> _Mask:
    fence: _Mask = first == ord("`")
    at = np.flatnonzero(fence)
    fence[at] = (texts.buffer[body[at] + 1] == ord("`")) & (texts.buffer[body[at] + 2] == ord("`"))
    return fence


def _inside(fences: _Mask, first: Ints) -> _Mask:
    """Lines after an odd number of fences of their own text, which begins at line `first`."""
    before = np.concatenate(([0], np.cumsum(fences)))
    odd: _Mask = (before[:-1] - before[first]) % 2 == 1
    return odd


def _list_items(buffer: Bytes, body: Ints, first: Bytes) -> _Mask:
    second = buffer[body + 1]
    item: _Mask = ((first == ord("-")) | (first == ord("*")) | (first == ord("+"))) & (second == ord(" "))
    item |= (first == 0xE2) & (second == 0x80) & (buffer[body + 2] == 0xA2)
    numbered = np.flatnonzero((first >= ord("0")) & (first <= ord("9")))
    after = body[numbered] + 1
    for _ in range(2):
        after += (buffer[after] >= ord("0")) & (buffer[after] <= ord("9"))
    item[numbered] = ((buffer[after] == ord(".")) | (buffer[after] == ord(")"))) & (buffer[after + 1] == ord(" "))
    return item


def _headings(buffer: Bytes, body: Ints, first: Bytes) -> _Mask:
    heading: _Mask = first == ord("#")
    at = np.flatnonzero(heading)
    after = body[at] + 1
    for _ in range(5):
        after += buffer[after] == ord("#")
    heading[at] = buffer[after] == ord(" ")
    return heading
