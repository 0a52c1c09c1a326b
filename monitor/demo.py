"""`tidegauge demo`: recorded exchanges of a real model through the whole pipeline, in accelerated time.

First the users ask other things, which the model answers as before (`explained`), then the model is swapped for a
fine-tune of it (`unexplained`), then all is as before. How the recording was made: examples/recording.
"""

import gzip
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import msgspec

from monitor import baseline
from monitor.baseline import Gauge
from monitor.formats import FORMATS
from monitor.pipeline import Feed
from monitor.records import Position, Record, RecordBatch
from monitor.report import ModelReport
from monitor.service import Monitor
from monitor.settings import Settings

MODEL = "support-bot"
_BATCH = 20


class _Phase(msgspec.Struct):
    phase: str


class Recording:
    """The recording as a source: phases after `baseline` in order, a batch at a time, `pause_secs` apart."""

    name = "recording"

    def __init__(self, lines: Sequence[bytes], *, pause_secs: float, wait: Callable[[float], object]) -> None:
        self._lines, self._pause_secs, self._wait = lines, pause_secs, wait
        self._closed = False

    def batches(self, start: Position) -> Iterator[RecordBatch]:
        for first in range(start.get(self.name, 0), len(self._lines), _BATCH):
            if self._closed:
                return
            lines = self._lines[first : first + _BATCH]
            records = [Record(line, self.name, first + i) for i, line in enumerate(lines)]
            yield RecordBatch(records, {self.name: first + len(lines)})
            if self._pause_secs:
                self._wait(self._pause_secs)

    def commit(self, position: Position) -> None:
        """Nothing to forget: a recording stays."""

    def lag(self) -> Mapping[str, int]:
        return {}

    def close(self) -> None:
        self._closed = True


def recording() -> tuple[list[bytes], list[bytes]]:
    """The recorded lines: those of the evaluation run, and those that then flow as traffic."""
    raw = files("monitor").joinpath("recordings", "support.jsonl.gz").read_bytes()
    lines = gzip.decompress(raw).splitlines()
    phase = msgspec.json.Decoder(_Phase)
    evaluation = [line for line in lines if phase.decode(line).phase == "baseline"]
    return evaluation, lines[len(evaluation) :]


def write_baseline(place: Path) -> None:
    """Builds the baseline of the recording's evaluation run in the folder, which is not there yet."""
    decode = FORMATS["jsonl"]().decode
    exchanges = [decode(Record(line, "evaluation", i)) for i, line in enumerate(recording()[0])]
    baseline.write(baseline.build(exchanges, model=MODEL, data={}, gauge=Gauge.standard()), place)


@contextmanager
def prepared(*, host: str, port: int, pause_secs: float, wait: Callable[[float], object]) -> Iterator[Monitor]:
    """A monitor over the recording, its baseline built in a temporary folder that lasts as long as the context."""
    with tempfile.TemporaryDirectory(prefix="tidegauge-demo-") as folder:
        place = Path(folder) / "baseline"
        write_baseline(place)
        settings = Settings.model_validate(
            {
                "namespace": "demo",
                "models": [{"name": MODEL, "baseline": place, "exchanges_per_month": 20_000}],
                "sources": [{"files": {"paths": ["recording"]}}],
                "state": {"path": None},
                "web": {"host": host, "port": port},
            }
        )
        source = Recording(recording()[1], pause_secs=pause_secs, wait=wait)
        yield Monitor(settings, {Recording.name: Feed(source, FORMATS["jsonl"]())})


def verdicts(report: ModelReport) -> list[dict[str, object]]:
    """The course of the verdicts as plain data, the last one until the last exchange."""
    return [
        {"verdict": str(s.verdict), "from_exchange": s.from_exchange, "to_exchange": s.to_exchange or report.exchanges}
        for s in report.spans
    ]


def headless() -> dict[str, object]:
    """Runs the demo at full speed without a server; the verdicts and the seconds that all of it took."""
    start = time.monotonic()
    with prepared(host="127.0.0.1", port=0, pause_secs=0.0, wait=lambda _: None) as monitor:
        monitor.run()
        report = monitor.board.latest()
    assert report is not None
    return {"verdicts": verdicts(report.models[0]), "seconds": round(time.monotonic() - start, 2)}
