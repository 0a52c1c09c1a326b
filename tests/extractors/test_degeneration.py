"""Text that has come apart."""

import math

import pytest

from monitor.batch import Batch
from monitor.extractors.degeneration import Degeneration
from monitor.records import Exchange

SOUND = (
    "The tide rises twice a day. Once it is high, once it is low, and in between it turns; nobody pushes it.\n"
    "It is the moon, and a little the sun, that move the water of all the seas at the same time."
)


def test_sound_text_has_nothing_of_it(measure) -> None:
    assert measure("degeneration", SOUND) == {"looping": 0, "repeated_lines": 0, "odd_words": 0, "broken_text": 0}


@pytest.mark.parametrize(
    "phrase", ["no", "the tide", "潮", "and then it rises", "one two three four five six seven eight nine ten"]
)
def test_a_phrase_over_and_over_loops(measure, phrase: str) -> None:
    row = measure("degeneration", f"It rises. {' '.join([phrase] * 12)}")
    assert row["looping"] > 0.75


def test_looping_is_the_share_of_the_longest_stretch(measure) -> None:
    assert measure("degeneration", "a b c d " + "x y " * 3)["looping"] == pytest.approx(6 / 10)
    assert measure("degeneration", "x y " * 3 + "a b c d " + "z " * 8)["looping"] == pytest.approx(8 / 18)


@pytest.mark.parametrize(
    "text", ["very very very good", "x y x y", "ha ha ha ha ha", "one two one three one four one five"]
)
def test_what_is_said_a_few_times_does_not_loop(measure, text: str) -> None:
    assert measure("degeneration", text)["looping"] == 0


def test_a_loop_ends_with_its_answer() -> None:
    some = [Exchange(id="1", model="m", messages=(), response=text) for text in ("no no no", "no no no", "no")]
    assert Degeneration().measure(Batch(some))[:, 0].tolist() == [0, 0, 0]


def test_lines_said_again(measure) -> None:
    line = "the tide rises at noon"
    assert measure("degeneration", f"{line}\nIt falls in the evening.\n{line}\n- yes\n- yes")["repeated_lines"] == 1 / 3
    assert math.isnan(measure("degeneration", "- yes\n- yes\n- yes")["repeated_lines"])


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("xkqjv zzvwt qptrn mmgfd lkjhg wrtpb vbnmk plkjd", 1.0),
        ("приvет какдela привeт споkойно хорошo приливx лунa морe", 1.0),  # noqa: RUF001
        ("приливы поднимаются дважды каждые сутки потому вызывает притяжение", 0.0),
        ("rhythm strength eighths catchphrase thought through lengths mythology", 3 / 8),
        ("Gezeiten steigen täglich zweimal höher, obwohl niemand schiebt, sondern Monde ziehen", 0.0),
    ],
)
def test_odd_words(measure, text: str, share: float) -> None:
    assert measure("degeneration", text)["odd_words"] == share


@pytest.mark.parametrize("text", ["caf\ufffd", "a\x00b", "a\x1b[0m", "x \ud800", "cafÃ\x83Â©", "itÃ¢\x80\x99s a\x07"])
def test_broken_characters(measure, text: str) -> None:
    assert measure("degeneration", text)["broken_text"] == 1


@pytest.mark.parametrize("text", ["", "a\tb\r\nc", "café", "Ägypten", "Ãgua de cá", "한국어 \ud55c", "🎉 „so“ – it's"])
def test_whole_characters(measure, text: str) -> None:
    assert measure("degeneration", text)["broken_text"] == 0
