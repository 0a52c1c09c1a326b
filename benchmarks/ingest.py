"""What one core does from Kafka's bytes to the detectors' state, in records per second.

    python -m benchmarks.ingest [--json] [--rounds 5] [--records 30000] [--partitions 4]

Needs KAFKA_HOME and Java 17, or KAFKA_BOOTSTRAP_SERVERS. A topic is filled with chat completions with answers of about
1.5 kB. Three ways of reading it take turns, each in a fresh process that is pinned to one core; the broker is kept off
that core where there are two:

    floor      the source and the format: fetched, checked, decoded, then dropped
    measured   the monitor as `tidegauge run` runs it, every exchange measured, the state saved to disk and committed
    left out   the same monitor, its sampler leaving out all but a trace

Rates are records per second of processor time: user and system time of all threads of the process, the Kafka client's
included, so they do not depend on how fast the broker is or on who else uses the machine. `wall` gives the same per
second of the clock, waiting for the broker and for the disk included: with the core to itself it comes close. Figures
are medians over rounds. `skip_ratio` is the cost of a record that is left out over the floor's, round by round.
The last line of output is one JSON object.
"""

import argparse
import json
import os
import runpy
import statistics
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, get_args

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

import msgspec
from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient, NewTopic
from rich.console import Console
from rich.table import Table

from benchmarks.one_core import Cost, Task, Way
from benchmarks.traffic import evaluation_records, traffic_records

ROOT = Path(__file__).parents[1]
WARM = 3_000
AHEAD = 24_000
"""Records that the topic holds beyond those that are timed: what the client fetches ahead at most."""

LONGER = 4
"""The two ways that do little are timed over so many times the records, or they would be over in an instant."""

AIMS: Mapping[str, tuple[str, Callable[[float], bool]]] = {
    "exchanges_per_sec": ("at least 5,000", lambda x: x >= 5_000),
    "skip_ratio": ("at most 1.5", lambda x: x <= 1.5),
    "peak_rss_mb": ("below 250", lambda x: x < 250),
}


def cores() -> tuple[int | None, set[int]]:
    """The core to measure on, and those for everything else; None and none where processes cannot be pinned."""
    if not hasattr(os, "sched_getaffinity"):
        return None, set()
    allowed = os.sched_getaffinity(0)
    core = max(allowed)
    return core, (allowed - {core}) or allowed


@contextmanager
def broker() -> Iterator[str]:
    """Address of the broker that is given, else of one of our own, on the cores that this process has."""
    if given := os.environ.get("KAFKA_BOOTSTRAP_SERVERS"):
        yield given
        return
    parts = runpy.run_path(str(ROOT / "tests/kafka/broker.py"))
    home = parts["kafka_home"]()
    if home is None:
        sys.exit("no broker: set KAFKA_BOOTSTRAP_SERVERS, or KAFKA_HOME (`make kafka-home`) with Java 17 on PATH")
    with parts["KafkaBroker"](home) as own:
        yield own.bootstrap


def build_baseline(folder: Path) -> None:
    """`folder`/baseline, as a user builds one."""
    (folder / "evaluation.jsonl").write_bytes(b"\n".join(evaluation_records()))
    command = f"baseline build {folder}/evaluation.jsonl --out {folder}/baseline --json".split()
    subprocess.run([sys.executable, "-m", "monitor", *command], stdout=subprocess.DEVNULL, check=True)


@contextmanager
def topic(bootstrap: str, records: int, partitions: int) -> Iterator[tuple[str, float]]:
    """A topic full of traffic, and the mean size of its records in bytes. Deleted in the end."""
    name = f"tidegauge-bench-{uuid.uuid4().hex[:12]}"
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    admin.create_topics([NewTopic(name, partitions, 1)])
    try:
        producer = KafkaProducer(bootstrap_servers=bootstrap, linger_ms=20, batch_size=2**17, acks=1)
        size = 0
        for i, value in enumerate(traffic_records(records)):
            producer.send(name, value, partition=i % partitions)
            size += len(value)
        producer.close()
        yield name, size / records
    finally:
        admin.delete_topics([name])
        admin.close()


def measure(task: Task) -> Cost:
    command = [sys.executable, "-m", "benchmarks.one_core", msgspec.json.encode(task).decode()]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return msgspec.json.decode(done.stdout, type=Cost)


def rounds(task: Task, count: int) -> Iterator[Mapping[str, Cost]]:
    """Each round measures every way once, so that a slow minute of the machine meets them all."""
    for number in range(count):
        yield {
            way: measure(
                msgspec.structs.replace(
                    task,
                    way=way,
                    group=f"{task.topic}-{way}-{number}",
                    count=task.count if way == "measured" else LONGER * task.count,
                )
            )
            for way in get_args(Way)
        }


def rate(costs: Sequence[Mapping[str, Cost]], way: Way, clock: str = "cpu_secs") -> float:
    """Records per second, the median over rounds."""
    return statistics.median(float(each[way].records / getattr(each[way], clock)) for each in costs)


def summary(costs: Sequence[Mapping[str, Cost]], record_bytes: float) -> dict[str, Any]:
    per_record = [{way: cost.cpu_secs / cost.records for way, cost in each.items()} for each in costs]
    measured = [each["measured"] for each in costs]
    return {
        "exchanges_per_sec": round(rate(costs, "measured")),
        "floor_per_sec": round(rate(costs, "floor")),
        "skip_ratio": round(statistics.median(each["left_out"] / each["floor"] for each in per_record), 3),
        "peak_rss_mb": round(max(cost.peak_rss_mb for cost in measured), 1),
        "left_out_per_sec": round(rate(costs, "left_out")),
        "wall": {way: round(rate(costs, way, "wall_secs")) for way in get_args(Way)},
        "lowest_and_highest": [round(pick(c.records / c.cpu_secs for c in measured)) for pick in (min, max)],
        "rounds": len(costs),
        "records": measured[0].records,
        "record_bytes": round(record_bytes),
        "verdict": measured[0].verdict,
        "per": "second of processor time, all threads, user and system",
    }


def table(result: Mapping[str, Any]) -> Table:
    out = Table("figure", "value", "aim", "", box=None)
    for name in ("exchanges_per_sec", "floor_per_sec", "skip_ratio", "peak_rss_mb"):
        aim, met = AIMS.get(name, ("", None))
        out.add_row(name, f"{result[name]:,}", aim, "" if met is None else ("missed", "met")[met(result[name])])
    for way, per_sec in result["wall"].items():
        out.add_row(f"by the clock: {way}", f"{per_sec:,}", "", "")
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print only the JSON object")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--records", type=int, default=30_000, help="exchanges measured in each round")
    parser.add_argument("--partitions", type=int, default=4)
    args = parser.parse_args()
    core, others = cores()
    if others:
        os.sched_setaffinity(0, others)  # the broker inherits them
    with tempfile.TemporaryDirectory(prefix="tidegauge-bench-") as folder, broker() as bootstrap:
        build_baseline(Path(folder))
        longest = LONGER * args.records
        with topic(bootstrap, WARM + longest + min(longest, AHEAD), args.partitions) as (name, record_bytes):
            task = Task("floor", bootstrap, name, name, f"{folder}/baseline", WARM, args.records, core)
            result = summary(list(rounds(task, args.rounds)), record_bytes)
    if not args.json:
        Console().print(table(result))
    print(json.dumps(result))


if __name__ == "__main__":
    main()
