"""From vectors of tokens to one of a text, by the model's own files."""

import json

import numpy as np
import pytest

from monitor.errors import ConfigError
from monitor.networks.pooling import Pooling, read_pooling

HIDDEN = np.array([[[3, 0], [1, 8], [99, 99]], [[0, -2], [99, 99], [99, 99]]], np.float32)
MASK = np.array([[1, 1, 0], [1, 0, 0]])


@pytest.mark.parametrize(
    ("mode", "first"), [("mean", [2 / 20**0.5, 4 / 20**0.5]), ("cls", [1, 0]), ("max", [3 / 73**0.5, 8 / 73**0.5])]
)
def test_padding_does_not_count_and_vectors_have_length_one(mode, first):
    vectors = Pooling(mode).pooled(HIDDEN, MASK)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, [first, [0, -1]], rtol=1e-6)


def test_a_vector_of_nothing_stays_finite():
    assert Pooling().pooled(np.zeros((1, 2, 3), np.float32), np.array([[1, 0]])).tolist() == [[0, 0, 0]]


@pytest.fixture
def folder(tmp_path):
    def make(*, modules=("Transformer", "Pooling", "Normalize"), **pooling):
        listed = [
            {"path": f"{i}_{kind}", "type": f"sentence_transformers.models.{kind}"} for i, kind in enumerate(modules)
        ]
        (tmp_path / "modules.json").write_text(json.dumps(listed))
        (tmp_path / "1_Pooling").mkdir(exist_ok=True)
        (tmp_path / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
        return tmp_path

    return make


def test_the_files_of_the_model_decide(folder):
    assert read_pooling(folder(pooling_mode_cls_token=True, pooling_mode_mean_tokens=False)) == Pooling("cls")
    assert read_pooling(folder(pooling_mode_cls_token=False, pooling_mode_mean_tokens=True)) == Pooling("mean")
    place = folder(pooling_mode_max_tokens=True)
    (place / "sentence_bert_config.json").write_text('{"max_seq_length": 256}')
    assert read_pooling(place) == Pooling("max", 256)


def test_one_word_for_the_mode(folder):
    assert read_pooling(folder(pooling_mode="cls")) == Pooling("cls")
    assert read_pooling(folder(pooling_mode="mean")) == Pooling("mean")


def test_a_folder_that_says_nothing_pools_by_the_mean(tmp_path):
    assert read_pooling(tmp_path) == Pooling("mean", None)


def test_what_is_not_known_is_refused(folder):
    with pytest.raises(ConfigError, match="Dense"):
        read_pooling(folder(modules=("Transformer", "Pooling", "Dense")))
    with pytest.raises(ConfigError, match="lasttoken"):
        read_pooling(folder(pooling_mode_lasttoken=True))
    with pytest.raises(ConfigError, match="pools by"):
        read_pooling(folder(pooling_mode_mean_tokens=True, pooling_mode_max_tokens=True))
    place = folder()
    (place / "modules.json").write_text("{")
    with pytest.raises(ConfigError, match=r"modules\.json"):
        read_pooling(place)
