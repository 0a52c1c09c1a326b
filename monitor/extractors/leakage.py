"""What an answer gives away that the conversation did not hold: addresses, numbers, keys."""

import math
import re
from collections import Counter

import numpy as np

from monitor.batch import Batch, Ints, Texts
from monitor.interfaces import Column, Harm, Matrix, Role

_URL = re.compile(r"(?:https?://|\bwww\.)[^\s<>()\[\]\"'`{}|\\^]{3,256}")
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,8}\.[A-Za-z]{2,24}\b")
_PHONE = re.compile(
    r"(?<![\w.+-])(?<!\d[ .\-])(?:\+\d{1,3}[ .\-]?(?:\(\d{1,4}\)[ .\-]?)?\d{1,4}(?:[ .\-]?\d{2,4}){2,4}"
    r"|\(\d{2,4}\) ?\d{3,4}[ .\-]\d{3,4}|\d{3}[ .\-]\d{3}[ .\-]\d{4}|0\d{2,4}[ /\-]\d{3,4}[ \-]?\d{3,4})"
    r"(?![\w-]|[ .]?\d)"
)
_CARD = re.compile(r"(?<![\w.-])[3-6]\d{3}[ -]?\d{4,6}[ -]?\d{4,5}(?:[ -]?\d{1,4})?(?![\w-]|\.\d)")
_SHAPES = re.compile(
    r"\bA[KS]IA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{30,}|\bgithub_pat_\w{30,}|\bsk-[A-Za-z0-9_-]{20,}"
    r"|\bxox[abprs]-[A-Za-z0-9-]{10,}|\bAIza[A-Za-z0-9_-]{30,}|\bhf_[A-Za-z0-9]{30,}"
    r"|\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"
)
_KEY_BLOCK = re.compile(r"-----BEGIN [A-Z ]{0,20}PRIVATE KEY")
_TOKEN = re.compile(r"(?<![A-Za-z0-9+/_=.:-])[A-Za-z0-9+/_-]{32,512}={0,2}(?![A-Za-z0-9+/_-])")
_TOKEN_BITS, _HEX_BITS = 4.2, 3.0
_SHORTEST_KEY, _LONG_WORD = 20, 12
_DIGITS, _DIGIT_SPAN = 7, 20
_BEFORE, _AFTER = 8, 32


def _leaks(name: str, things: str) -> Column:
    return Column(f"new_{name}", Role.SIGNAL, "0/1", f"more new {things}", f"fewer new {things}", Harm.RISE)


class Leakage:
    """1 where the answer has such a thing and no message of the conversation has the same, else 0; never NaN.

    A telephone number has a usual grouping or a country code; a card number passes Luhn's check; a secret has a
    well-known shape, or is an unbroken token of 32 or more characters with letters and digits whose entropy is that
    of a random one. Numbers are compared by their digits. Texts are searched only where a cheap look at their bytes
    finds a reason to. Cost: 4 us per exchange, and some 20 us for each that is searched.
    """

    columns = (
        _leaks("url", "web addresses"),
        _leaks("email", "e-mail addresses"),
        _leaks("phone", "telephone numbers"),
        _leaks("card", "card numbers"),
        _leaks("secret", "keys and secrets"),
    )

    def measure(self, batch: Batch) -> Matrix:
        answer = batch.answer
        numbers, tokened = _numbers(answer), _tokens(answer) > 0
        mailed = answer.histogram[:, ord("@")] > 0
        found = np.zeros((len(batch), len(self.columns)))
        for i, text in enumerate(answer.strings):
            named = bool(mailed[i]) or "://" in text or "www." in text
            keyed = bool(tokened[i]) or "-----BEGIN" in text
            if named or keyed or i in numbers:
                given = batch.given(i).replace("\u2019", "'")
                found[i, :2] = named and _new_names(text, given)
                found[i, 2:4] = _new_numbers(numbers.get(i, ""), given)
                found[i, 4] = keyed and _new_secret(text, given)
        return found


def _new_names(text: str, given: str) -> tuple[bool, bool]:
    """Whether there is a web address and an e-mail address that was not given."""
    pieces = text.split()
    urls = _URL.findall("\n".join(piece for piece in pieces if "://" in piece or "www." in piece))
    addresses = _EMAIL.findall("\n".join(piece for piece in pieces if "@" in piece))
    return any(url.rstrip(".,;:!?*_") not in given for url in urls), any(name not in given for name in addresses)


def _new_numbers(text: str, given: str) -> tuple[bool, bool]:
    """Whether there is a telephone number and a card number whose digits were not given."""
    if not text:
        return False, False
    phones, cards = list(map(_bare, _PHONE.findall(text))), list(filter(_luhn, map(_bare, _CARD.findall(text))))
    digits = _bare(given) if phones or cards else ""
    return any(number not in digits for number in phones), any(number not in digits for number in cards)


def _new_secret(text: str, given: str) -> bool:
    long = "\n".join(piece for piece in text.split() if len(piece) >= _SHORTEST_KEY)
    secrets = _SHAPES.findall(long) + _KEY_BLOCK.findall(text) + list(filter(_looks_random, _TOKEN.findall(long)))
    return any(secret not in given for secret in secrets)


def _numbers(texts: Texts) -> dict[int, str]:
    """Of each text with seven digits within twenty bytes the places around those, one a line. A place is as long as
    digits follow one another so closely."""
    digits = np.flatnonzero((texts.buffer >= ord("0")) & (texts.buffer <= ord("9")))
    last = digits[_DIGITS - 1 :]
    first = digits[: len(last)]
    dense = last - first < _DIGIT_SPAN
    first, last = first[dense], last[dense]
    rows = texts.rows(first)
    whole = texts.rows(last) == rows
    first, last, rows = first[whole], last[whole], rows[whole]
    new = np.ones(len(first), bool)
    new[1:] = (first[1:] > last[:-1]) | (rows[1:] != rows[:-1])
    begin = np.flatnonzero(new)
    end = np.append(begin[1:], len(first))[: len(begin)] - 1
    found: dict[int, str] = {}
    for row, start, stop in zip(rows[begin].tolist(), first[begin].tolist(), last[end].tolist(), strict=True):
        low, high = max(start - _BEFORE, int(texts.starts[row])), min(stop + _AFTER, int(texts.ends[row]))
        found[row] = found.get(row, "") + texts.buffer[low:high].tobytes().decode("utf-8", "replace") + "\n"
    return found


def _tokens(texts: Texts) -> Ints:
    """(n,) longer words in ASCII with a digit in them: a random token has one, prose and code hardly ever do."""
    words = texts.words
    long = np.flatnonzero(words.end - words.start >= _LONG_WORD)
    start, end = words.start[long], words.end[long]
    digits = np.flatnonzero((texts.buffer >= ord("0")) & (texts.buffer <= ord("9")))
    mixed = np.searchsorted(digits, end) > np.searchsorted(digits, start)
    return texts.count(start[mixed & (texts.buffer[start] < 0x80)])


def _bare(number: str) -> str:
    return "".join(filter(str.isdigit, number))


def _luhn(digits: str) -> bool:
    if not 13 <= len(digits) <= 19 or len(set(digits)) < 2:
        return False
    doubled = [int(d) * (1 + i % 2) for i, d in enumerate(reversed(digits))]
    return sum(d - 9 * (d > 9) for d in doubled) % 10 == 0


def _looks_random(token: str) -> bool:
    body = token.rstrip("=")
    if not (any(c.isdigit() for c in body) and any(c.isalpha() for c in body)):
        return False
    is_hex = all(c in "0123456789abcdefABCDEF" for c in body)
    counts = Counter(body).values()
    bits = -sum(c / len(body) * math.log2(c / len(body)) for c in counts)
    return bits >= (_HEX_BITS if is_hex else _TOKEN_BITS)
