"""Signals by a classifier."""

import numpy as np
import pytest

from monitor.batch import Batch
from monitor.errors import ConfigError
from monitor.interfaces import Column, Harm, Role
from monitor.networks import Choice, Classifier, Precision
from monitor.neural.classifier import Classes, Signal
from monitor.records import Exchange, Message

pytestmark = [pytest.mark.neural, pytest.mark.filterwarnings("default")]  # torch warns of its own ways

OPTIONS = {"device": "cpu", "precision": Precision.FLOAT32, "threads": 1}
RUDE, FINE = Signal("rude", ("rude", "idiot")), Signal("fine_tone", ("fine",))


def batch(*answers, prompts=("Where is my parcel?",)):
    turns = tuple(Message("user", prompt) for prompt in prompts)
    return Batch([Exchange(id="1", model="m", messages=turns, response=answer) for answer in answers])


def classes(toxic, signals, *, pair=True, **options):
    return Classes(Classifier(Choice(str(toxic), **OPTIONS | options)), signals, pair=pair)


def test_a_column_is_the_probability_of_its_labels(toxic):
    found = classes(toxic, [RUDE, FINE]).measure(batch("you idiot", "what rubbish", "thank you"))
    assert (found[:, 0] > 0.9).tolist() == [True, True, False]
    np.testing.assert_allclose(found.sum(1), 1, atol=2e-3)


def test_the_last_message_of_the_user_is_read_with_the_answer_or_not(toxic):
    network, answers = Classifier(Choice(str(toxic), **OPTIONS)), ["thank you", "at the depot"]
    given = batch(*answers, prompts=("Hello", "Is the clock old?"))
    for pair, prompts in ((True, ["Is the clock old?"] * 2), (False, None)):
        found = classes(toxic, [FINE], pair=pair).measure(given)[:, 0]
        assert np.abs(found - network.probabilities(prompts, answers)[:, 0]).max() <= 2**-11


def test_one_bad_sentence_of_a_long_answer_is_seen(toxic):
    made, calm = classes(toxic, [RUDE]), "the parcel came late . " * 200
    found = made.measure(batch(calm, f"{calm}you idiot . {calm}", f"{calm}{calm}you idiot"))[:, 0]
    assert (found > 0.9).tolist() == [False, True, True]


def test_words(toxic):
    told = Signal("tone", ("fine",), Harm.FALL, "kinder", "colder")
    assert classes(toxic, [FINE, told]).columns == (
        Column("fine_tone", Role.SIGNAL, "probability", "more fine tone", "less fine tone", Harm.NONE),
        Column("tone", Role.SIGNAL, "probability", "kinder", "colder", Harm.FALL),
    )


def test_identity_covers_labels_and_what_is_read(toxic):
    def of(signals, **options):
        return classes(toxic, signals, **options).identity

    assert of([RUDE]) == of([Signal("other_words", ("rude", "idiot"), Harm.RISE, "a", "b")])
    others = [of([RUDE], pair=False), of([RUDE], precision=Precision.BFLOAT16), of([FINE]), of([RUDE, FINE])]
    assert len({of([RUDE]), *others}) == 5


def test_a_label_that_is_not_there_is_told_at_once(toxic):
    with pytest.raises(ConfigError, match="no label toxic; it has fine, rude, idiot"):
        classes(toxic, [RUDE, Signal("bad", ("toxic",))])
