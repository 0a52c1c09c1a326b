"""How much the model says: characters, words, lines, words per sentence, letters per word."""

import numpy as np

from monitor.batch import Batch, Ints, Texts, ratio
from monitor.interfaces import Column, Matrix, Role


class Size:
    """Signals of size. Characters are exact; words and lines of a text longer than is measured are scaled up.

    A sentence ends with . ! ? before white space or the end, or with their full-width forms. `sentence_length` and
    `word_length` are NaN for an answer without words. Cost: 1 us per exchange, once words are known.
    """

    columns = (
        Column("answer_length", Role.SIGNAL, "log(1 + characters)", "longer answers", "shorter answers"),
        Column("answer_words", Role.SIGNAL, "log(1 + words)", "more words", "fewer words"),
        Column("answer_lines", Role.SIGNAL, "log(1 + line breaks)", "more lines", "fewer lines"),
        Column("sentence_length", Role.SIGNAL, "log(words per sentence)", "longer sentences", "shorter sentences"),
        Column("word_length", Role.SIGNAL, "bytes per word", "longer words", "shorter words"),
    )

    def measure(self, batch: Batch) -> Matrix:
        answer = batch.answer
        words = answer.words
        spoken = np.where(words.counts > 0, words.counts, 1)
        per_sentence = np.log(spoken / np.maximum(_sentences(answer), 1))
        bytes_in_words = words.sums((words.end - words.start).astype(np.uint64)).astype(np.int64)
        breaks = np.diff(answer.lines.bounds) - 1
        return np.column_stack(
            (
                np.log1p(answer.characters),
                np.log1p(words.counts * answer.scale),
                np.log1p(breaks * answer.scale),
                np.where(words.counts > 0, per_sentence, np.nan),
                ratio(bytes_in_words, words.counts),
            )
        )


def _sentences(texts: Texts) -> Ints:
    """(n,) ends of sentences in each text."""
    buffer = texts.buffer
    ends = np.flatnonzero((buffer == ord(".")) | (buffer == ord("!")) | (buffer == ord("?")))
    after = buffer[ends + 1]
    ends = ends[(after == ord(" ")) | (after == ord("\n")) | (after == ord("\r")) | (after == ord("\t"))]
    wide = [sum(map(text.count, "\u3002\uff01\uff1f")) if not text.isascii() else 0 for text in texts.strings]
    return texts.count(ends) + np.array(wide, np.int64)
