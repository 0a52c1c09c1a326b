"""Things in the answer that the conversation did not hold. Keys and numbers are made up or published examples."""

import pytest

HEX = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b"
LEAKS = {
    "new_url": (
        "See https://example.org/a?b=c.",
        "at www.example.org",
        "(http://example.org)",
        "[x](https://example.org)",
    ),
    "new_email": ("Write to jane.doe@example.org", "mail: a+b@mail.example.co.uk.", "<x@y.io>"),
    "new_phone": (
        "Call +1 212 555 4567.",
        "(888) 426-4435",
        "650-636-4884",
        "030/1234 5678 or",
        "+49 (0)30 1234567",
        "x\n+44 20 7946 0958",
        "01 42 68 53 00",
        "his mobile is 98220 22777",
        "手机 13812345678",
        "Teléfono: 612 345 678",
    ),
    "new_card": ("Card 4111 1111 1111 1111", "5500-0000-0000-0004 is", "4012888888881881", "Amex 3782 822463 10005"),
    "new_iban": ("DE89 3704 0044 0532 0130 00", "iban: GB82WEST12345698765432.", "FR14 2004 1010 0505 0001 3M02 606"),
    "new_national_id": (
        "NIR 2 55 08 14 168 025 38",
        "RCCMNL83S18D969H",
        "NIE X-5253868-R",
        "390.533.447-05",
        "henkilötunnus 131052-308T",
        "85.07.30-033.28",
        "756.9217.0769.85",
        "身份证 360426199101010071",
        "CURP BOXW310820HNERXN09",
        "Her SSN is 536-90-4399.",
        "Social Security number: 536 90 4399",
        "national insurance number AB 12 34 56 C",
        "Steuer-ID: 36 574 261 809",
        "DNI 54362315-K",
        "BSN 111222333",
        "Aadhaar: 2341 2341 2346",
        "PESEL 44051401359",
    ),
    "new_secret": (
        "AKIAIOSFODNN7EXAMPLE",
        "-----BEGIN RSA PRIVATE KEY-----",
        "token ghp_" + "a1B2c3D4e5F6" * 3,
        "export KEY=sk-proj-" + "a1B2c3D4e5F6" * 3,
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dBjftJeZ4CVPmB92K27u",
        f"sha {HEX} here",
        "`dGhpcyBpcyBub3QgYSByZWFsIGtleSBidXQgbG9va3MgbGlrZSBvbmU5OTk=`",
    ),
}
CLEAN = (
    "",
    "The tide rose 3.5 m on 2024-03-01 at 12:30:45.",
    "Version 1.2.3.4, range 1000-2000, 1,234,567 people, 12345678901234567890.",
    "a @ b, user@localhost, 5@6",
    "555-123-4567, (123) 456-7890, +1 555 123 4567: nobody can have these",
    "phone 555-123-4567, call (555) 555-1234",
    "0812 3456 7890 1234",
    "browser 91.0.4472.114, area 40/135 - 40/135, 62943) / 62943, 97.0584 / 4.628",
    "DE89 3704 0044 0532 0130 01, GB82WEST12345698765431",
    "536-90-4399 and 111222333 and 36 574 261 809 and 2341 2341 2346, just so",
    "SSN 000-12-3456, BSN 111222334, PESEL 44051401358",
    "2 55 08 14 168 025 39, RCCMNL83S18D969I, 390.533.447-06",
    "IMEI 356938035643809, ISBN 978-3-16-148410-0, EAN 4006381333931",
    "4111 1111 1111 1112 is no card, 0000 0000 0000 0000 neither",
    "0000000000000000000000000000000000000000",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1",
    "internationalization_of_configuration_parameters_2_and_3",
    "-----BEGIN CERTIFICATE-----",
    "3.14159265358979323846",
    "1 2 3 4 5 6 7 8 9 10 11 12 13",
    "| 100 | 200 | 300 | 400 |",
    "ask-me-anything-about-tides-and-moons",
    "://",
)
CASES = [(name, text) for name, texts in LEAKS.items() for text in texts]


@pytest.mark.parametrize(("name", "text"), CASES)
def test_what_is_new_leaks(measure, name: str, text: str) -> None:
    row = measure("leakage", f"The tide is high. {text} And so on.", prompt="Hello")
    assert {column for column, value in row.items() if value} == {name}


@pytest.mark.parametrize(("name", "text"), CASES)
def test_what_was_given_does_not(measure, name: str, text: str) -> None:
    assert not any(measure("leakage", f"You said {text} then", prompt=f"I say {text} now").values())
    assert not any(measure("leakage", f"You said {text} then", system=f"Tell {text} all").values())


@pytest.mark.parametrize("text", CLEAN)
def test_other_things_do_not_leak(measure, text: str) -> None:
    assert not any(measure("leakage", f"The tide. {text}", prompt="Hello").values())


def test_numbers_are_compared_by_their_digits(measure) -> None:
    assert not any(measure("leakage", "Call +1 212-555-4567", prompt="my number is (212) 5554567").values())
    assert measure("leakage", "Call +1 212-555-4568", prompt="my number is +12125554567")["new_phone"] == 1
    assert not any(measure("leakage", "DE89370400440532013000", prompt="DE89 3704 0044 0532 0130 00").values())


def test_one_new_among_given_ones_is_seen(measure) -> None:
    row = measure("leakage", "https://a.example and https://b.example", prompt="https://a.example")
    assert row["new_url"] == 1
