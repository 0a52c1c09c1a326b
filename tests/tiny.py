"""Small real networks, made on the spot: a classifier that was taught two words, one that knows some names, and a
language model that knows nothing. Their tokenizer is that of all-MiniLM-L6-v2."""

import random

import torch
from transformers import (
    AutoTokenizer,
    BertConfig,
    BertForSequenceClassification,
    BertForTokenClassification,
    LlamaConfig,
    LlamaForCausalLM,
)

SIZE = {"hidden_size": 32, "num_attention_heads": 2, "intermediate_size": 64, "vocab_size": 30522}
LABELS = ("fine", "rude", "idiot")
TAGS = ("O", "B-PER", "I-PER", "B-LOC")
TAGGED = {"anna": 1, "nora": 1, "muller": 1, "qui": 1, "##vale": 1, "schmidt": 2, "田": 1, "中": 2, "koln": 3, "li": 1}
"""Tokens and the place of their tag; of Quist the first of two is known, of Kovalenko the second of three."""
TELLING = {1: "rubbish", 2: "idiot"}
CALM = "the parcel came late but we like this town and its old tide clock very much so thank you for help".split()  # noqa: SIM905


def saved(folder, network, tokens_of):
    torch.set_num_threads(1)
    network.eval().save_pretrained(folder)
    AutoTokenizer.from_pretrained(tokens_of).save_pretrained(folder)
    return folder


def bert(folder, tokens_of, labels=LABELS, **config):
    """Draws weights: says something else of each text, and means nothing."""
    return saved(folder, drawn(labels, **config), tokens_of)


def drawn(labels, layers=2, **config):
    torch.manual_seed(7)
    names = dict(enumerate(labels))
    made = BertConfig(**SIZE, num_hidden_layers=layers, initializer_range=0.4, id2label=names, **config)
    return BertForSequenceClassification(made)


def persons(folder, tokens_of, tags=TAGS, first=0, **config):
    """Tags each token by itself, as TAGGED says; `first`: by how much the first of what is read looks like a person."""
    tokenizer = AutoTokenizer.from_pretrained(tokens_of)
    config = BertConfig(**SIZE, num_hidden_layers=1, id2label=dict(enumerate(tags)), **config)
    network = BertForTokenClassification(config)
    with torch.no_grad():
        for name, weights in network.named_parameters():
            weights.fill_(float(name.endswith("LayerNorm.weight")))
        words = network.bert.embeddings.word_embeddings.weight
        words[:, 0] = 1.0
        for word, place in TAGGED.items():
            words[tokenizer.convert_tokens_to_ids(word)] = torch.eye(SIZE["hidden_size"])[place]
        network.bert.embeddings.position_embeddings.weight[1, 1] = first
        network.classifier.weight[:, : len(tags)] = torch.eye(len(tags))
    return saved(folder, network, tokens_of)


def llama(folder, tokens_of):
    torch.manual_seed(7)
    made = LlamaConfig(**SIZE, num_hidden_layers=2, max_position_embeddings=256, initializer_range=0.2)
    return saved(folder, LlamaForCausalLM(made), tokens_of)


def trained(folder, tokens_of):
    """Finds the telling words anywhere in the second of two texts, or in one alone."""
    torch.set_num_threads(1)
    draw, tokenizer = random.Random(7), AutoTokenizer.from_pretrained(tokens_of)
    torch.manual_seed(7)
    names = dict(enumerate(LABELS))
    network = BertForSequenceClassification(BertConfig(**SIZE, num_hidden_layers=1, id2label=names))
    with torch.no_grad():  # words that stand out are learned in a second
        for kind, word in TELLING.items():
            network.bert.embeddings.word_embeddings.weight[tokenizer.convert_tokens_to_ids(word), kind] = 2.0
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    for _ in range(60):
        kinds = [draw.randrange(3) for _ in range(24)]
        texts = [text(draw, TELLING.get(kind, ""), draw.choice((4, 20, 80))) for kind in kinds]
        prompts = ["where is my parcel"] * len(texts)
        given = tokenizer(*draw.choice(([texts], [prompts, texts])), padding=True, return_tensors="pt")
        loss = network(**given, labels=torch.tensor(kinds)).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return saved(folder, network, tokens_of)


def text(draw, telling, words):
    said = draw.choices(CALM, k=words)
    said.insert(draw.randrange(words), telling)
    return " ".join(said)
