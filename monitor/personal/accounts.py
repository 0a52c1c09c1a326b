"""Numbers of bank accounts and of cards."""

import re
from collections.abc import Sequence

from stdnum import iban, luhn

from monitor.personal.rule import Rule

_ISSUED = re.compile(
    r"4\d{12}(?:\d{3}){0,2}|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|35(?:2[89]|[3-8]\d)\d{12}"
    r"|6(?:011|5\d\d|4[4-9]\d)\d{12}|62\d{14,17}"
)


def _account(number: str) -> str | None:
    return number if iban.is_valid(number) else None


def _card(number: str) -> str | None:
    digits = "".join(filter(str.isdigit, number))
    return digits if _ISSUED.fullmatch(digits) and luhn.is_valid(digits) else None


IBANS: Sequence[Rule] = (Rule(r"[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?", _account),)
"""An account's number has the length and the check digits of its country."""

CARDS: Sequence[Rule] = (Rule(r"[2-6]\d{3}[ -]?\d{4,6}[ -]?\d{4,5}(?:[ -]?\d{1,4})?", _card),)
"""A card's number begins as its issuers' do and passes Luhn's check."""
