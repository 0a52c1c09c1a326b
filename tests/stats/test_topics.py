"""Topics find groups of words that go together; directions and unseen words depend on a row alone."""

import numpy as np
import pytest

from monitor.batch import Texts
from monitor.stats.directions import Directions
from monitor.stats.topics import Topics
from monitor.stats.unseen import known_words, unseen_share


def spoken(rng, topic, words_per_topic=6, topics=4):
    row = np.zeros(words_per_topic * topics)
    row[topic * words_per_topic + rng.choice(words_per_topic, 3, replace=False)] = 1
    return row


def test_topics_are_found_and_rows_without_a_word_have_one_of_their_own():
    rng = np.random.default_rng(0)
    true = rng.integers(0, 4, 400)
    words = np.array([spoken(rng, t) for t in true])
    topics = Topics.fit(words, 4, seed=0)
    assert topics.count == 5
    found = topics.assign(words)
    for t in range(4):
        counts = np.bincount(found[true == t])
        assert counts.max() / counts.sum() > 0.95
    assert len({int(np.bincount(found[true == t]).argmax()) for t in range(4)}) == 4
    assert topics.assign(np.zeros((3, 24))).tolist() == [4, 4, 4]


@pytest.mark.parametrize("words", [np.zeros((100, 0)), np.zeros((100, 5)), np.eye(100)[:, :5]])
def test_too_few_words_make_one_topic(words):
    topics = Topics.fit(words, 4, seed=0)
    assert topics.count == 1
    assert (topics.assign(words) == 0).all()


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
