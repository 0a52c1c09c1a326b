"""Topics find groups of words that go together; directions and unseen words depend on a row alone."""

import numpy as np
import pytest

from monitor.batch import Texts
from monitor.stats.directions import Directions
from monitor.stats.topics import Topics
from monitor.stats.unseen import known_words, unseen_share

VOCABULARY = [["moon", "star", "orbit", "comet", "rocket", "sky"], ["oven", "flour", "yeast", "crust", "salt", "dough"]]
VOCABULARY += [
    ["goal", "pitch", "coach", "match", "keeper", "score"],
    ["loan", "bank", "rate", "debt", "credit", "fee"],
]


def spoken(rng, topic):
    return "please tell me " + " ".join(rng.choice(VOCABULARY[topic], 3, replace=False))


def test_topics_are_found_and_texts_without_a_word_of_use_have_one_of_their_own():
    rng = np.random.default_rng(0)
    true = rng.integers(0, 4, 400)
    words = Texts([spoken(rng, t) for t in true]).words
    topics = Topics.fit(words, 4, seed=0)
    assert topics.count == 5
    found = topics.assign(words)
    for t in range(4):
        counts = np.bincount(found[true == t])
        assert counts.max() / counts.sum() > 0.95
    assert len({int(np.bincount(found[true == t]).argmax()) for t in range(4)}) == 4
    assert topics.assign(Texts(["", "please", "nobody knows"]).words).tolist() == [4, 4, 4]
    assert topics.assign(words.head(0)).tolist() == [4] * 400
    alone = [topics.assign(Texts([spoken(np.random.default_rng(s), 1)]).words)[0] for s in range(20)]
    assert len(set(alone)) == 1


@pytest.mark.parametrize("texts", [[""] * 100, ["hello"] * 100, [f"number{i}" for i in range(100)], ["a b", "a c"]])
def test_too_few_words_make_one_topic(texts):
    topics = Topics.fit(Texts(texts).words, 4, seed=0)
    assert topics.count == 1
    assert (topics.assign(Texts(texts).words) == 0).all()


def test_places_are_the_projections_of_unit_rows():
    rng = np.random.default_rng(1)
    ngrams = rng.normal(size=(80, 30)) * (rng.random((80, 30)) < 0.3)
    directions = Directions.fit(ngrams, 5)
    weighted = ngrams * directions.idf
    unit = weighted / np.maximum(np.linalg.norm(weighted, axis=1), 1e-12)[:, None]
    assert directions.place(ngrams) == pytest.approx(unit @ directions.basis)
    assert directions.basis.T @ directions.basis == pytest.approx(np.eye(5))
    assert (directions.place(np.zeros((1, 30))) == 0).all()


def test_unseen_words_are_counted_against_the_chosen_texts():
    texts = Texts(["the red fox", "a blue bird sings", "", "the RED bird"])
    table = known_words(texts.words, np.array([True, False, False, False]))
    assert unseen_share(texts.words, table).tolist() == [0.0, 4 / 7, 0.0, 1 / 6]
