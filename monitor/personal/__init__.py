"""Numbers and addresses by which a person is found: telephone, bank account, card, national identity, e-mail.

What looks like one is checked: telephone numbers against the numbering plans of their country, the others by their
check digits. Numbers that nobody can have (123-456-7890, 555-123-4567) are therefore none.
"""

import re
from enum import StrEnum

from monitor.personal import accounts, identities, phones
from monitor.personal.rule import any_shape

VERSIONS = ("personal/1", phones.PLANS, identities.CHECKS)
"""What decides whether a number is valid."""


class Kind(StrEnum):
    """What it is."""

    EMAIL = "email"
    PHONE = "phone"
    IBAN = "iban"
    CARD = "card"
    NATIONAL_ID = "national_id"


_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){0,8}\.[A-Za-z]{2,24}\b")
_RULES = (
    *((Kind.IBAN, rule) for rule in accounts.IBANS),
    *((Kind.CARD, rule) for rule in accounts.CARDS),
    *((Kind.NATIONAL_ID, rule) for rule in identities.RULES),
    *((Kind.PHONE, rule) for rule in phones.RULES),
)
_STEPS = tuple((kind, rule, rule.pattern()) for kind, rule in _RULES)
_WORDS = tuple(dict.fromkeys(word for _, rule in _RULES for word in rule.words))
_ANY_PLAIN = any_shape([rule for _, rule in _RULES if not rule.words])


def new_emails(text: str, given: str) -> bool:
    """Whether `text` has an e-mail address that `given` has not, to the letter."""
    return any(address not in given for address in _EMAIL.findall(text))


def new_numbers(text: str, given: str) -> frozenset[Kind]:
    """The kinds of which `text` has a valid number that `given` has not, however either is spaced or dashed."""
    found = _numbers(text)
    had = _bare(given) if found else ""
    return frozenset(kind for kind, number in found if number not in had)


def new(text: str, given: str) -> frozenset[Kind]:
    """The kinds of which `text` has something that `given` has not."""
    addresses = frozenset({Kind.EMAIL}) if "@" in text and new_emails(text, given) else frozenset()
    return addresses | new_numbers(text, given)


def _numbers(text: str) -> list[tuple[Kind, str]]:
    """Kind and bare form of the valid numbers, a telephone number without the code of its country. What is one thing
    is not looked at again for another."""
    lower = text.lower()
    said = {word for word in _WORDS if word in lower}
    plain = _ANY_PLAIN.search(text) is not None
    found: list[tuple[Kind, str]] = []
    for kind, rule, pattern in _STEPS if plain or said else ():
        if said.isdisjoint(rule.words) if rule.words else not plain:
            continue
        for match in pattern.finditer(text):
            number = rule.valid(match[1])
            if number is not None:
                found.append((kind, _bare(number)))
                text = text.replace(match[1], "\n")
    return found


def _bare(text: str) -> str:
    return "".join(filter(str.isalnum, text)).upper()
