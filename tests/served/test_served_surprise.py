"""Surprise under a language model with real weights: gibberish stands out on one side, repetition on the other."""

import random

import pytest
from served.base import base

from monitor.networks import Choice, Precision, Surprise

pytestmark = [pytest.mark.served, pytest.mark.filterwarnings("default")]  # torch warns of its own ways

PROSE = [
    "The tide clock on the harbour wall was built in 1848, and it still tells fishermen when the water will turn.",
    "To return a parcel, print the label, put the goods back into their box, and bring it to any shop of ours.",
    "Water boils at a lower temperature in the mountains because the air pressure is lower there.",
    "I cannot help with that, but I can tell you whom to ask about it.",
]


def test_gibberish_and_repetition_stand_out():
    made = Surprise(Choice(str(base()), device="cpu", precision=Precision.FLOAT32, threads=1))
    draw = random.Random(1)
    shuffled = ["".join(draw.sample(text, len(text))) for text in PROSE]
    repeated = [text.split(",")[0] + ". " + "I see. " * 40 for text in PROSE]
    prose, gibberish, repetition = made.nats(PROSE), made.nats(shuffled), made.nats(repeated)
    assert gibberish.min() > prose.max() + 1
    assert repetition.max() < prose.min() - 1


def test_an_answer_surprises_less_after_its_question():
    made = Surprise(Choice(str(base()), device="cpu", precision=Precision.FLOAT32, threads=1))
    question = "Why does water boil at a lower temperature in the mountains?"
    assert made.nats(PROSE[2:3], [question]) < made.nats(PROSE[2:3]) - 0.5
