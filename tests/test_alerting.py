"""What on-call gets: a real Prometheus with the rules as they ship, a real Alertmanager, a real monitor of a model that
is swapped; and the commands of the runbooks, run against them."""

import os
import re
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
from prometheus import ROOT, RULES, alerting, alertmanager_folder, on_each_prometheus, scraping, until

from monitor import demo
from monitor.verdict import Verdict

RUNBOOKS = sorted((ROOT / "docs" / "runbooks").glob("*.md"))
SWAPPED_FOR_SURE = 1_500
"""Exchanges of the recording after which the model has been swapped for long enough, and has not been put back."""


def with_alertmanager(test):
    absent = pytest.mark.skipif(alertmanager_folder() is None, reason="no prometheus-alertmanager: make parts")
    return pytest.mark.alertmanager(absent(test))


def hurried():
    """The rules with seconds instead of minutes to wait before and after: nothing else of them is changed."""
    for path in RULES:
        text = path.read_text()
        text = re.sub(r"\bfor: \d+[mh]", "for: 1s", text)
        yield re.sub(r"keep_firing_for: \d+[mh]", "keep_firing_for: 1s", text)


@contextmanager
def receiver():
    """A webhook: its URL, and the alerts that it was sent so far."""
    sent = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            sent.extend(msgspec.json.decode(body)["alerts"])
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Hook) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/", sent
        finally:
            server.shutdown()
            thread.join()


class Gate:
    """Lets a recording flow up to an exchange, and on when it is told to. 20 exchanges pass at each wait."""

    def __init__(self, hold_after):
        self._left = hold_after // 20
        self.reached, self.on = threading.Event(), threading.Event()

    def wait(self, _secs):
        self._left -= 1
        if self._left == 0:
            self.reached.set()
            assert self.on.wait(120)


@contextmanager
def on_call(prometheus_folder, tmp_path):
    """A swapped model under watch: addresses of the monitor, Prometheus and Alertmanager, the alerts that are sent,
    `renew`, which makes the monitor report again, and `restored`, which puts the model back and waits until the monitor
    has seen all."""
    gate = Gate(SWAPPED_FOR_SURE)
    with (
        receiver() as (hook, sent),
        alerting(alertmanager_folder(), hook, tmp_path / "alertmanager") as manager,
        demo.prepared(host="127.0.0.1", port=0, pause_secs=1e-9, wait=gate.wait) as monitor,
        monitor.serving() as server,
        scraping(
            prometheus_folder,
            f"127.0.0.1:{server.port}",
            tmp_path / "prometheus",
            rules=list(hurried()),
            alertmanager=manager,
        ) as prometheus,
    ):
        flow = threading.Thread(target=monitor.run)

        def restored():
            gate.on.set()
            flow.join()
            monitor.pipeline.idle()  # reports are a second apart, and much may have flowed since the last
            return monitor.board.latest().models[0].verdict

        flow.start()
        try:
            assert gate.reached.wait(120)
            monitor.pipeline.idle()
            yield SimpleNamespace(
                monitor=f"http://127.0.0.1:{server.port}",
                prometheus=prometheus.url,
                alertmanager=f"http://{manager}",
                sent=sent,
                restored=restored,
                renew=monitor.pipeline.idle,
            )
        finally:
            restored()


def of(sent, name, status):
    return [alert for alert in sent if alert["labels"]["alertname"] == name and alert["status"] == status]


@with_alertmanager
@on_each_prometheus
def test_a_swap_reaches_whoever_is_on_call_and_is_resolved(prometheus_folder, tmp_path):
    with on_call(prometheus_folder, tmp_path) as there:
        (alert, *_) = until(lambda: of(there.sent, "BehaviourUnexplained", "firing"), secs=60)
        assert alert["labels"].items() >= {"namespace": "demo", "model": demo.MODEL}.items()
        assert alert["labels"]["severity"] in ("critical", "warning")
        assert "instance" not in alert["labels"]
        said = alert["annotations"]["description"]
        assert re.match(rf"{demo.MODEL} in demo answers otherwise than the evaluated model did", said)
        assert re.search(r"It most likely began at \d{4}-\d\d-\d\d \d\d:\d\d", said)
        assert re.search(r"Evidence by \w+: 10\^\d+\.\d of 10\^\d+\.\d needed\.", said)
        assert there.restored() is Verdict.STEADY
        until(lambda: of(there.sent, "BehaviourUnexplained", "resolved"), secs=60)


def commands():
    """Each `sh` block of the runbooks as (page, script); what sets the addresses is set by the test."""
    for page in RUNBOOKS:
        for block in re.findall(r"^```sh\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL):
            if "export MONITOR=" not in block:
                yield page.stem, block


def place(folder):
    """A folder as the runbooks' reader has it: an evaluation, prompts of a new kind, the rules."""
    evaluation, _ = demo.recording()
    (folder / "evaluation.jsonl").write_bytes(b"\n".join(evaluation[:300]))
    (folder / "new-prompts.jsonl").write_bytes(b"\n".join(evaluation[300:]))
    (folder / "rules").mkdir()
    for path in RULES:
        (folder / "rules" / path.name).write_text(path.read_text())


@with_alertmanager
@pytest.mark.prometheus
def test_the_commands_of_the_runbooks_do_what_they_say(tmp_path):
    folder = alertmanager_folder()
    place(tmp_path)
    with on_call(folder, tmp_path) as there:
        until(lambda: of(there.sent, "BehaviourUnexplained", "firing"), secs=60)
        environment = os.environ | {
            "MONITOR": there.monitor,
            "PROMETHEUS": there.prometheus,
            "ALERTMANAGER": there.alertmanager,
            "MODEL": demo.MODEL,
            "PATH": f"{Path(sys.executable).parent}:{folder}:{os.environ['PATH']}",
        }
        said = {}
        for page, script in commands():
            there.renew()  # a report that is a minute old comes from a monitor that no longer looks
            for line in script.splitlines():
                done = subprocess.run(
                    ["bash", "-euo", "pipefail", "-c", line],
                    cwd=tmp_path,
                    env=environment,
                    capture_output=True,
                    text=True,
                    check=False,
                )
                program = line.split()[0]
                right = {"grep": (0, 1)}.get(program, (0,))  # what did not happen has no series
                if line.startswith("tidegauge verdict"):
                    right = (1,)  # which says that a model is unexplained
                assert done.returncode in right, f"{page}: {line}\n{done.stdout}{done.stderr}"
                said[page, program] = done.stdout
    assert "unexplained" in said["BehaviourUnexplained", "tidegauge"]
    assert demo.MODEL in said["BehaviourUnexplained", "curl"]
    assert "tidegauge_records_total" in said["NoTraffic", "grep"]
    assert demo.MODEL in said["README", "amtool"]
    assert "up" in said["MonitorBlind", "promtool"]
    assert "wiki.example.org" in (tmp_path / "rules" / "behaviour.yaml").read_text()
    assert (tmp_path / "baselines" / "support-bot-2" / "manifest.json").exists()


def test_series_that_the_runbooks_name_are_there():
    """Without the programs too."""
    known = (ROOT / "docs" / "api.md").read_text()
    for page in RUNBOOKS:
        for name, among in re.findall(r"tidegauge_(\w*)(?:\(([\w|]+)\))?", page.read_text()):
            for each in among.split("|"):
                assert f"`tidegauge_{name}{each}" in known, page.stem


@with_alertmanager
@pytest.mark.parametrize("page", RUNBOOKS, ids=lambda page: page.stem)
def test_an_alertmanager_takes_the_routes_of_the_runbooks(page, tmp_path):
    for n, block in enumerate(re.findall(r"^```yaml\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)):
        written = tmp_path / f"{n}.yml"
        written.write_text(block)
        done = subprocess.run(
            [alertmanager_folder() / "amtool", "check-config", written], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
