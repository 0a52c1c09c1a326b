"""The keys under `neural`."""

import pytest
from pydantic import ValidationError

from monitor.extractors import EXTRACTORS
from monitor.networks import DEFAULT_MODEL
from monitor.networks import Precision as Known
from monitor.settings.neural import Neural, Precision

TONE = {"name": "mood", "model": "/models/tone", "labels": ["glad"]}


def test_nothing_reads_unless_it_is_asked_to():
    made = Neural()
    assert (made.encoder, made.classifiers, made.surprise, made.names) == (None, (), None, None)


def test_an_encoder_may_be_left_to_its_defaults():
    encoder = Neural.model_validate({"encoder": {}}).encoder
    assert (encoder.model, encoder.precision, encoder.most_tokens) == (DEFAULT_MODEL, "auto", None)


def test_precisions_are_those_there_are():
    assert Precision.__args__ == tuple(map(str, Known))


@pytest.mark.parametrize("name", ["mood", "tone_2"])
def test_names_that_will_do(name):
    (made,) = Neural.model_validate({"classifiers": [TONE | {"name": name}]}).classifiers
    assert (made.name, made.pair, made.harm) == (name, True, "none")


@pytest.mark.parametrize("name", ["Tone", "2nd", "my tone", "tone-2", ""])
def test_names_that_are_no_words(name):
    with pytest.raises(ValidationError, match=r"lower-case word|at least 1 character"):
        Neural.model_validate({"classifiers": [TONE | {"name": name}]})


@pytest.mark.parametrize("name", ["surprise", "new_name", *(make().columns[0].name for make in EXTRACTORS.values())])
def test_names_of_other_signals(name):
    with pytest.raises(ValidationError, match=f"{name} is the name of another signal"):
        Neural.model_validate({"classifiers": [TONE | {"name": name}]})


def test_a_name_twice():
    with pytest.raises(ValidationError, match="mood is the name of another signal"):
        Neural.model_validate({"classifiers": [TONE, TONE | {"model": "/models/other"}]})


@pytest.mark.parametrize("labels", [[], ["glad", "glad"], [""]])
def test_labels_that_say_nothing(labels):
    with pytest.raises(ValidationError):
        Neural.model_validate({"classifiers": [TONE | {"labels": labels}]})


def test_labels_of_persons_may_be_left_to_the_model():
    (names, named) = (Neural.model_validate({"names": {"model": "m"} | more}).names for more in ({}, {"labels": ["X"]}))
    assert (names.labels, names.precision, named.labels) == (None, "auto", ("X",))


@pytest.mark.parametrize("labels", [[], ["PER", "PER"], [""]])
def test_labels_of_persons_that_say_nothing(labels):
    with pytest.raises(ValidationError):
        Neural.model_validate({"names": {"model": "m", "labels": labels}})


def test_those_that_read_alike_share_a_model():
    named = [
        TONE | {"name": name} | more
        for name, more in {
            "a": {},
            "b": {"pair": False},
            "c": {"labels": ["sad"]},
            "d": {"revision": "v2"},
            "e": {"model": "/models/other"},
        }.items()
    ]
    shared = Neural.model_validate({"classifiers": named}).sharing
    assert [[each.name for each in group] for group in shared] == [["a", "c"], ["b"], ["d"], ["e"]]
