"""The measuring process of benchmarks/ingest.py: one way of reading a topic, timed, on one core.

python -m benchmarks.one_core TASK          a Task as JSON; prints a Cost as JSON
"""

import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Literal

import msgspec

from benchmarks.traffic import MODEL
from monitor.formats import FORMATS
from monitor.interfaces import Source
from monitor.pipeline import Feed
from monitor.records import Position, RecordBatch
from monitor.service import Monitor
from monitor.settings import Settings
from monitor.sources.kafka import KafkaSource
from monitor.telemetry import Outcome

FORMAT = "auto"  # the default of the settings
ALMOST_NONE_PER_SEC = 1e-6
NO_MOVES = {"false_pages_per_month": 1e-12, "exchanges_per_month": 1e6}
"""No evidence reaches such a threshold. A recording repeated a hundred times is no fresh traffic, and a detector that
reports a move stops learning, which is cheaper."""

Way = Literal["floor", "measured", "left_out"]
"""Fetched and decoded, nothing else; everything measured; everything but a trace left out by the sampler."""


class Task(msgspec.Struct, frozen=True):
    """`warm` records are read before the clocks start, then at least `count` are timed. `core` None pins nothing."""

    way: Way
    bootstrap: str
    topic: str
    group: str
    baseline: str
    warm: int
    count: int
    core: int | None


class Cost(msgspec.Struct, frozen=True):
    """Of the timed records: how many, and the seconds of processor time (all threads, user and system) and of the wall
    that they took. Peak memory is that of the process' whole life."""

    records: int
    cpu_secs: float
    wall_secs: float
    peak_rss_mb: float
    verdict: str | None = None


class Timed:
    """A source that reads the clocks when the reader has dealt with `warm` records, and again at least `count` later;
    then it ends. The topic must hold more: fetching ahead is then under way at both ends alike."""

    name = "kafka"

    def __init__(self, source: Source, task: Task) -> None:
        self._source, self._task = source, task
        self.marks: list[tuple[int, float, float]] = []

    def batches(self, start: Position) -> Iterator[RecordBatch]:
        dealt_with, next_mark = 0, self._task.warm
        with closing(self._source.batches(start)) as batches:  # type: ignore[type-var]
            for batch in batches:
                yield batch
                dealt_with += len(batch.records)
                if dealt_with >= next_mark:
                    self.marks.append((dealt_with, time.process_time(), time.perf_counter()))
                    next_mark = dealt_with + self._task.count
                    if len(self.marks) == 2:
                        return

    def commit(self, position: Position) -> None:
        self._source.commit(position)

    def lag(self) -> Mapping[str, int]:
        return self._source.lag()

    def close(self) -> None:
        self._source.close()


def run(task: Task) -> Cost:
    source = Timed(
        KafkaSource(
            bootstrap_servers=task.bootstrap.split(","),
            topics=[task.topic],
            group_id=task.group,
            auto_offset_reset="earliest",
        ),
        task,
    )
    verdict = None
    if task.way == "floor":
        _decoded(source)
    else:
        verdict = _through_the_product(source, task)
    (before, *begin), (after, *end) = source.marks
    cpu, wall = (y - x for x, y in zip(begin, end, strict=True))
    return Cost(after - before, cpu, wall, peak_rss_mb(), verdict)


def _decoded(source: Timed) -> None:
    decode = FORMATS[FORMAT]().decode
    for batch in source.batches({}):
        for record in batch.records:
            decode(record)


def _through_the_product(source: Timed, task: Task) -> str:
    """The monitor that `tidegauge run` runs, state on disk included, without its web face: nobody asks it here."""
    target = ALMOST_NONE_PER_SEC if task.way == "left_out" else None
    with tempfile.TemporaryDirectory(prefix="tidegauge-bench-") as folder:
        settings = Settings.model_validate(
            {
                "models": [{"name": MODEL, "baseline": task.baseline, **NO_MOVES}],
                "sources": [{"kafka": {"bootstrap_servers": task.bootstrap, "topics": [task.topic]}}],
                "sampling": {"target_per_sec": target},
                "state": {"path": Path(folder)},
            }
        )
        monitor = Monitor(settings, {source.name: Feed(source, FORMATS[FORMAT]())})
        monitor.run()
        report = monitor.pipeline.report()
    measured = report.records.get((source.name, str(Outcome.MEASURED)), 0)
    read = sum(report.records.values())
    assert measured == read if task.way == "measured" else measured <= task.warm, f"{measured} of {read} were measured"
    return str(report.models[0].verdict)


def peak_rss_mb() -> float:
    """Of this program alone: where Linux tells it, since getrusage also counts what stood here before `exec`."""
    status = Path("/proc/self/status")
    if status.exists():
        kib = next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(kib) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 1024)


def main() -> None:
    task = msgspec.json.decode(sys.argv[1], type=Task)
    if task.core is not None:
        os.sched_setaffinity(0, {task.core})  # before the client's own thread starts: it inherits the core
    print(msgspec.json.encode(run(task)).decode())


if __name__ == "__main__":
    main()
