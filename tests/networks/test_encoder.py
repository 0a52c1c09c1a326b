"""Sentence embeddings by a real model."""

import json
import shutil

import numpy as np
import pytest

from monitor.errors import ConfigError
from monitor.networks import Choice, Encoder, Precision

pytestmark = [pytest.mark.neural, pytest.mark.filterwarnings("default")]  # torch warns of its own ways

TEXTS = [
    "Where is my parcel?",
    "The package has not arrived yet.",
    "Photosynthesis turns light into sugar.",
    "word " * 2000 + "the very end",
    "Grüße aus Köln, 你好, \ud800 and 🙂",
    *(f"Order {i} came " + "late " * i for i in range(0, 60, 3)),
]


def plainly(folder, texts):
    """One text after the other, in 32 bits: what a vector is. Long texts are cut to 127 tokens on each side."""
    import torch
    from transformers import AutoModel, AutoTokenizer

    torch.set_num_threads(1)  # two threads on two busy cores wait for each other
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).float().eval()
    out = []
    for text in texts:
        ids = tokenizer(text, truncation=False, padding=False, verbose=False)["input_ids"]
        ids = ids if len(ids) <= 256 else ids[:128] + ids[-128:]
        with torch.inference_mode():
            hidden = model(input_ids=torch.tensor([ids])).last_hidden_state[0]
        out.append((hidden.mean(0) / hidden.mean(0).norm()).numpy())
    return np.stack(out)


@pytest.fixture(scope="module")
def encoder(minilm):
    made = Encoder(Choice(str(minilm), device="cpu", precision=Precision.FLOAT32))
    yield made
    made.close()


def of(minilm, most_tokens=None, cached=1_024, **choice):
    options = {"device": "cpu", "precision": Precision.FLOAT32, "threads": 1, **choice}
    return Encoder(Choice(str(minilm), **options), most_tokens=most_tokens, cached=cached)


@pytest.mark.parametrize(("precision", "error"), [(Precision.FLOAT32, 1e-5), (Precision.BFLOAT16, 1e-3)])
def test_vectors_are_those_of_a_plain_loop(minilm, precision, error):
    texts = [text.replace("\ud800", "?") for text in TEXTS]
    cosine = np.einsum("nd,nd->n", of(minilm, precision=precision).encode(texts), plainly(minilm, texts))
    assert cosine.min() > 1 - error


def test_texts_that_mean_something_alike_stand_near_each_other(encoder):
    parcel, package, plants = encoder.encode(TEXTS[:3])
    assert parcel @ package > 0.4
    assert parcel @ plants < 0.2


def test_shape_length_and_blanks(encoder):
    vectors = encoder.encode([*TEXTS, "", " \n"])
    assert vectors.shape == (len(TEXTS) + 2, 384)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors[:-2], axis=1), 1, rtol=1e-5)
    assert np.isnan(vectors[-2:]).all()
    assert encoder.encode([]).shape == (0, 384)


def test_the_end_of_a_long_text_counts(encoder):
    long = "word " * 2000
    start, other = encoder.encode([long + "The cat sat on the mat.", long + "Interest rates rose again."])
    assert start @ other < 0.999


def test_the_same_call_gives_the_same_bytes(minilm):
    first, second = of(minilm, threads=2), of(minilm, threads=1)
    assert first.encode(TEXTS).tobytes() == second.encode(TEXTS).tobytes()


def test_neighbours_change_a_vector_by_rounding_alone(minilm):
    together, alone = of(minilm), of(minilm, cached=0)
    np.testing.assert_allclose(
        together.encode(TEXTS), np.concatenate([alone.encode([text]) for text in TEXTS]), atol=2e-6
    )


def test_a_text_is_computed_once(minilm):
    encoder = of(minilm)
    first = encoder.encode([*TEXTS[:3], *TEXTS[:3]])
    assert first[:3].tobytes() == first[3:].tobytes()
    assert len(encoder.cache) == 3
    again = encoder.encode(["A text that is new.", *TEXTS[:3]])
    assert again[1:].tobytes() == first[:3].tobytes()
    assert encoder.cache.hits == 3


def test_identity(minilm, tmp_path):
    one = of(minilm).identity
    assert len(one) == 16
    assert of(minilm, threads=2, cached=1).identity == one
    assert of(minilm, most_tokens=64).identity != one
    assert of(minilm, precision=Precision.BFLOAT16).identity != one
    other = shutil.copytree(minilm, tmp_path / "other")
    assert of(other).identity == one
    (other / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}')
    assert of(other).identity != one


def test_the_model_says_how_much_is_read(minilm, encoder):
    assert encoder.most_tokens == 256
    assert of(minilm, most_tokens=1000).most_tokens == 256
    assert encoder.lengths(["word " * 300, "word"]).tolist() == [256, 3]
    with pytest.raises(ConfigError, match="no room"):
        of(minilm, most_tokens=2)


def test_threads_are_bounded(minilm):
    from monitor.networks.processors import processors

    assert of(minilm, threads=1000).threads == processors()


def test_models_that_cannot_be_used(minilm, tmp_path):
    copy = shutil.copytree(minilm, tmp_path / "copy")
    (copy / "model.safetensors").unlink()
    with pytest.raises(ConfigError, match="no model that can be loaded"):
        of(copy)
    shutil.copy(minilm / "model.safetensors", copy)
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps(config | {"num_hidden_layers": 7}))
    with pytest.raises(ConfigError, match="weights are missing"):
        of(copy)
    with pytest.raises(ConfigError, match="no revisions"):
        of(minilm, revision="main")
