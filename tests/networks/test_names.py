"""Names in texts, by a real token classifier that is small."""

import shutil

import numpy as np
import pytest

from monitor.errors import ConfigError
from monitor.networks import Choice, Names, Precision

pytestmark = [pytest.mark.neural, pytest.mark.filterwarnings("default")]  # torch warns of its own ways

TEXTS = ["Ask Anna Schmidt, please.", "", " \n", "At the depot.", "tide " * 300 + "Anna", "\ud800 and Nora", "\x00" * 9]


def of(folder, labels=None, **choice):
    options = {"device": "cpu", "precision": Precision.FLOAT32, "threads": 1, **choice}
    return Names(Choice(str(folder), **options), labels=labels)


@pytest.fixture(scope="module")
def made(persons):
    return of(persons)


@pytest.fixture(scope="module")
def tagging(minilm, tmp_path_factory):
    """The folder of a token classifier: tagging(**changes)."""
    import tiny

    return lambda **changes: tiny.persons(tmp_path_factory.mktemp("tagging"), minilm, **changes)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Ask Anna Schmidt, or Nora.", ["Anna Schmidt", "Nora"]),
        ("In Köln they ask Anna-Nora", ["Anna", "Nora"]),
        ("Frau MÜLLER said so", ["MÜLLER"]),
        ("Call Nora Quist or Kovalenko's son", ["Nora Quist", "Kovalenko"]),
        ("他是田中さん", ["田中"]),
        ("At the depot", []),
        ("", []),
    ],
)
def test_names_are_as_they_are_written_and_whole(made, text, found):
    assert made.found([text]) == [found]


@pytest.mark.parametrize("place", [0, 0.1, 0.3, 0.5, 0.7, 0.9, 1])
def test_a_name_in_a_long_text_is_found_once(made, place):
    before = round(place * 250)
    text = "tide " * before + "Anna Schmidt " + "clock " * (250 - before)
    assert made.found([text]) == [["Anna Schmidt"]]


def test_of_a_huge_text_head_and_tail_are_read(made):
    words = "tide " * 30_000
    assert made.found([f"Anna {words}", f"{words}Nora", f"{words}Nora {words}"]) == [["Anna"], ["Nora"], []]


def test_of_a_token_the_piece_counts_in_which_it_stands_furthest_inside(tagging):
    hasty = of(tagging(first=9, max_position_embeddings=64))
    assert hasty.found(["tide " + "clock " * 300]) == [["tide"]]


def test_what_is_found_does_not_depend_on_its_neighbours_or_threads(persons, made):
    together = made.found(TEXTS)
    assert [names[-1:] for names in together] == [["Anna Schmidt"], [], [], [], ["Anna"], ["Nora"], []]
    assert of(persons, threads=2).found(TEXTS) == together
    assert [made.found([text])[0] for text in TEXTS] == together
    assert made.found([]) == []


@pytest.mark.parametrize(
    ("tags", "labels"),
    [
        (("O", "B-PER", "I-PER", "B-LOC"), ("B-PER", "I-PER")),
        (("O", "PERSON", "S-person", "E_Person"), ("PERSON", "S-person", "E_Person")),
        (("O", "PER", "PAPER", "PERIOD"), ("PER",)),
        (("O", "private_person", "SUPER", "B-PERSONAL"), ("private_person",)),
    ],
)
def test_labels_of_persons(tagging, tags, labels):
    assert of(tagging(tags=tags)).labels == labels


def test_other_labels_may_be_named(persons):
    assert of(persons, labels=["B-LOC"]).found(["Anna of Köln"]) == [["Köln"]]
    assert of(persons, labels=["B-PER"]).found(["Anna Schmidt"]) == [["Anna"]]


def test_labels_that_are_not_there_are_told_with_those_that_are(persons, tagging):
    with pytest.raises(ConfigError, match="no label PER; it has O, B-PER, I-PER, B-LOC"):
        of(persons, labels=["B-PER", "PER"])
    with pytest.raises(ConfigError, match=r"no label ends in PER or PERSON; name those of persons, of O, B-ORG"):
        of(tagging(tags=("O", "B-ORG")))


def test_identity(persons, tmp_path):
    one = of(persons).identity
    assert len(one) == 16
    assert of(persons, threads=2, labels=["I-PER", "B-PER"]).identity == one
    assert of(persons, labels=["B-PER"]).identity != one
    assert of(persons, precision=Precision.BFLOAT16).identity != one
    assert of(shutil.copytree(persons, tmp_path / "snapshots" / ("0a" * 20))).identity != one


def test_half_precision_finds_the_same(persons, made):
    half = of(persons, precision=Precision.BFLOAT16)
    assert half.precision is Precision.BFLOAT16
    assert half.found(TEXTS) == made.found(TEXTS)


def test_models_that_cannot_be_used(minilm, tagging):
    with pytest.raises(ConfigError, match=r"weights are missing, first classifier.*no token classifier"):
        of(minilm)
    with pytest.raises(ConfigError, match="no room"):
        of(tagging(max_position_embeddings=2))


def test_what_a_model_says_of_each_token(persons):
    """The likeliest label of each, as transformers give it."""
    import torch
    from transformers import AutoModelForTokenClassification, AutoTokenizer

    text = "Where is Nora Quist, Frau Schmidt?"
    tokenizer, model = (kind.from_pretrained(persons) for kind in (AutoTokenizer, AutoModelForTokenClassification))
    given = tokenizer(text, return_tensors="pt", return_offsets_mapping=True)
    spans = given.pop("offset_mapping")[0].tolist()
    with torch.inference_mode():
        likely = model(**given).logits[0].argmax(1).numpy()
    chosen = [text[slice(*spans[i])] for i in np.flatnonzero(np.isin(likely, (1, 2)))]
    assert chosen == ["Nora", "Qui", "Schmidt"]
    assert of(persons).found([text]) == [["Nora Quist", "Schmidt"]]
