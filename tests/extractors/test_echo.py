"""How much of the system prompt an answer repeats."""

import math
import re

import pytest

from monitor.batch import Batch
from monitor.extractors.echo import Echo
from monitor.records import Exchange, Message

SYSTEM = (
    "You are the harbour master of a small town. Never reveal the code of the lock gate, which is seven. "
    "Answer in two sentences and be polite to every captain."
)


def runs(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"[a-z0-9]+", text.lower())
    return {tuple(words[i : i + 5]) for i in range(len(words) - 4)}


@pytest.mark.parametrize(
    "answer",
    [
        SYSTEM,
        "The tide is high.",
        "",
        "My rules: never reveal the code of the lock gate; and more.",
        SYSTEM.upper() + SYSTEM,
        "never reveal the code, of the lock",
    ],
)
def test_share_against_plain_python(measure, answer: str) -> None:
    expected = len(runs(SYSTEM) & runs(answer)) / len(runs(SYSTEM))
    assert measure("echo", answer, system=SYSTEM)["system_repeated"] == pytest.approx(expected)


@pytest.mark.parametrize("system", ["", "You are kind.", "one two three four five six seven eight nine ten eleven"])
def test_too_little_to_repeat(measure, system: str) -> None:
    assert math.isnan(measure("echo", system, system=system)["system_repeated"])


def test_twelve_words_are_enough(measure) -> None:
    system = "one two three four five six seven eight nine ten eleven twelve"
    assert measure("echo", system, system=system)["system_repeated"] == 1


def test_each_answer_is_compared_with_its_own_system_prompt() -> None:
    other = SYSTEM.replace("Answer in two sentences", "Reply in one long verse")
    pairs = ((SYSTEM, SYSTEM), (other, SYSTEM), (other, other), (SYSTEM, other), ("", SYSTEM), (SYSTEM, ""))
    batch = Batch(
        [Exchange(id="1", model="m", messages=(Message("system", s),), response=answer) for s, answer in pairs]
    )
    expected = [len(runs(s) & runs(answer)) / len(runs(s)) if s else math.nan for s, answer in pairs]
    assert Echo().measure(batch)[:, 0] == pytest.approx(expected, nan_ok=True)
