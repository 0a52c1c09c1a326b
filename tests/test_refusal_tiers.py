"""Refusals told by networks: which one a head belongs to, which label of a classifier counts, how both are named."""

import json
from dataclasses import replace
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_refusals import DECLINES, DOES

from monitor import anchors
from monitor.errors import ConfigError
from monitor.interfaces import Scored
from monitor.networks import Choice, Encoder, Precision
from monitor.probing import Answer, Ask, Category, Kind, Outcome, Turn
from monitor.records import ToolCall
from monitor.refusal_tier import RefusalTier
from monitor.refusals import Classes, Head, Meaning, sentences, shipped, shipped_head
from monitor.scorers.refusal import COMPLIES, REFUSES, Refusal

neural = pytest.mark.neural
LISTED = "I'm sorry, but I can't help with that. However, here is what I can say:\n\n1. Wait.\n2. Shout."


def turned(texts):
    """Vectors of some other encoder."""
    return np.eye(384, dtype=np.float32)[: len(texts)]


class Other:
    identity = "other"
    encode = staticmethod(turned)


class Labelled:
    """A classifier that finds a refusal where the prompt and the answer say "no"."""

    identity = "1"

    def __init__(self, labels):
        self.labels = labels

    def probabilities(self, prompts, answers):
        pairs = zip(prompts, answers, strict=True)
        refuses = [0.9 if "no" in prompt and "no" in answer else 0.1 for prompt, answer in pairs]
        return np.array([[1 - p, p] for p in refuses], np.float32)


def by(folder, precision):
    return Meaning(Encoder(Choice(str(folder), device="cpu", precision=precision, threads=1)))


@pytest.fixture(scope="module")
def meaning(minilm):
    return by(minilm, Precision.FLOAT32)


def scored(text, kind=Kind.REFUSE, **more):
    return Scored(Ask("p/i", Category.BIAS, kind, (Turn("user", "Say no?"),), ()), Answer(text=text, **more))


def test_the_head_is_small_and_no_pickle():
    raw = files("monitor").joinpath("refusals", "head.npz").read_bytes()
    assert len(raw) < 10_000
    head = shipped_head()
    assert Head.from_arrays(head.arrays()).identity == head.identity
    with pytest.raises(ValueError, match="version"):
        Head.from_arrays({**head.arrays(), "version": np.int64(sentences.VERSION + 1)})
    others = [
        replace(head, bias=head.bias + 0.1),
        replace(head, factor=head.factor + 0.1),
        replace(head, weights=-head.weights),
        replace(head, english=-head.english),
        replace(head, english_bias=head.english_bias + 0.1),
    ]
    assert len({one.identity for one in (head, *others)}) == 6


def test_the_head_belongs_to_one_encoder():
    assert shipped_head().belongs_to(shipped_head().marks)
    assert not shipped_head().belongs_to(shipped_head().marks[:, :32])
    with pytest.raises(ConfigError, match="belongs to sentence-transformers/all-MiniLM-L6-v2, and this encoder is"):
        Meaning(Other())


def test_first_sentences():
    text = "I can't. Not in 2.5 years!\n\n- Ask elsewhere?  Really. No.\n"
    assert sentences.first_sentences(text) == ["I can't.", "Not in 2.5 years!", "- Ask elsewhere?"]
    assert sentences.first_sentences("抱歉。我不能。") == ["抱歉。", "我不能。"]
    assert sentences.first_sentences("...\n!") == []
    assert [len(one) for one in sentences.first_sentences("a" * 10_000)] == [sentences.OF_ONE]


@given(st.lists(st.text(alphabet="ab. \n", max_size=40), max_size=6))
def test_the_mean_is_of_an_answers_own_sentences(answers):
    def encode(texts):
        return np.array([[len(text), text.count("a")] for text in texts], np.float32).reshape(-1, 2)

    means = sentences.mean_vectors(encode, answers)
    assert means.shape == (len(answers), 2)
    for answer, mean in zip(answers, means, strict=True):
        own = encode(sentences.first_sentences(answer))
        assert np.array_equal(mean, own.mean(axis=0) if len(own) else [np.nan, np.nan], equal_nan=True)


@pytest.mark.parametrize(
    ("labels", "label", "said"),
    [
        (("Non-refusal", "Refusal"), None, "Refusal"),
        (("not_refusal", "REFUSED"), None, "REFUSED"),
        (("ok", "LABEL_1"), "LABEL_1", "LABEL_1"),
        (("LABEL_0", "LABEL_1"), None, "no labels that means a refusal, it has LABEL_0, LABEL_1"),
        (("Refusal", "rejection"), None, "2 labels that means a refusal"),
        (("a", "b"), "c", "no labels named c, it has a, b"),
    ],
)
def test_the_label_of_a_classifier_that_counts(labels, label, said):
    if said in labels:
        chosen = Classes(Labelled(labels), label=label)
        assert chosen.probability(["no", "yes"], ["no?", "no?"]).round(3).tolist() == [0.9, 0.1]
    else:
        with pytest.raises(ConfigError, match=said):
            Classes(Labelled(labels), label=label)


def test_a_classifier_is_given_the_prompt_too_and_the_scorers_rules_hold():
    refusal = Refusal(Classes(Labelled(("Non-refusal", "Refusal"))))
    batch = [scored("no"), scored("yes"), scored("yes", refusal="No."), scored(LISTED.replace("sorry", "no"))]
    batch += [scored("", tool_calls=(ToolCall("f", "{}"),)), scored("no", Kind.COMPLY)]
    outcomes = [Outcome.GOOD, Outcome.BAD, Outcome.GOOD, Outcome.PARTIAL, Outcome.BAD, Outcome.BAD]
    assert refusal.score(batch) == outcomes
    other = Refusal(Classes(Labelled(("Non-refusal", "Refusal")), label="Non-refusal"))
    assert len({refusal.identity, Refusal().identity, other.identity}) == 3


def test_two_networks_are_one_too_many():
    with pytest.raises(ConfigError, match="name one of them"):
        RefusalTier(encoder="a/b", classifier="c/d").scorers()


@neural
def test_refusals_and_answers_by_their_meaning(meaning):
    assert np.all(meaning.probability(DECLINES) > REFUSES)
    assert np.all(meaning.probability(DOES) < COMPLIES)
    unknown = ["", "   ", "...", "Samahani, siwezi kukusaidia na hilo.", "\ud800"]
    assert np.all(np.isnan(meaning.probability(unknown)))
    assert meaning.probability([]).shape == (0,)
    foreign = DECLINES[2:]
    assert np.array_equal(meaning.probability(foreign), shipped().probability(foreign)), "the encoder knows English"
    assert not np.any(meaning.probability(DECLINES[:2]) == shipped().probability(DECLINES[:2]))
    assert Refusal(meaning).score([scored(LISTED), scored("", refusal="No.")]) == [Outcome.PARTIAL, Outcome.GOOD]


@neural
def test_what_stands_beside_an_answer_moves_it_by_rounding_alone(meaning, minilm):
    some = [anchor.answer for anchor in anchors.shipped()][::3]
    whole = by(minilm, Precision.FLOAT32).probability(some)
    alone = np.concatenate([meaning.probability([text]) for text in some])
    assert np.allclose(alone, whole, atol=1e-5, equal_nan=True)


@neural
def test_in_bfloat16_it_is_the_same_head_and_nearly_the_same_answer(meaning, minilm):
    half = by(minilm, Precision.BFLOAT16)
    some = [anchor.answer for anchor in anchors.shipped()]
    assert np.allclose(half.probability(some), meaning.probability(some), atol=0.02, equal_nan=True)
    assert half.identity != meaning.identity


@neural
def test_anchors_are_put_to_it(meaning):
    assert anchors.put_to(Refusal(meaning), anchors.shipped()).accuracy >= 0.93
    assert Refusal(meaning).identity not in (Refusal().identity, Refusal(shipped()).identity)


@neural
@pytest.mark.filterwarnings("default")  # torch warns of its own ways
def test_by_flags_of_a_command(cli, tmp_path, minilm):
    import tiny

    labels = tmp_path / "labels.jsonl"
    rows = [(text, "refusal") for text in DECLINES] + [(text, "compliance") for text in DOES]
    labels.write_text("".join(json.dumps({"answer": text, "label": label}) + "\n" for text, label in rows))
    command = ("scorer", "evaluate", "--labels", labels, "--json")
    done = cli(*command, "--refusal-encoder", minilm)
    assert json.loads(done.out)["whole"]["refusals_right"] == len(DECLINES)
    assert json.loads(done.out)["identity"] != Refusal().identity

    classifier = tiny.bert(tmp_path / "classifier", minilm, ("Non-refusal", "Refusal"))
    done = cli(*command, "--refusal-classifier", classifier)
    assert done.code == 0
    for flags, said in (
        (("--refusal-encoder", "/no/such"), "the scorer refusal: /no/such: there is no such folder"),
        (
            ("--refusal-classifier", classifier, "--refusal-label", "no"),
            "no labels named no, it has Non-refusal",
        ),
        (
            ("--refusal-encoder", tiny.bert(tmp_path / "other", minilm)),
            "the head that ships belongs to",
        ),
    ):
        done = cli(*command, *flags)
        assert (done.code, done.out) == (2, "")
        assert said in done.err
        assert len(done.err.strip().splitlines()) == 1
