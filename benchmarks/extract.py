"""Microseconds per exchange that measuring costs, in all and per family, on one core.

    python -m benchmarks.extract [--json] [--data FILE.jsonl.gz ...] [--repeats 7]

The text is made from a word list in this file: paragraphs, lists, headings, code. With --data, answers come from the
field `response` of JSON lines instead. The last line of output is one JSON object.
"""

import argparse
import gzip
import itertools
import json
import os
import random
from collections.abc import Callable, Sequence
from pathlib import Path

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

from benchmarks.timing import best_secs
from monitor.batch import Batch
from monitor.extractors import EXTRACTORS
from monitor.interfaces import Extractor
from monitor.records import Exchange, Message

VOCABULARY = """
the of and to a in is that for it with as are be this by on or you can from an which your at not we more will these
their how first when also time may make use each some other one two three example such into while between however
during different following process important system model order number value function water people energy include
provide ensure consider create information experience company customer product service support question answer
possible several temperature measurement tide harbour station record instrument level pressure generally possibly
therefore understand development environment communication organisation responsibility
"""
WORDS = VOCABULARY.split()
CODE = """```python
def total(values):
    result = 0
    for value in values:
        result += value
    return result
```"""
PROMPT_CHARACTERS, ANSWER_CHARACTERS = 300, 1500


def sentence(rng: random.Random) -> str:
    words = [rng.choice(WORDS) for _ in range(rng.randint(6, 22))]
    if rng.random() < 0.1:
        words.insert(3, str(rng.randint(1, 2500)))
    text = " ".join(words).capitalize()
    return text.replace(" which ", ", which ") + rng.choice(".......?!:")


def block(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.55:
        return " ".join(sentence(rng) for _ in range(rng.randint(2, 5)))
    if kind < 0.85:
        bullet = rng.choice(("- ", "* ", "1. "))
        return "\n".join(f"{bullet}**{rng.choice(WORDS)}**: {sentence(rng)}" for _ in range(rng.randint(3, 6)))
    return f"## {rng.choice(WORDS).title()}" if kind < 0.93 else CODE


def text(rng: random.Random, characters: int, opening: str = "") -> str:
    parts = [opening] if opening else []
    while sum(map(len, parts)) < characters:
        parts.append(block(rng))
    return "\n\n".join(parts)[:characters]


def answers_made(rng: random.Random) -> list[str]:
    openings = ("Sure! Here is what you need to know.", "I'm sorry, but I cannot help with that.", "", "", "")
    return [text(rng, int(ANSWER_CHARACTERS * rng.uniform(0.4, 1.6)), rng.choice(openings)) for _ in range(2048)]


def answers_read(paths: Sequence[Path], most: int = 4096) -> list[str]:
    answers: list[str] = []
    for path in paths:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            answers += [json.loads(line)["response"] for line in itertools.islice(lines, most - len(answers))]
    return answers


def exchanges(answers: Sequence[str], rng: random.Random) -> list[Exchange]:
    system = text(rng, 600)
    return [
        Exchange(
            id=str(i),
            model="m",
            messages=(
                Message("system", system),
                Message("user", " ".join(sentence(rng) for _ in range(9))[:PROMPT_CHARACTERS]),
            ),
            response=answer,
            finish_reason="stop",
        )
        for i, answer in enumerate(answers)
    ]


def microseconds(measure: Callable[[Batch], object], batches: Sequence[Batch], repeats: int) -> float:
    """Best of several runs over all batches, per exchange."""
    return best_secs(measure, batches, repeats) / sum(map(len, batches)) * 1e6


def shared_parts(batch: Batch) -> None:
    """What families share: buffers, words, lines, histograms."""
    for texts in (batch.answer, batch.prompt, batch.system, batch.earlier):
        _ = texts.words
    _ = batch.answer.lines, batch.answer.histogram, batch.prompt.histogram


def timings(pool: Sequence[Exchange], size: int, repeats: int) -> dict[str, float]:
    parts: dict[str, Extractor] = {name: make() for name, make in EXTRACTORS.items()}
    cuts = [pool[i : i + size] for i in range(0, len(pool) - size + 1, size)]

    def everything(batch: Batch) -> None:
        fresh = Batch(batch.exchanges)
        for part in parts.values():
            part.measure(fresh)

    warm = [Batch(cut) for cut in cuts]
    result = {"all": microseconds(everything, warm, repeats)}
    result["batch"] = microseconds(lambda batch: shared_parts(Batch(batch.exchanges)), warm, repeats)
    for batch in warm:
        shared_parts(batch)
    return result | {name: microseconds(part.measure, warm, repeats) for name, part in parts.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print only the JSON object")
    parser.add_argument("--data", type=Path, nargs="*", default=[], help="gzipped JSON lines with a field `response`")
    parser.add_argument("--repeats", type=int, default=7)
    args = parser.parse_args()
    rng = random.Random(20)
    answers = answers_read(args.data) if args.data else answers_made(rng)
    pool = exchanges(answers, rng)
    result = {f"batch_{size}": timings(pool, size, args.repeats) for size in (32, 256)}
    rounded = {size: {name: round(us, 2) for name, us in row.items()} for size, row in result.items()}
    if not args.json:
        print(f"{'us per exchange':16}" + "".join(f"{size:>12}" for size in rounded))
        for name in rounded["batch_256"]:
            print(f"{name:16}" + "".join(f"{row[name]:12.2f}" for row in rounded.values()))
    bytes_ = sum(len(a.encode("utf-8", "surrogatepass")) for a in answers) / len(answers)
    print(json.dumps({"unit": "us per exchange", "answer_bytes": round(bytes_), **rounded}))


if __name__ == "__main__":
    main()
