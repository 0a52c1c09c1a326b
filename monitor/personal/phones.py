"""Telephone numbers."""

import re
from collections.abc import Sequence

import phonenumbers

from monitor.personal.rule import Rule, Valid

PLANS = f"phonenumbers {phonenumbers.__version__}"
"""The numbering plans that decide."""

_FIRST, _LAST = r"(?<!\d[ .\-])", r"(?! ?\d)"  # not within a row of numbers
_AMERICAN = r"(?:1[ .-])?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}"
_TRUNK = r"(?:\(0\d{1,4}\) ?\d{3,4}|0\d{2,4}[ /\-]\d{3,4}|0\d(?:[ .]\d\d){3}|0\d \d{4})[ .\-]?\d{2,5}"
_SHAPES = (
    (r"\+\d(?:[ .\-/()]{0,3}\d){6,14}", (None,)),
    (_FIRST + _AMERICAN, ("US",)),
    (_FIRST + _TRUNK, ("GB", "DE", "FR", "IT", "NL", "AU", "JP", "IN")),
)
"""Written so that it can be nothing else, as far as shape goes: by the regions whose plan is asked."""

_WORDS = (
    (("phone", "mobile", "cell", "call", "whatsapp", "fax", "tel"), ("US", "GB", "IN")),
    (("telefon", "handy", "mobil", "anruf", "rufen", "rufnummer"), ("DE", "AT", "CH", "PL")),
    (("tél", "appel", "portable"), ("FR", "BE")),
    (("teléfono", "telefono", "móvil", "celular", "cellulare", "llama", "llame"), ("ES", "MX", "IT")),
    (("telefone", "telemóvel", "celular", "ligue"), ("BR", "PT")),
    (("telefoon", "mobiel", "bel"), ("NL", "BE")),
    (("тел", "звон", "моб"), ("RU",)),
    (("电话", "手机", "電話"), ("CN", "JP")),
    (("전화",), ("KR",)),
)
"""Beginnings of words that may stand before a number of any spacing, and the regions that speak so."""

_WORDED = r"\(?\d(?:[ .\-/()]{0,2}\d){7,12}"
_GAP = r"[^\n\d]{0,24}?"


def _valid(number: str, regions: Sequence[str | None]) -> str | None:
    """The number without the code of its country, None where it is valid in none of the regions."""
    for region in regions:
        try:
            parsed = phonenumbers.parse(number, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(parsed):
            return str(parsed.national_number)
    return None


def _plain(regions: Sequence[str | None]) -> Valid:
    return lambda number: _valid(number, regions)


def _worded(regions: Sequence[str | None]) -> Valid:
    return lambda number: None if re.fullmatch(_AMERICAN, number) else _valid(number, regions)


RULES: Sequence[Rule] = (
    *(Rule(shape + _LAST, _plain(regions)) for shape, regions in _SHAPES),
    *(Rule(_WORDED + _LAST, _worded(regions), words, _GAP) for words, regions in _WORDS),
)
"""A number with the code of its country, one as North America groups them, one that begins with 0, and any after a
word that says so; each as somebody can have it by the numbering plan."""
