"""How unlikely texts are, by a real language model that is small."""

import shutil

import numpy as np
import pytest

from monitor.errors import ConfigError
from monitor.networks import Choice, Precision, Surprise

pytestmark = [pytest.mark.neural, pytest.mark.filterwarnings("default")]  # torch warns of its own ways

ANSWERS = ["At the depot, since yesterday.", "no", "", " \n", "Grüße aus Köln, 你好", "word " * 500, "\ud800 and more"]
PROMPTS = ["Where is my parcel?", "Is it?", "?", "?", "German.", "long " * 900, ""]


def of(folder, most_tokens=128, **choice):
    options = {"device": "cpu", "precision": Precision.FLOAT32, "threads": 1, **choice}
    return Surprise(Choice(str(folder), **options), most_tokens=most_tokens)


def plainly(folder, before, tokens):
    """What the model says of each token but the first, one after the other."""
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder).eval()
    whole = torch.tensor([[*before, *tokens]])
    with torch.inference_mode():
        said = model(input_ids=whole).logits[0].log_softmax(1)
    places = range(len(before) + 1, whole.shape[1])
    return -np.mean([said[place - 1, whole[0, place]].item() for place in places])


@pytest.fixture
def tokens_of(llama):
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(llama)
    return lambda text: tokenizer(text, add_special_tokens=False, truncation=False, verbose=False)["input_ids"]


def test_numbers_are_those_of_the_model(llama, tokens_of):
    start = tokens_of("[CLS]")
    found = of(llama, most_tokens=100).nats(ANSWERS)
    for place in (0, 4, 5):
        expected = plainly(llama, start, tokens_of(ANSWERS[place])[:100])
        assert found[place] == pytest.approx(expected, abs=1e-4)


def test_blank_answers_and_single_tokens_have_none(llama):
    found = of(llama).nats(ANSWERS)
    assert np.isnan(found).tolist() == [False, True, True, True, False, False, False]
    assert of(llama).nats([]).shape == (0,)
    assert np.isnan(of(llama).nats(["", "no"])).all()


def test_only_the_beginning_is_read(llama):
    made = of(llama, most_tokens=16)
    assert made.nats(["tide " * 20 + "then"]) == made.nats(["tide " * 400 + "clock"])
    assert made.nats(["tide " * 10 + "then"]) != made.nats(["tide " * 10 + "clock"])


def test_prompts_count(llama, tokens_of):
    start, between = tokens_of("[CLS]"), tokens_of("\n\n")
    found = of(llama).nats(ANSWERS, PROMPTS)
    expected = plainly(llama, [*start, *tokens_of(PROMPTS[0]), *between], tokens_of(ANSWERS[0]))
    assert found[0] == pytest.approx(expected, abs=1e-4)
    assert found[0] != of(llama).nats(ANSWERS)[0]
    assert np.isnan(found).tolist() == [False, True, True, True, False, False, False]


@pytest.mark.parametrize("precision", [Precision.FLOAT32, Precision.BFLOAT16])
def test_a_number_has_the_same_bytes_whatever_stands_beside_it(llama, precision):
    one, two = (of(llama, precision=precision, threads=threads) for threads in (1, 2))
    together = one.nats(ANSWERS, PROMPTS)
    assert two.nats(ANSWERS, PROMPTS).tobytes() == together.tobytes()
    alone = [one.nats([answer], [prompt]) for answer, prompt in zip(ANSWERS, PROMPTS, strict=True)]
    assert np.concatenate(alone).tobytes() == together.tobytes()


def test_identity(llama, tmp_path):
    one = of(llama).identity
    assert len(one) == 16
    assert of(llama, threads=2).identity == one
    assert of(llama, most_tokens=64).identity != one
    assert of(llama, precision=Precision.BFLOAT16).identity != one
    assert of(shutil.copytree(llama, tmp_path / "snapshots" / ("0a" * 20))).identity != one


def test_no_more_is_read_than_the_model_can(llama):
    assert of(llama, most_tokens=10**6).most_tokens < 256
    assert np.isfinite(of(llama, most_tokens=10**6).nats(["tide clock " * 4000], ["why " * 4000])).all()


def test_models_that_cannot_be_used(minilm, tmp_path):
    with pytest.raises(ConfigError, match="no causal language model"):
        of(minilm)
    with pytest.raises(ConfigError, match="no model that can be loaded"):
        of(tmp_path)
    with pytest.raises(ConfigError, match="no such folder"):
        of(tmp_path / "absent")
