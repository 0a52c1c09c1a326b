"""Texts per second that the sentence encoder makes vectors of, beside a plain loop over transformers.

    python -m benchmarks.embedding --data DIR --model FOLDER [--json] [--of both] [--texts 240] [--threads 2]

DIR holds `*.jsonl.gz` in the flat format; prompts, answers or both are drawn from them at random, each text once.
FOLDER is the folder of a sentence encoder that pools by the mean.

    loop, loop_one_thread
              one text after the other through tokenizer and model, in float32, torch on `threads` threads, and on
              one: threads of one text wait for each other at every layer, on a busy machine for longer than they
              compute. A long text is cut as the encoder cuts it, head and tail, or vectors could not be compared
    float32, bfloat16
              the encoder, nothing cached, the texts in batches as a worker would hand them on

Each runs in a process of its own and is warmed up; rounds take turns, so that what else the machine does falls on all.
`ratio` is of the seconds of best rounds, beside the faster of both loops; `loop_ratio` beside the loop on `threads`,
and `processor_ratio` of processor time, beside the loop that took less.
`cosine_error` is the largest 1 - cosine to the loop's vectors. `auto` is what the encoder would choose here. The last
line of output is one JSON object.
"""

import argparse
import gzip
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from monitor.formats import format_of
from monitor.networks import Choice, Encoder, Precision
from monitor.records import Record

LOOP, AUTO = "loop", "auto"
LOOPS = (LOOP, "loop_one_thread")
PRECISIONS = ("float32", "bfloat16")
BOTH, PROMPTS, ANSWERS = "both", "prompts", "answers"
HANDED = 256
"""Texts that the encoder is given at once."""

Vectors = NDArray[np.float32]


def read(folder: Path, of: str, count: int, seed: int) -> list[str]:
    decode = format_of("jsonl").decode
    found: dict[str, None] = {}
    for path in sorted(folder.glob("*.jsonl.gz")):
        with gzip.open(path) as lines:
            for number, line in enumerate(lines):
                exchange = decode(Record(line, path.name, number))
                prompt, answer = exchange.messages[-1].content, exchange.response
                found |= dict.fromkeys({PROMPTS: (prompt,), ANSWERS: (answer,), BOTH: (prompt, answer)}[of])
    texts = [text for text in found if text.strip()]
    if not texts:
        sys.exit(f"no texts in {folder}/*.jsonl.gz")
    return [texts[i] for i in np.random.default_rng(seed).permutation(len(texts))[:count]]


def loop(folder: str, threads: int) -> Callable[[Sequence[str]], Vectors]:
    """What anyone would write first, but for the middle of a long text."""
    import torch  # noqa: PLC0415 - the extra, and only in the process that measures it
    from transformers import AutoModel, AutoTokenizer  # noqa: PLC0415

    torch.set_num_threads(threads)
    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).float().eval()
    said = Path(folder, "sentence_bert_config.json")
    most = json.loads(said.read_bytes())["max_seq_length"] if said.exists() else 512

    def one(text: str) -> Any:
        ids = tokenizer(text, truncation=False, padding=False, verbose=False)["input_ids"]
        if len(ids) > most:
            ids = ids[: 1 + (most - 1) // 2] + ids[-1 - (most - 2) // 2 :]
        tokens = torch.tensor([ids])
        hidden = model(input_ids=tokens, attention_mask=torch.ones_like(tokens)).last_hidden_state
        return torch.nn.functional.normalize(hidden.mean(dim=1), dim=1)[0]

    def all_of(texts: Sequence[str]) -> Vectors:
        with torch.inference_mode():
            return np.stack([one(text).numpy() for text in texts])

    return all_of


def encoder(folder: str, threads: int, precision: str) -> Callable[[Sequence[str]], Vectors]:
    choice = Choice(folder, offline=True, device="cpu", precision=Precision(precision), threads=threads)
    made = Encoder(choice, cached=0)
    return lambda texts: np.concatenate([made.encode(texts[i : i + HANDED]) for i in range(0, len(texts), HANDED)])


def measure(name: str, folder: str, threads: int, work: Path) -> None:
    """In a process of its own: reads the texts from `work`, leaves the vectors there, prints one JSON line."""
    texts = json.loads((work / "texts.json").read_bytes())
    made = loop(folder, threads if name == LOOP else 1) if name in LOOPS else encoder(folder, threads, name)
    made(texts[:8])
    start, used = time.perf_counter(), time.process_time()
    vectors = made(texts)
    secs, processor_secs = time.perf_counter() - start, time.process_time() - used
    np.save(work / f"{name}.npy", vectors, allow_pickle=False)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"secs": secs, "processor_secs": processor_secs, "peak_rss_mb": round(peak_mb)}))


def in_turn(args: argparse.Namespace, texts: Sequence[str], work: Path, aside: Console) -> dict[str, Any]:
    (work / "texts.json").write_text(json.dumps(texts))
    names = (*LOOPS, *PRECISIONS)
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in names}
    for number in range(args.rounds):
        for name in names:
            command = [sys.executable, "-m", "benchmarks.embedding", "--measure", name, "--work", str(work)]
            command += ["--model", str(args.model), "--threads", str(args.threads)]
            environment = os.environ | {"HF_HUB_OFFLINE": "1"}
            ran = subprocess.run(command, stdout=subprocess.PIPE, env=environment, check=True)
            rounds[name].append(json.loads(ran.stdout.splitlines()[-1]))
            aside.print(f"round {number + 1}, {name}: {rounds[name][-1]['secs']:.1f} s", highlight=False)
    return {name: summary(name, rounds, len(texts), work) for name in names}


def summary(name: str, rounds: dict[str, list[dict[str, float]]], n: int, work: Path) -> dict[str, Any]:
    def best(what: str, *of: str) -> float:
        return min(each[what] for one in of for each in rounds[one])

    secs, processor_secs = best("secs", name), best("processor_secs", name)

    out: dict[str, Any] = {
        "texts_per_sec": round(n / secs, 1),
        "processor_ms_per_text": round(1000 * processor_secs / n, 2),
        "peak_rss_mb": max(each["peak_rss_mb"] for each in rounds[name]),
    }
    if name in LOOPS:
        return out
    cosine = np.einsum("nd,nd->n", *(np.load(work / f"{each}.npy").astype(np.float64) for each in (LOOP, name)))
    return out | {
        "ratio": round(best("secs", *LOOPS) / secs, 2),
        "loop_ratio": round(best("secs", LOOP) / secs, 2),
        "processor_ratio": round(best("processor_secs", *LOOPS) / processor_secs, 2),
        "cosine_error": float(f"{max(0.0, 1 - cosine.min()):.2g}"),
    }


def described(args: argparse.Namespace, texts: Sequence[str]) -> dict[str, Any]:
    made = Encoder(Choice(str(args.model), offline=True, device="cpu", threads=args.threads))
    lengths = made.lengths(texts)
    return {
        "of": args.of,
        "texts": len(texts),
        "tokens_median": float(np.median(lengths)),
        "cut_ratio": round(float(np.mean(lengths == made.most_tokens)), 3),
        "threads": made.threads,
        AUTO: str(made.precision),
    }


def show(found: dict[str, Any], console: Console) -> None:
    table = Table("", "texts/s", "ratio", "processor ratio", "cosine error", "peak MB")
    for name, row in found.items():
        cells = [
            row.get(key, "–") for key in ("texts_per_sec", "ratio", "processor_ratio", "cosine_error", "peak_rss_mb")
        ]
        table.add_row(name, *map(str, cells))
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder of *.jsonl.gz")
    parser.add_argument("--model", type=Path, required=True, help="folder of a sentence encoder")
    parser.add_argument("--json", action="store_true", help="print only the JSON object")
    parser.add_argument("--of", choices=(BOTH, PROMPTS, ANSWERS), default=BOTH)
    parser.add_argument("--texts", type=int, default=240)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.measure:
        measure(args.measure, str(args.model), args.threads, args.work)
        return
    if args.data is None:
        parser.error("--data is needed")
    aside = Console(stderr=True)
    texts = read(args.data, args.of, args.texts, args.seed)
    about = described(args, texts)
    with tempfile.TemporaryDirectory(prefix="tidegauge-bench-") as work:
        found = in_turn(args, texts, Path(work), aside)
    if not args.json:
        show(found, Console())
    print(json.dumps(about | found))


if __name__ == "__main__":
    main()
