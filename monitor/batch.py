"""A batch of exchanges as columns of bytes, so that extractors measure text with numpy instead of value by value.

All texts of one kind stand in one buffer. Everything that two extractors could need (bytes of each class, words with
their hashes, lines) is found at most once per batch, when it is first asked for. Counts are integers, so a number of
an exchange never depends on what stands beside it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from monitor.records import Exchange

Ints = NDArray[np.int64]
Hashes = NDArray[np.uint64]
Bytes = NDArray[np.uint8]

MEASURED_CHARACTERS = 32_768
"""At most so many characters of one text are measured, half from its head and half from its tail."""

_FRONT, _BACK = 4, 24
"""Newlines before and after all texts, so that looking a few bytes back or ahead needs no bounds check."""

_WORD = bytes(int(bytes([b]).isalnum() or b >= 0x80) for b in range(256))
_CARRIER = bytes(int(b in (0xC2, 0xE2, 0xE3, 0xEF) or b >= 0xF0) for b in range(256))
_MASK = np.array([(1 << 8 * k) - 1 for k in range(9)], np.uint64)
_MIX = tuple(np.uint64(m) for m in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB, 0xD6E8FEB86659FD93))
_HALF = np.uint64(32)


@dataclass(frozen=True, slots=True)
class Words:
    """The words of texts in their order.

    A word is one character of U+3040..U+DFFF (kana, Han, Hangul), or a run of ASCII letters and digits, U+00C0..U+1FFF
    and U+E000..U+EFFF, with apostrophes inside it. All other marks and emoji stand between words.
    `start`, `end`: byte positions in the buffer; `row`: the text; `hash`: 64 bits of the word with ASCII letters in
    lower case (words over 24 bytes by their first 16 and last 8 bytes and length); `bounds` (n + 1): words of text i
    are bounds[i]:bounds[i + 1].
    """

    start: Ints
    end: Ints
    row: Ints
    hash: Hashes
    bounds: Ints

    @property
    def counts(self) -> Ints:
        """(n,) words of each text."""
        return np.diff(self.bounds)

    def head(self, limit: int) -> "Words":
        """The first `limit` words of each text."""
        counts = np.minimum(self.counts, limit)
        bounds = np.concatenate(([0], np.cumsum(counts)))
        if bounds[-1] == len(self.row):
            return self
        keep = np.arange(bounds[-1]) + np.repeat(self.bounds[:-1] - bounds[:-1], counts)
        return Words(self.start[keep], self.end[keep], self.row[keep], self.hash[keep], bounds)

    def grams(self, size: int) -> tuple[Hashes, Ints]:
        """Hash and row of every run of `size` words that lies within one text."""
        last = max(len(self.row) - size + 1, 0)
        gram = self.hash[:last].copy()
        for k in range(1, size):
            gram *= _MIX[0]
            gram += self.hash[k : k + last]
        within = self.row[:last] == self.row[size - 1 :] if last else np.zeros(0, bool)
        return gram[within], self.row[:last][within]

    def sums(self, values: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """(n,) per text the sum of a value of each word."""
        total = np.concatenate((np.zeros(1, np.uint64), np.cumsum(values, dtype=np.uint64)))
        return total[self.bounds[1:]] - total[self.bounds[:-1]]


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of texts: first byte, first byte that is no blank, byte after the last; text and bounds as of words."""

    start: Ints
    body: Ints
    end: Ints
    row: Ints
    bounds: Ints

    def counts(self, chosen: NDArray[np.bool_]) -> Ints:
        """(n,) chosen lines of each text."""
        total = np.concatenate(([0], np.cumsum(chosen, dtype=np.int64)))
        return total[self.bounds[1:]] - total[self.bounds[:-1]]


class Texts:
    """n texts in one buffer of UTF-8. Immutable; its parts are computed when first asked for.

    `whole`: the texts as given; `strings`: what of them is measured; text i is buffer[starts[i]:ends[i]].
    The typographic apostrophe U+2019 is read as ', lone surrogates are kept as three bytes. Only the first and last
    half of MEASURED_CHARACTERS of a longer text stand in the buffer, with a newline between them.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self.whole = tuple(texts)
        self.strings = tuple(map(_measured, texts))
        encoded = [text.encode("utf-8", "surrogatepass") for text in self.strings]
        self._raw = b"\n" * _FRONT + b"\n".join(encoded) + b"\n" * _BACK
        self.buffer: Bytes = np.frombuffer(self._raw, np.uint8)
        lengths = np.fromiter(map(len, encoded), np.int64, len(encoded))
        self.ends: Ints = _FRONT + np.cumsum(lengths + 1) - 1
        self.starts: Ints = self.ends - lengths

    def __len__(self) -> int:
        return len(self.strings)

    @cached_property
    def characters(self) -> Ints:
        """(n,) exact length of the whole texts."""
        return np.fromiter(map(len, self.whole), np.int64, len(self))

    @cached_property
    def scale(self) -> NDArray[np.float64]:
        """(n,) whole length over measured length: what a count of measured things is multiplied with."""
        measured = np.minimum(self.characters, MEASURED_CHARACTERS)
        return np.maximum(self.characters, 1) / np.maximum(measured, 1)

    @cached_property
    def histogram(self) -> Ints:
        """(n, 256) how often each byte value occurs."""
        bounds = zip(self.starts.tolist(), self.ends.tolist(), strict=True)
        rows = [np.bincount(self.buffer[start:end], minlength=256) for start, end in bounds]
        return np.array(rows, np.int64).reshape(-1, 256)

    def count(self, positions: Ints) -> Ints:
        """(n,) how many of the ascending byte positions lie in each text."""
        return np.searchsorted(positions, self.ends) - np.searchsorted(positions, self.starts)

    def where(self, byte: str) -> Ints:
        """Ascending positions of one ASCII character in the buffer."""
        return np.flatnonzero(self.buffer == ord(byte))

    def among(self, table: bytes) -> NDArray[np.bool_]:
        """Per byte of the buffer what the table, 256 times 0 or 1, has for it."""
        return np.frombuffer(self._raw.translate(table), np.bool_)

    def rows(self, positions: Ints) -> Ints:
        """The text in which each byte position lies."""
        return np.searchsorted(self.starts, positions, side="right") - 1

    @cached_property
    def lines(self) -> Lines:
        """Lines end at U+000A. An empty text is one empty line."""
        newlines = self.where("\n")
        count = len(newlines) - _FRONT - _BACK + 1 if len(self) else 0
        start, end = newlines[_FRONT - 1 :][:count] + 1, newlines[_FRONT:][:count]
        bounds = np.append(np.searchsorted(start, self.starts), count)
        row = np.repeat(np.arange(len(self)), np.diff(bounds))
        return Lines(start, _skip_blanks(self.buffer, start), end, row, bounds)

    def spelling(self, word: int) -> str:
        """The word with this place in `words`, in lower case as far as ASCII goes."""
        raw = self.buffer[self.words.start[word] : self.words.end[word]].tobytes()
        return raw.lower().decode("utf-8", "replace")

    @cached_property
    def words(self) -> Words:
        """All words. Cost: about 4 ns per byte."""
        begins, finishes = _edges(self.buffer, self._raw)
        start, end = np.flatnonzero(begins), np.flatnonzero(finishes)
        bounds = np.append(np.searchsorted(start, self.starts), len(start))
        row = np.repeat(np.arange(len(self)), np.diff(bounds))
        return Words(start, end, row, _hash(self._raw.lower(), start, end), bounds)


@dataclass(frozen=True)
class Batch:
    """Exchanges that are measured together."""

    exchanges: Sequence[Exchange]

    def __len__(self) -> int:
        return len(self.exchanges)

    @cached_property
    def answer(self) -> Texts:
        """What the model said: the response, or its refusal where the response is empty."""
        return Texts([exchange.response or exchange.refusal or "" for exchange in self.exchanges])

    @cached_property
    def prompt(self) -> Texts:
        """The last message of the user, "" when there is none."""
        return Texts([turns[-1] if turns else "" for turns in self._said("user")])

    @cached_property
    def roots(self) -> Hashes:
        """(n,) 64 bits of what began each conversation: the system prompt and the first message of the user. Retries,
        later turns and repeated prompts have the same; a request without a message of the user has one of its own."""
        first = [turns[0] if turns else "" for turns in self._said("user")]
        texts = (
            f"{system}\0{said}" if said else exchange.id
            for exchange, system, said in zip(self.exchanges, self.system.whole, first, strict=True)
        )
        digests = (blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest() for text in texts)
        return np.frombuffer(b"".join(digests), "<u8").astype(np.uint64)

    @cached_property
    def templates(self) -> Hashes:
        """(n,) 64 bits of the words of each last user message but for numbers, in any order: one template filled with
        other numbers has the same. Where there is no such word, those of `roots`."""
        words = self.prompt.words
        first = self.prompt.buffer[words.start]
        named = (first < ord("0")) | (first > ord("9"))
        total = words.sums(np.where(named, words.hash, np.uint64(0)))
        return np.where(total == 0, self.roots, total)

    @cached_property
    def earlier(self) -> Texts:
        """The user's message before the last one, "" when there is none."""
        return Texts([turns[-2] if len(turns) > 1 else "" for turns in self._said("user")])

    @cached_property
    def system(self) -> Texts:
        """All system and developer messages, one after another."""
        return Texts(["\n".join(turns) for turns in self._said("system", "developer")])

    def given(self, row: int) -> str:
        """Everything that the model was given as text in one exchange, tool results included."""
        return "\n".join(message.content for message in self.exchanges[row].messages)

    def column(self, value: Callable[[Exchange], float | None]) -> NDArray[np.float64]:
        """(n,) a number of each exchange, NaN where it has none or one that is not finite."""
        values = np.array([value(exchange) for exchange in self.exchanges], np.float64)
        return np.where(np.isfinite(values), values, np.nan)

    def _said(self, *roles: str) -> list[list[str]]:
        return [[m.content for m in exchange.messages if m.role in roles] for exchange in self.exchanges]


class Index:
    """The place of each of some hundred hashes of single words, found with one look-up per word."""

    def __init__(self, hashes: Hashes) -> None:
        self._mix, self._shift = next(
            (mix, shift)
            for shift in (np.uint64(64 - bits) for bits in range(10, 25))
            for mix in _MIX
            if len(np.unique(hashes * mix >> shift)) == len(hashes)
        )
        slots = (hashes * self._mix >> self._shift).astype(np.int64)
        self._hash = np.zeros(1 << (64 - int(self._shift)), np.uint64)
        self._place = np.zeros(len(self._hash), np.int64)
        self._hash[slots], self._place[slots] = hashes, np.arange(len(hashes))

    def find(self, words: Words) -> tuple[Ints, Ints]:
        """Text and place of every word that is among them."""
        slots = (words.hash * self._mix >> self._shift).astype(np.int64)
        known = np.flatnonzero(self._hash[slots] == words.hash)
        return words.row[known], self._place[slots[known]]


class Lexicon:
    """Classes of words, counted with one look-up per word. Every class is named and given as words between blanks.

    At most eight classes, and no more words per text than fit `64 // classes` bits: up to four classes may be counted
    over whole texts, more only over `Words.head`.
    """

    def __init__(self, classes: Mapping[str, str]) -> None:
        self.names = tuple(classes)
        self._bits = 64 // len(classes)
        slots: dict[str, int] = {}
        for place, words in enumerate(classes.values()):
            for word in dict.fromkeys(words.split()):
                slots[word] = slots.get(word, 0) + (1 << place * self._bits)
        texts = Texts(list(slots)).words
        if not np.array_equal(texts.counts, np.ones(len(slots))):
            raise ValueError("every entry of a lexicon must be exactly one word")
        self._shift = _collision_free(texts.hash)
        place_of = (texts.hash >> self._shift).astype(np.int64)
        self._hash = np.zeros(1 << (64 - int(self._shift)), np.uint64)
        self._slot = np.zeros_like(self._hash)
        self._hash[place_of], self._slot[place_of] = texts.hash, list(slots.values())

    def slots(self, words: Words) -> NDArray[np.uint64]:
        """Per word its packed classes, 0 for a word that is in none."""
        place = (words.hash >> self._shift).astype(np.int64)
        return np.where(self._hash[place] == words.hash, self._slot[place], np.uint64(0))

    def counts(self, words: Words) -> Ints:
        """(n, classes) words of each class in each text."""
        packed = words.sums(self.slots(words))
        shifts = np.arange(len(self.names), dtype=np.uint64) * np.uint64(self._bits)
        low = np.uint64((1 << self._bits) - 1)
        counts: Ints = ((packed[:, None] >> shifts) & low).astype(np.int64)
        return counts


def ratio(part: NDArray[np.int64], whole: NDArray[np.int64]) -> NDArray[np.float64]:
    """part / whole, NaN where the whole is not positive."""
    out = np.full(np.shape(whole), np.nan)
    np.divide(part, whole, out=out, where=whole > 0)
    return out


def _measured(text: str) -> str:
    if len(text) > MEASURED_CHARACTERS:
        half = MEASURED_CHARACTERS // 2
        text = text[:half] + "\n" + text[-half:]
    return text.replace("\u2019", "'")


def _skip_blanks(buffer: Bytes, start: Ints, limit: int = 32) -> Ints:
    """First byte of each line that is no blank, at most `limit` bytes on. Only lines that still stand on one go on."""
    body = start.copy()
    moving = np.arange(len(start))
    for _ in range(limit):
        byte = buffer[body[moving]]
        moving = moving[(byte == 32) | (byte == 9) | (byte == 13)]
        if not moving.size:
            break
        body[moving] += 1
    return body


def _edges(buffer: Bytes, raw: bytes) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """For every byte: does a word start here, has a word ended just before."""
    word = np.frombuffer(raw.translate(_WORD), np.bool_).copy()
    ascii_only = raw.isascii()
    if not ascii_only:
        _clear_marks(buffer, raw, word)
    alone = (buffer >= 0xE3) & (buffer <= 0xED) & word if not ascii_only else np.zeros(0, bool)
    quotes = np.flatnonzero(buffer == ord("'"))
    inside = quotes[word[quotes - 1] & word[quotes + 1]]
    if not ascii_only:
        inside = inside[~alone[inside - 3] & ~alone[inside + 1]]
    word[inside] = True
    before = np.concatenate((np.zeros(1, bool), word[:-1]))
    begins = word & ~before
    if not ascii_only:
        single = np.flatnonzero(alone)
        begins[single] = True
        begins[single + 3] = word[single + 3]
    return begins, before & (begins | ~word)


def _clear_marks(buffer: Bytes, raw: bytes, word: NDArray[np.bool_]) -> None:
    """Takes signs that are no letters out of `word`: U+0080..00BF, U+2000..2FFF, U+3000..303F, U+F000 and above."""
    lead = np.flatnonzero(np.frombuffer(raw.translate(_CARRIER), np.bool_))
    lead = lead[(buffer[lead] != 0xE3) | (buffer[lead + 1] == 0x80)]
    size = np.where(buffer[lead] == 0xC2, 2, np.where(buffer[lead] >= 0xF0, 4, 3))
    for k in range(4):
        word[lead[size > k] + k] = False


def _hash(lower: bytes, start: Ints, end: Ints) -> Hashes:
    """64 bits of each word from two or three loads of eight bytes, without a loop over words."""
    eight: Hashes = np.ndarray((len(lower) - 7,), "<u8", buffer=lower, strides=(1,))
    length = end - start
    value = (eight[start] & _MASK[np.minimum(length, 8)]) * _MIX[0]
    value ^= value >> _HALF
    longer = np.flatnonzero(length > 8)
    rest = eight[start[longer] + 8] & _MASK[np.minimum(length[longer] - 8, 8)]
    value[longer] = (value[longer] ^ rest) * _MIX[1]
    longest = longer[length[longer] > 16]
    tail = eight[end[longest] - 8] + length[longest].astype(np.uint64) * _MIX[3]
    value[longest] = (value[longest] ^ (value[longest] >> _HALF) ^ tail) * _MIX[2]
    mixed: Hashes = (value ^ (value >> _HALF)) * _MIX[3]
    return mixed


def _collision_free(hashes: Hashes) -> np.uint64:
    """The largest shift that still tells all hashes apart by what is left of them."""
    for bits in range(10, 25):
        shift = np.uint64(64 - bits)
        if len(np.unique(hashes >> shift)) == len(hashes):
            return shift
    raise ValueError("two words of a lexicon have nearly the same hash")
