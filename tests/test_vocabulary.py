"""Words of substance come first: those that answers take up; no word of one user alone."""

import numpy as np

from monitor.batch import Batch
from monitor.records import Exchange, Message
from monitor.vocabulary import MOST_WORDS, Vocabulary


def ask(prompt, answer="", i=[0]):  # noqa: B006 - a counter
    i[0] += 1
    return Exchange(id=str(i[0]), model="m", messages=(Message("user", prompt),), response=answer)


def support(rng, n):
    """Prompts about one of eight goods, worded with grammar that answers use at random."""
    goods = ["parcel", "warranty", "invoice", "password", "toaster", "Lieferung", "größe", "voucher"]
    grammar = ["what", "about", "with", "from", "this", "please"]
    out = []
    for k in range(n):
        good = goods[rng.integers(8)]
        said = " ".join(rng.choice(grammar, 3))
        reply = good if rng.random() < 0.6 else "it"
        out.append(ask(f"{said} {good} {k % 50}", f"{' '.join(rng.choice(grammar, 3))} {reply} is on its way."))
    return out


def test_words_that_answers_take_up_come_before_grammar():
    words = Vocabulary.learn(support(np.random.default_rng(0), 400)).words
    assert set(words[:8]) == {"parcel", "warranty", "invoice", "password", "toaster", "lieferung", "größe", "voucher"}
    assert not any(w.isdigit() for w in words)


def test_without_answers_the_frequent_words_serve():
    plain = [ask(e.messages[0].content) for e in support(np.random.default_rng(0), 400)]
    assert {"parcel", "warranty"} <= set(Vocabulary.learn(plain).words)


def test_a_word_of_one_user_is_never_kept():
    ordinary = support(np.random.default_rng(1), 300)
    repeated = [ask("my name is Zbigniew and this parcel is late", "Zbigniew, it is late")] * 40
    assert "zbigniew" not in Vocabulary.learn([*ordinary, *repeated]).words
    several = [ask(f"Zbigniew asks {k}", "Zbigniew, yes") for k in range(40)]
    assert "zbigniew" in Vocabulary.learn([*ordinary, *several]).words


def test_says_which_prompts_use_which_word():
    vocabulary = Vocabulary(("parcel", "größe", "bank"))
    asked = [ask("The PARCEL, please"), ask("Größe? parcels banks"), ask(""), ask("bank größe bank")]
    # Only ASCII letters are folded: a capital inside other letters is another word.
    assert vocabulary.measure(Batch(asked)).tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 0], [0, 1, 1]]
    assert [c.name for c in vocabulary.columns] == ["word_01", "word_02", "word_03"]
    assert Vocabulary(()).measure(Batch(asked)).shape == (4, 0)


def test_bounded_and_the_same_from_the_same():
    rng = np.random.default_rng(2)
    many = ["".join(rng.choice(list("abcdefghij"), 5)) for _ in range(300)]
    asked = [ask(" ".join(rng.choice(many, 8)) + f" {k}", " ".join(rng.choice(many, 8))) for k in range(600)]
    learned = Vocabulary.learn(asked)
    assert len(learned.words) == MOST_WORDS
    assert learned == Vocabulary.learn(asked)
    assert Vocabulary.learn([ask("hello there")]).words == ()
    assert Vocabulary.learn([]).words == ()
