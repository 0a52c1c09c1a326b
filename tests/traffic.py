"""Invented traffic for tests: exchanges whose answers depend on their prompts, from a model that can be swapped."""

import json

import numpy as np

from monitor.records import Exchange, Message

TOPICS = {
    "delivery": "parcel courier tracking late delivered van street driver arrive shipment",
    "refund": "refund money returned card bank paid amount receipt cancel charge",
    "assembly": "screws panel drill leg bolt instructions wobble shelf bracket manual",
    "account": "password login email reset username locked profile settings verify signup",
}
FILLER = [
    "the",
    "a",
    "my",
    "is",
    "to",
    "when",
    "can",
    "how",
    "what",
    "please",
    "I",
    "of",
    "and",
    "with",
    "for",
    "do",
    "it",
    "we",
    "have",
    "not",
]
ANSWER = [
    "you",
    "can",
    "will",
    "our",
    "team",
    "please",
    "check",
    "order",
    "within",
    "days",
    "may",
    "often",
    "help",
    "find",
    "here",
    "then",
    "page",
    "item",
    "store",
]


def exchange(rng, i, *, topics, style, model="bot", time=None):
    """One exchange. Answers about `assembly` are long lists, others short; style "swapped" is terser and bolder."""
    topic = rng.choice(list(topics), p=np.array(list(topics.values())) / sum(topics.values()))
    words = [
        str(rng.choice(TOPICS[topic].split() if rng.random() < 0.5 else FILLER)) for _ in range(rng.integers(8, 25))
    ]
    base = 60 if topic == "assembly" else 25
    n = max(4, int(base * np.exp(0.3 * rng.normal()) * (0.55 if style == "swapped" else 1.0)))
    said = [str(w) for w in rng.choice(ANSWER, n)]
    if topic == "assembly":
        text = "\n".join(f"{j + 1}. {' '.join(said[j * 8 : j * 8 + 8])}." for j in range(-(-n // 8)))
    else:
        text = " ".join(said).capitalize() + ("!" if style == "swapped" else ".")
    return Exchange(
        id=f"{model}-{i}",
        model=model,
        messages=(Message("system", "You help customers of a shop."), Message("user", " ".join(words) + "?")),
        response=text,
        time=1.7e9 + 3.0 * i if time is None else time,
        finish_reason="stop",
    )


EVEN = dict.fromkeys(TOPICS, 1.0)
TURNED = {"delivery": 0.05, "refund": 0.05, "assembly": 1.0, "account": 0.05}


def exchanges(seed, n, *, topics=EVEN, style="evaluated", first=0, model="bot"):
    rng = np.random.default_rng([seed, first])
    return [exchange(rng, first + i, topics=topics, style=style, model=model) for i in range(n)]


def line(e):
    """The exchange as a line of JSONL."""
    return json.dumps(
        {
            "id": e.id,
            "model": e.model,
            "adapter": e.adapter,
            "time": e.time,
            "messages": [{"role": m.role, "content": m.content} for m in e.messages],
            "response": e.response,
            "finish_reason": e.finish_reason,
            "trace_id": e.trace_id,
        }
    ).encode()
