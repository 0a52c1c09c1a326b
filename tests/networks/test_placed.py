"""Where tokens stand in texts, by real tokenizers of several kinds."""

import numpy as np
import pytest

from monitor.errors import ConfigError
from monitor.networks.placed import Placed, placed

pytestmark = pytest.mark.neural


@pytest.fixture(scope="module")
def bytewise():
    """A real tokenizer whose tokens are bytes, a blank before a word counted with it, as those of GPT-2 are."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    made = Tokenizer(models.BPE(vocab={letter: i for i, letter in enumerate(letters)}, merges=[]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(tokenizer_object=made)


@pytest.fixture(scope="module")
def pieces():
    """A real tokenizer of pieces that begin with their blank and have composed letters, as those of XLM-R do."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    known = [*"▁AtnaMül.田中さ", "▁An", "na"]
    made = Tokenizer(models.Unigram([("<unk>", 0.0), *((piece, -len(piece)) for piece in known)], unk_id=0))
    made.normalizer, made.pre_tokenizer = normalizers.NFKC(), pre_tokenizers.Metaspace()
    return PreTrainedTokenizerFast(tokenizer_object=made, unk_token="<unk>")


def chosen(each, *characters):
    """The stretches of the tokens that hold one of these characters."""
    at = [each.text.index(character) for character in characters]
    return each.stretches(np.array([any(start <= i < end for i in at) for start, end in each.spans]))


@pytest.mark.parametrize(
    ("characters", "found"),
    [
        ("nn", ["Anna"]),
        ("n!", ["Anna", "!"]),
        ("ü", ["Jürgens"]),
        ("s", ["Jürgens"]),
        ("म", ["मोदी"]),
        ("田", ["田"]),
        ("田中", ["田中"]),
        ("", []),
    ],
)
def test_a_word_with_a_chosen_token_is_chosen(bytewise, characters, found):
    (each,) = placed(bytewise, ["At Anna (Jürgens) मोदी! 是田中さん"])
    assert chosen(each, *characters) == found


@pytest.mark.parametrize(
    ("characters", "found"),
    [("n", ["Anna"]), ("M", ["Mu\u0308ll"]), ("l", ["Mu\u0308ll"]), ("田", ["田"]), (".", ["."])],
)
def test_blanks_before_words_and_accents_by_themselves_are_no_part_and_no_end(pieces, characters, found):
    (each,) = placed(pieces, ["At Anna. Mu\u0308ll 田中さ"])
    assert chosen(each, *characters) == found


def test_texts_are_kept_apart(bytewise):
    first, second, third = placed(bytewise, ["Anna", "", "No"])
    assert [len(each.tokens) for each in (first, second, third)] == [4, 0, 2]
    assert second.stretches(np.zeros(0, bool)) == []
    assert third.spans.tolist() == [[0, 1], [1, 2]]
    assert placed(bytewise, []) == []


def test_words_end_where_a_letter_stands_beside_none():
    each = Placed("a-b cd", [1, 2, 3, 4, 5], np.array([(0, 1), (1, 2), (2, 3), (3, 5), (5, 6)], np.int32))
    runs = [each.stretches(np.arange(5) == i) for i in range(5)]
    assert runs == [["a"], ["-"], ["b"], ["cd"], ["cd"]]


def test_a_tokenizer_that_cannot_tell_is_refused(tmp_path):
    from transformers import CanineTokenizer

    with pytest.raises(ConfigError, match="does not say where tokens stand"):
        placed(CanineTokenizer(), [])
