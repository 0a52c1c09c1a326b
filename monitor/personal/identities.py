"""Numbers that states give to people: of social security, tax and identity cards."""

from collections.abc import Callable, Mapping, Sequence

import stdnum
from stdnum.au import tfn
from stdnum.be import nn
from stdnum.bg import egn
from stdnum.br import cpf
from stdnum.ca import sin
from stdnum.ch import ssn as ahv
from stdnum.cl import rut
from stdnum.cn import ric
from stdnum.cz import rc
from stdnum.de import idnr as steuer_id
from stdnum.dk import cpr
from stdnum.es import dni, nie
from stdnum.fi import hetu
from stdnum.fr import nir
from stdnum.hr import oib
from stdnum.in_ import aadhaar
from stdnum.it import codicefiscale
from stdnum.jp import in_ as my_number
from stdnum.kr import rrn
from stdnum.mx import curp
from stdnum.nl import bsn
from stdnum.no import fodselsnummer
from stdnum.pl import pesel
from stdnum.pt import nif
from stdnum.ro import cnp
from stdnum.se import personnummer
from stdnum.tr import tckimlik
from stdnum.us import ssn
from stdnum.za import idnr as za_id

from monitor.personal.rule import Rule, Valid

CHECKS = f"stdnum {stdnum.__version__}"
"""The check digits that decide."""

Check = Callable[[str], bool]


def _spaced_ssn(number: str) -> bool:
    return ssn.is_valid(number.replace(" ", "-"))


def _nino(_: str) -> bool:
    return True  # it has no check digits, its shape is all


_STRONG: Mapping[str, Check] = {
    r"[12] ?\d\d ?\d\d ?\d[\dAB] ?\d{3} ?\d{3} ?\d\d": nir.is_valid,
    r"[A-Z]{6}\d\d[A-EHLMPR-T]\d\d[A-Z]\d{3}[A-Z]": codicefiscale.is_valid,
    r"[XYZ]-?\d{7}-?[A-Z]": nie.is_valid,
    r"\d{3}\.\d{3}\.\d{3}-\d\d": cpf.is_valid,
    r"\d{6}[-+A]\d{3}[0-9A-FHJ-NPR-Y]": hetu.is_valid,
    r"\d\d\.\d\d\.\d\d-\d{3}\.\d\d": nn.is_valid,
    r"756\.\d{4}\.\d{4}\.\d\d": ahv.is_valid,
    r"\d{6}(?:19|20)\d{9}[\dX]": ric.is_valid,
    r"[A-Z]{4}\d{6}[HM][A-Z]{5}[A-Z0-9]\d": curp.is_valid,
}
"""Of a shape that hardly anything else has, and with check digits."""

_WEAK: Sequence[tuple[str, str, Check]] = (
    ("ssn|social security", r"\d{3}[- ]\d\d[- ]\d{4}|\d{9}", _spaced_ssn),
    ("nino|national insurance", r"[A-CEGHJ-PR-TW-Z][A-NP-Z] ?\d\d ?\d\d ?\d\d ?[A-D]", _nino),
    ("steuer|idnr|tax id", r"\d\d ?\d{3} ?\d{3} ?\d{3}", steuer_id.is_valid),
    ("dni|nif|documento", r"\d{8}-?[A-Z]", dni.is_valid),
    ("nif|contribuinte", r"\d{3} ?\d{3} ?\d{3}", nif.is_valid),
    ("bsn|burgerservice|sofinummer", r"\d{9}|\d{4}[. ]\d\d[. ]\d{3}", bsn.is_valid),
    ("cpf", r"\d{11}", cpf.is_valid),
    ("aadhaar|aadhar|आधार", r"\d{4}[ -]?\d{4}[ -]?\d{4}", aadhaar.is_valid),
    ("personnummer|personal identity", r"(?:\d\d)?\d{6}[-+]?\d{4}", personnummer.is_valid),
    ("cpr|personnummer", r"\d{6}-?\d{4}", cpr.is_valid),
    ("fødselsnummer|personnummer", r"\d{6} ?\d{5}", fodselsnummer.is_valid),
    ("pesel", r"\d{11}", pesel.is_valid),
    ("tckn|kimlik", r"\d{11}", tckimlik.is_valid),
    ("identity|id number", r"\d{6} ?\d{4} ?\d{3}", za_id.is_valid),
    ("주민|rrn|resident registration", r"\d{6}-?\d{7}", rrn.is_valid),
    ("social insurance|sin number", r"\d{3}[ -]?\d{3}[ -]?\d{3}", sin.is_valid),
    ("tfn|tax file", r"\d{3} ?\d{3} ?\d{2,3}", tfn.is_valid),
    ("cnp|cod numeric", r"\d{13}", cnp.is_valid),
    ("rodné|birth number", r"\d{6}/?\d{3,4}", rc.is_valid),
    ("егн|egn", r"\d{10}", egn.is_valid),
    ("oib", r"\d{11}", oib.is_valid),
    ("rut|run", r"\d{1,2}\.?\d{3}\.?\d{3}-[\dkK]", rut.is_valid),
    ("マイナンバー|個人番号|my number", r"\d{4} ?\d{4} ?\d{4}", my_number.is_valid),
)
"""By beginnings of words of which one must stand at most forty characters before: of a shape that other things have
too, and with check digits that one number in ten passes by chance, or with none (SSN, NINO)."""


_GAP = r"[^\n]{0,40}?"


def _valid(check: Check) -> Valid:
    return lambda number: number if check(number) else None


RULES: Sequence[Rule] = (
    *(Rule(shape, _valid(check)) for shape, check in _STRONG.items()),
    *(Rule(shape, _valid(check), tuple(words.split("|")), _GAP) for words, shape, check in _WEAK),
)
"""A number as its state groups it, with the right check digits."""
