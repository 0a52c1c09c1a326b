"""Traffic to measure with: records as an OpenAI-compatible server logs them, of the text that ships with Tidegauge."""

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence

import msgspec

from monitor import demo

MODEL = demo.MODEL
ANSWER_BYTES = 1_500
PER_SECOND = 100
"""Records of one second of record time."""

_START = 1_772_438_400


class _Line(msgspec.Struct):
    """What is taken from a line of the recording."""

    phase: str
    topic: str
    messages: list[dict[str, str]]
    response: str


def evaluation_records() -> list[bytes]:
    """The recording's evaluation run, each of its prompts once."""
    lines = _lines("baseline")
    return list(_records(lines, lines, random.Random(1), "eval"))


def traffic_records(count: int) -> Iterator[bytes]:
    """Distinct records of the same model and the same users as in the evaluation run: nothing has moved."""
    lines, rng = _lines("steady"), random.Random(2)
    return _records(lines, rng.choices(lines, k=count), rng, "chatcmpl")


def _lines(phase: str) -> list[_Line]:
    decode = msgspec.json.Decoder(_Line).decode
    return [line for line in map(decode, (raw for part in demo.recording() for raw in part)) if line.phase == phase]


def _records(pool: Sequence[_Line], asked: Sequence[_Line], rng: random.Random, prefix: str) -> Iterator[bytes]:
    answers: defaultdict[str, list[str]] = defaultdict(list)
    for line in pool:
        answers[line.topic].append(line.response)
    for i, line in enumerate(asked):
        yield _record(f"{prefix}-{i:09d}", i, line, _answer(line, answers[line.topic], rng))


def _answer(line: _Line, others: Sequence[str], rng: random.Random) -> str:
    """The recorded answer, and others about the same topic after it, up to about ANSWER_BYTES."""
    parts = [line.response]
    while sum(len(part.encode()) + 2 for part in parts) < ANSWER_BYTES - 150:  # half an answer short of it, on average
        parts.append(rng.choice(others))
    return "\n\n".join(parts)


def _record(name: str, i: int, line: _Line, answer: str) -> bytes:
    prompt_tokens, completion_tokens = sum(len(m["content"]) for m in line.messages) // 4, len(answer) // 4
    # Prompts that came before would count once only: each asks about an order of its own.
    first = next(k for k, message in enumerate(line.messages) if message["role"] == "user")
    own = [m | {"content": f"{m['content']} ({i:09d})"} if k == first else m for k, m in enumerate(line.messages)]
    request = {"model": MODEL, "messages": own, "temperature": 0.7, "max_tokens": 1024, "stream": False}
    message: dict[str, object] = {"role": "assistant", "content": answer, "refusal": None, "annotations": []}
    response = {
        "id": name,
        "object": "chat.completion",
        "created": _START + i // PER_SECOND,
        "model": MODEL,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop", "stop_reason": None}],
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": completion_tokens,
            "total_tokens": prompt_tokens + completion_tokens,
            "prompt_tokens_details": None,
        },
        "service_tier": None,
        "system_fingerprint": "fp_0123456789",
    }
    return msgspec.json.encode({"request": request, "response": response})
