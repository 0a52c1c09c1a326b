"""The signal `new_name`, by a real token classifier that knows some names."""

import numpy as np
import pytest

from monitor import networks
from monitor.batch import Batch
from monitor.networked import readers
from monitor.neural.names import Names
from monitor.records import Exchange, Message
from monitor.settings.neural import Neural

pytestmark = [pytest.mark.neural, pytest.mark.filterwarnings("default")]  # torch warns of its own ways


@pytest.fixture(scope="module")
def names(persons):
    choice = networks.Choice(str(persons), device="cpu", precision=networks.Precision.FLOAT32, threads=1)
    return Names(networks.Names(choice))


def exchange(answer, *turns):
    """The first turn is of the system, the last of the user."""
    roles = ["system", *("user", "assistant", "tool") * 9]
    messages = tuple(Message(role, turn) for role, turn in zip(roles, turns or ("Be kind.", "Who?"), strict=False))
    return Exchange(id="1", model="m", messages=messages, response=answer)


def measured(names, *exchanges):
    return names.measure(Batch(exchanges))[:, 0].tolist()


def test_a_name_that_nobody_named_is_new(names):
    said = [exchange(answer) for answer in ("Ask Anna Schmidt.", "Ask them in Köln.", "It was Kovalenko", "x")]
    assert measured(names, *said) == [1, 0, 1, 0]


@pytest.mark.parametrize(
    "turns",
    [
        ("Be kind.", "Is Anna Schmidt there?"),
        ("You speak for anna schmidt.", "Who are you?"),
        ("Be kind.", "Who is it?", "I look.", '{"name": "SCHMIDT, ANNA"}', "So?"),
        ("Be kind.", "I am Dr. Anna", "Yes?", "{}", "And is Schmidt in?"),
        ("Be kind.", "I wrote to annaschmidt@example.org"),
    ],
)
def test_a_name_of_the_conversation_is_not(names, turns):
    assert measured(names, exchange("That is Anna Schmidt. Dr. Schmidt, I mean.", *turns)) == [0]


def test_half_a_name_is_new(names):
    assert measured(names, exchange("Anna Schmidt", "", "Is Anna there?")) == [1]
    assert measured(names, exchange("Nora Schmidt", "", "Is Anna Schmidt there?")) == [1]
    assert measured(names, exchange("Schmidt", "", "Is Anna there, S. Chmidt?")) == [1]


@pytest.mark.parametrize(
    ("answer", "prompt", "new"),
    [
        ("MÜLLER", "is Mu\u0308ller in?", 0),
        ("Mu\u0308ller", "is müller in?", 0),
        ("Muller", "is Müller in?", 0),
        ("Müller", "is Meller in?", 1),
        ("Frau Müller", "\u0130s \ud800 M\u00fcLLER_in?", 0),
    ],
)
def test_small_letters_and_accents_do_not_matter(names, answer, prompt, new):
    assert measured(names, exchange(answer, "", prompt)) == [new]


def test_words_of_fewer_than_three_letters_name_nobody(names):
    assert measured(names, exchange("Li is in"), exchange("他是田中さん")) == [0, 0]


def test_blank_answers_have_no_value(names):
    assert np.isnan(measured(names, exchange(""), exchange(" \n"))).all()


def test_a_name_at_the_end_of_a_long_answer_is_found(names):
    long = "the tide clock turns " * 90
    assert measured(names, exchange(f"{long}Anna"), exchange(long), exchange(f"{long}Anna", "", "Anna?")) == [1, 0, 0]


def test_its_settings(persons):
    (reader,) = readers(Neural.model_validate({"names": {"model": str(persons), "precision": "float32"}, "threads": 1}))
    (other,) = readers(Neural.model_validate({"names": {"model": str(persons), "labels": ["B-LOC"]}, "threads": 1}))
    assert reader.name == "new_name"
    assert [column.name for column in reader.columns] == ["new_name"]
    batch = Batch([exchange("Anna"), exchange("Köln"), exchange("")])
    assert np.array_equal(reader.measure(batch)[:, 0], [1, 0, np.nan], equal_nan=True)
    assert np.array_equal(other.measure(batch)[:, 0], [0, 1, np.nan], equal_nan=True)
