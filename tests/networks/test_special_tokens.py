"""What a tokenizer puts around texts."""

import pytest

from monitor.errors import ConfigError
from monitor.networks.frame import Frame, frame_of, plain_tokens

pytestmark = pytest.mark.neural

VOCABULARY = {word: i for i, word in enumerate(("<s>", "</s>", "a", "b", "tide", "clock", "?"))}


@pytest.fixture
def tokenizer(minilm):
    """A real one of whole words: made(single, pair, special words)."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    def make(single, pair, names, kinds=False, lower=None):
        made = Tokenizer(models.WordLevel(VOCABULARY, unk_token="?"))
        made.pre_tokenizer = pre_tokenizers.Whitespace()
        made.normalizer = normalizers.Replace(*lower) if lower else normalizers.NFC()
        tokens = [(name, VOCABULARY[name]) for name in names]
        made.post_processor = processors.TemplateProcessing(single=single, pair=pair, special_tokens=tokens)
        inputs = ["input_ids", "attention_mask", *(["token_type_ids"] if kinds else [])]
        return PreTrainedTokenizerFast(tokenizer_object=made, unk_token="?", model_input_names=inputs)

    return make


@pytest.mark.parametrize(
    ("single", "pair", "names"),
    [
        ("<s> $A </s>", "<s> $A </s> </s> $B </s>", ("<s>", "</s>")),
        ("$A", "$A $B", ()),
        ("<s> $A", "<s> $A <s> $B", ("<s>",)),
    ],
    ids=["two between", "none", "only before"],
)
def test_framed_tokens_are_those_of_the_tokenizer(tokenizer, single, pair, names):
    made = tokenizer(single, pair, names)
    first, second = plain_tokens(made, ["tide clock tide", "clock a"])
    alone, both = frame_of(made, 1), frame_of(made, 2)
    assert alone.around(first) == made("tide clock tide")["input_ids"]
    assert both.around(first, second) == made("tide clock tide", "clock a")["input_ids"]
    assert both.size == len(both.around(first, second)) - 5
    assert alone.kinds_around(first) is None


def test_kinds_are_those_of_the_tokenizer(minilm, tokenizer):
    from transformers import AutoTokenizer

    for made in (
        AutoTokenizer.from_pretrained(minilm),
        tokenizer("<s>:0 $A:0 </s>:2", "<s>:0 $A:0 </s>:0 $B:1 </s>:2", ("<s>", "</s>"), kinds=True),
    ):
        first, second = plain_tokens(made, ["tide clock tide", "clock a"])
        for texts, given in (((first,), ("tide clock tide",)), ((first, second), ("tide clock tide", "clock a"))):
            expected, frame = made(*given), frame_of(made, len(texts))
            assert frame.around(*texts) == expected["input_ids"]
            assert frame.kinds_around(*texts) == expected["token_type_ids"]


def test_no_texts_have_no_tokens(tokenizer):
    assert plain_tokens(tokenizer("$A", "$A $B", ()), []) == []
    assert Frame(((1,), (2,)), None, ()).around([]) == [1, 2]


def test_a_tokenizer_that_loses_a_text_is_refused(tokenizer):
    with pytest.raises(ConfigError, match="name another model"):
        frame_of(tokenizer("$A", "$A $B", (), lower=("a", "")), 1)
