"""What a monitor costs as a process that has nothing to do: the figures that requests, limits and probes are sized by.

    python -m benchmarks.process [--json] [--starts 5] [--idle-secs 30] [--kafka HOST:PORT] [--program COMMAND]

`start_secs`: from the start of the process until /healthz answers 200; of several starts the median and the best.
`start_cpu_secs`: the processor time of the start that took least: what else the machine does counts little.
`rss_mb`: resident memory after it has stood idle. `cpu_percent`: of one core, while it stands idle. `stop_secs`: from
SIGTERM until the process is gone, the longest of all stops. The monitor has one model, with the baseline of the demo,
and waits for a file to grow, or for a record in the topic `idle` of a Kafka.

The clock is the wall's, so what else the machine does counts; `load` is its load average of the last minute.
"""

import argparse
import os
import re
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import yaml

from monitor import demo

TOPIC = "idle"
_PROGRAM = (sys.executable, "-m", "monitor")
_LISTENS = re.compile(r"status page and series on port (\d+)")


class Figures(msgspec.Struct, frozen=True):
    start_secs: float
    best_start_secs: float
    start_cpu_secs: float
    rss_mb: float
    cpu_percent: float
    stop_secs: float
    load: float


def settings(folder: Path, kafka: str | None = None) -> Path:
    """Writes the settings of a monitor that finds nothing to do, with its baseline and an empty file of traffic, to the
    folder; their path."""
    demo.write_baseline(folder / "baseline")
    (folder / "traffic.jsonl").touch()
    (folder / "state").mkdir()
    source: dict[str, Any] = {"files": {"paths": [str(folder / "traffic.jsonl")], "follow": True}}
    if kafka is not None:
        source = {"kafka": {"bootstrap_servers": kafka, "topics": [TOPIC]}}
    tree = {
        "models": [{"name": demo.MODEL, "baseline": str(folder / "baseline")}],
        "sources": [source],
        "state": {"path": str(folder / "state")},
        "web": {"host": "127.0.0.1", "port": 0},
    }
    path = folder / "monitor.yaml"
    path.write_text(yaml.safe_dump(tree))
    return path


class Running:
    """A monitor in a process of its own, from the moment it answers /healthz; `start_secs` tells how long that took."""

    def __init__(self, program: Sequence[str], config: Path, **options: Any) -> None:
        begun = time.perf_counter()
        self._process = subprocess.Popen(
            [*program, "run", "--config", str(config)], stderr=subprocess.PIPE, text=True, **options
        )
        assert self._process.stderr is not None
        said = []
        for line in self._process.stderr:
            said.append(line)
            if found := _LISTENS.search(line):
                break
        else:
            raise SystemExit("".join(said))
        self.address = f"http://127.0.0.1:{found[1]}"
        with urllib.request.urlopen(f"{self.address}/healthz", timeout=30) as answer:
            assert answer.status == 200
        self.start_secs = time.perf_counter() - begun
        self.pid = self._process.pid

    def rss_mb(self) -> float:
        status = Path(f"/proc/{self.pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+)", status)[0]) / 1024

    def cpu_secs(self) -> float:
        """Processor time so far, of all threads, user and system."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> float:
        """Seconds from SIGTERM until it is gone."""
        begun = time.perf_counter()
        self._process.terminate()
        _, said = self._process.communicate(timeout=60)
        if self._process.returncode:
            raise SystemExit(said)
        return time.perf_counter() - begun


def measure(program: Sequence[str], config: Path, *, starts: int, settle_secs: float, idle_secs: float) -> Figures:
    started, computed, stopped = [], [], []
    for _ in range(starts):
        monitor = Running(program, config)
        started.append(monitor.start_secs)
        computed.append(monitor.cpu_secs())
        if len(started) == starts:
            time.sleep(settle_secs)
            before, begun = monitor.cpu_secs(), time.perf_counter()
            time.sleep(idle_secs)
            cpu = (monitor.cpu_secs() - before) / (time.perf_counter() - begun)
            rss = monitor.rss_mb()
        stopped.append(monitor.stop())
    return Figures(
        start_secs=round(statistics.median(started), 2),
        best_start_secs=round(min(started), 2),
        start_cpu_secs=round(min(computed), 2),
        rss_mb=round(rss, 1),
        cpu_percent=round(100 * cpu, 2),
        stop_secs=round(max(stopped), 2),
        load=round(os.getloadavg()[0], 1),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="nothing but one JSON object on standard output")
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--settle-secs", type=float, default=5.0, help="waited before it counts as idle")
    parser.add_argument("--idle-secs", type=float, default=30.0, help="for so long it is watched")
    parser.add_argument("--kafka", help="address of a Kafka with the topic idle; else a file is watched")
    parser.add_argument("--program", default=shlex.join(_PROGRAM), help="the command tidegauge that is measured")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tidegauge-bench-") as folder:
        figures = measure(
            shlex.split(args.program),
            settings(Path(folder), args.kafka),
            starts=args.starts,
            settle_secs=args.settle_secs,
            idle_secs=args.idle_secs,
        )
    if not args.json:
        print("one monitor, nothing to do:")
    print(msgspec.json.encode(figures).decode())


if __name__ == "__main__":
    main()
