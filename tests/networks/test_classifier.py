"""Classes of texts and pairs, by real networks that are small."""

import json
import random
import shutil

import numpy as np
import pytest

from monitor.errors import ConfigError
from monitor.networks import Choice, Classifier, Precision

pytestmark = [pytest.mark.neural, pytest.mark.filterwarnings("default")]  # torch warns of its own ways

PROMPTS = ["Where is my parcel?", "Say it in German.", "Why?"]
ANSWERS = ["At the depot, since yesterday.", "Grüße aus Köln, 你好", "word " * 60]


def of(folder, most_tokens=None, **choice):
    options = {"device": "cpu", "precision": Precision.FLOAT32, "threads": 1, **choice}
    return Classifier(Choice(str(folder), **options), most_tokens=most_tokens)


def plainly(folder, prompts, answers, made):
    """What the tokenizer and the model make of each by themselves."""
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    given = [(answer,) if prompts is None else (prompts[i], answer) for i, answer in enumerate(answers)]
    with torch.inference_mode():
        logits = torch.cat([model(**tokenizer(*texts, return_tensors="pt")).logits for texts in given])
    return made(logits).numpy()


def softmax(logits):
    return logits.softmax(1)


def sigmoid(logits):
    return logits.sigmoid()


@pytest.fixture(scope="module")
def drawn(minilm, tmp_path_factory):
    """A classifier with drawn weights: made(labels, **config)."""
    import tiny

    return lambda *args, **config: tiny.bert(tmp_path_factory.mktemp("drawn"), minilm, *args, **config)


@pytest.fixture(scope="module")
def several(drawn):
    return drawn(("a", "b", "c"), problem_type="multi_label_classification")


def hidden_in(words, place, seed=3):
    """A long calm answer with a telling sentence at a place from 0 to 1."""
    import tiny

    said = random.Random(seed).choices(tiny.CALM, k=words)
    at = round(place * words)
    return " ".join([*said[:at], "what an idiot .", *said[at:]])


@pytest.mark.parametrize("prompts", [None, PROMPTS], ids=["alone", "pairs"])
def test_classes_that_exclude_each_other(drawn, prompts):
    folder = drawn(("a", "b", "c", "d"))
    found = of(folder).probabilities(prompts, ANSWERS)
    np.testing.assert_allclose(found, plainly(folder, prompts, ANSWERS, softmax), atol=1e-5)
    np.testing.assert_allclose(found.sum(1), 1, atol=1e-5)
    assert found.std(0).max() > 0.01  # weights that say the same of all texts would prove nothing


@pytest.mark.parametrize("prompts", [None, PROMPTS], ids=["alone", "pairs"])
def test_classes_that_stand_for_themselves(several, prompts):
    found = of(several).probabilities(prompts, ANSWERS)
    np.testing.assert_allclose(found, plainly(several, prompts, ANSWERS, sigmoid), atol=1e-5)
    assert np.abs(found.sum(1) - 1).min() > 0.01


def test_a_single_class(drawn):
    folder = drawn(("bad",))
    found = of(folder).probabilities(PROMPTS, ANSWERS)
    np.testing.assert_allclose(found, plainly(folder, PROMPTS, ANSWERS, sigmoid), atol=1e-5)
    assert found.shape == (3, 1)


def test_labels_are_those_of_the_model_and_prompts_count(toxic):
    made = of(toxic)
    assert made.labels == ("fine", "rude", "idiot")
    found = made.probabilities(None, ["you idiot", "what rubbish", "thank you"])
    assert found.argmax(1).tolist() == [2, 1, 0]
    assert not np.array_equal(made.probabilities(["Hello"] * 3, ["you idiot", "what rubbish", "thank you"]), found)


@pytest.mark.parametrize("prompts", [None, ["where is my parcel"], ["where is my parcel " * 800]])
@pytest.mark.parametrize("place", [0, 0.25, 0.5, 0.75, 1])
def test_one_bad_sentence_of_a_long_answer_is_seen(toxic, prompts, place):
    made = of(toxic)
    long = hidden_in(1500, place)
    assert made.probabilities(prompts, [long.replace("idiot", "answer")])[0, 2] < 0.05
    assert made.probabilities(prompts, [long])[0, 2] > 0.9


def test_of_a_huge_answer_head_and_tail_are_read(toxic):
    made = of(toxic)
    assert made.probabilities(None, [hidden_in(30_000, 0)])[0, 2] > 0.9
    assert made.probabilities(None, [hidden_in(30_000, 1)])[0, 2] > 0.9
    assert made.probabilities(None, [hidden_in(30_000, 0.5)])[0, 2] < 0.05


def test_probabilities_of_labels_are_added_up(toxic, several):
    made, rows = of(toxic), ["you idiot", "what rubbish", "thank you"]
    each = made.probabilities(None, rows)
    both = made.probabilities(None, rows, [("rude", "idiot"), ("fine",)])
    np.testing.assert_allclose(both, np.stack([each[:, 1] + each[:, 2], each[:, 0]], axis=1), atol=1e-6)
    assert of(several).probabilities(None, ANSWERS, [("a", "b", "c")]).max() == 1


def test_of_a_long_answer_the_sum_is_that_of_one_piece(toxic):
    """A calm piece and a bad one must not add up to more than either says."""
    made = of(toxic)
    each, (both,) = (made.probabilities(None, [hidden_in(1500, 0)], sums) for sums in (None, [("fine", "idiot")]))
    assert each[0, 0] + each[0, 2] > 1.9
    assert both[0] <= 1


def test_blank_answers_have_none_and_blank_prompts_are_prompts(toxic):
    made = of(toxic)
    found = made.probabilities(["", "why", "\ud800"], ["you idiot", " \n", "\ud800 idiot"])
    assert found.dtype == np.float32
    assert np.isnan(found[1]).all()
    assert np.isfinite(found[[0, 2]]).all()
    assert np.isnan(made.probabilities(None, ["", ""])).all()
    assert made.probabilities(None, []).shape == (0, 3)
    assert made.probabilities([], [], [("rude",)]).shape == (0, 1)


@pytest.mark.parametrize("precision", [Precision.FLOAT32, Precision.BFLOAT16])
def test_a_row_has_the_same_bytes_whatever_stands_beside_it_and_however_many_threads(toxic, precision):
    one, two = (of(toxic, precision=precision, threads=threads) for threads in (1, 2))
    answers = [*ANSWERS, hidden_in(700, 0.5), "", *(f"order {i} came late " * i for i in range(1, 30, 4))]
    prompts = [PROMPTS[i % 3] for i in range(len(answers))]
    together = one.probabilities(prompts, answers)
    assert two.probabilities(prompts, answers).tobytes() == together.tobytes()
    alone = [one.probabilities([prompts[i]], [answers[i]]) for i in range(len(answers))]
    assert np.concatenate(alone).tobytes() == together.tobytes()


def test_a_label_that_is_not_there_is_told_with_those_that_are(toxic):
    with pytest.raises(ConfigError, match="no label toxic; it has fine, rude, idiot"):
        of(toxic).probabilities(None, [], [("rude",), ("toxic",)])


def test_identity(toxic, tmp_path):
    one = of(toxic).identity
    assert len(one) == 16
    assert of(toxic, threads=2).identity == one
    assert of(toxic, most_tokens=64).identity != one
    assert of(toxic, precision=Precision.BFLOAT16).identity != one
    commits = ["0a" * 20, "0b" * 20]
    copies = [shutil.copytree(toxic, tmp_path / "snapshots" / commit) for commit in commits]
    assert len({one, *(of(copy).identity for copy in copies)}) == 3
    other = shutil.copytree(toxic, tmp_path / "other")
    assert of(other).identity == one
    _configured(other, id2label={"0": "fine", "1": "idiot", "2": "rude"})
    assert of(other).identity != one


def test_models_that_cannot_be_used(minilm, toxic, tmp_path):
    with pytest.raises(ConfigError, match=r"weights are missing, first classifier.*no sequence classifier"):
        of(minilm)
    with pytest.raises(ConfigError, match="no revisions"):
        of(toxic, revision="main")
    with pytest.raises(ConfigError, match="no room"):
        of(toxic, most_tokens=3)
    number = shutil.copytree(toxic, tmp_path / "number")
    _configured(number, problem_type="regression")
    with pytest.raises(ConfigError, match="a number and no classes"):
        of(number)


def test_weights_that_could_hold_code_are_not_read(toxic, tmp_path):
    import torch
    from safetensors.torch import load_file

    copy = shutil.copytree(toxic, tmp_path / "copy")
    torch.save(load_file(copy / "model.safetensors"), copy / "pytorch_model.bin")
    (copy / "model.safetensors").unlink()
    with pytest.raises(ConfigError, match="no model that can be loaded"):
        of(copy)


def test_code_of_a_model_is_not_run(toxic, tmp_path):
    copy, mark = shutil.copytree(toxic, tmp_path / "copy"), tmp_path / "mark"
    (copy / "own.py").write_text(f"open({str(mark)!r}, 'w')\nclass Own: pass\n")
    kinds = {"AutoConfig": "own.Own", "AutoModelForSequenceClassification": "own.Own"}
    _configured(copy, model_type="own", auto_map=kinds)
    with pytest.raises(ConfigError, match="no model that can be loaded"):
        of(copy)
    assert not mark.exists()


def _configured(folder, **changes):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | changes))
