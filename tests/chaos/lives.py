"""The command `tidegauge run` as a process that may be killed at any moment, and what it leaves behind."""

import json
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from monitor.state import State

ROOT = Path(__file__).parents[2]
PATIENCE_SECS = 120.0


def until(done, what):
    """The first value of `done()` that is true."""
    deadline = time.monotonic() + PATIENCE_SECS
    while not (value := done()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {PATIENCE_SECS:.0f} s in vain: {what}")
        time.sleep(0.002)
    return value


class Life:
    """One life of the monitor in `folder`, which holds its settings and its state: from its start to its end."""

    def __init__(self, folder):
        self._log = folder / f"log-{len(list(folder.glob('log-*')))}"
        self._wal = folder / "state" / "tidegauge.db-wal"
        command = [sys.executable, "-m", "monitor", "run", "-c", str(folder / "monitor.yaml")]
        env = os.environ | {"PYTHONFAULTHANDLER": "1"}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log, start_new_session=True, env=env)
        self._url = None

    def kill(self):
        """As the kernel does when memory is short."""
        self.check()
        os.killpg(self._process.pid, signal.SIGKILL)
        assert self._process.wait(timeout=30) == -signal.SIGKILL, self.said()

    def kill_in_a_save(self, after_secs):
        """The log in front of the state file changes as soon as a transaction is being written; so long after that."""
        self.url()  # opening the state changes it too
        before, deadline = self._written(), time.monotonic() + PATIENCE_SECS
        while self._written() == before:  # without a pause: a save takes milliseconds
            assert time.monotonic() < deadline, f"no save began: {self.said()}"
        began = time.monotonic()
        while time.monotonic() < began + after_secs:
            pass
        self.kill()

    def stop(self):
        """As Kubernetes does."""
        self._process.send_signal(signal.SIGTERM)
        try:
            assert self._process.wait(timeout=30) == 0, self.said()
        except subprocess.TimeoutExpired:
            self._process.send_signal(signal.SIGABRT)  # has every thread say where it is
            self._process.wait(timeout=30)
            raise AssertionError(f"does not stop: {self.said()}") from None

    def end(self):
        """Whatever it does: for the end of a test that failed."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def check(self):
        assert self._process.poll() is None, f"ended by itself: {self.said()}"

    def said(self):
        return self._log.read_text()[-4000:]

    def url(self):
        """Known when the state is open and nothing is read yet."""
        if self._url is None:
            port = until(lambda: self.check() or re.search(r"series on port (\d+)", self.said()), "no port was named")
            self._url = f"http://127.0.0.1:{port[1]}"
        return self._url

    def get(self, path):
        with urllib.request.urlopen(self.url() + path, timeout=10) as answer:
            return answer.read().decode()

    def api(self):
        return {name: json.loads(self.get(f"/api/v1/{name}")) for name in ("verdicts", "incidents", "signals")}

    def counters(self):
        """Series that count records, exchanges and incidents, with their labels."""
        lines = re.findall(r"^(tidegauge_\w+_total\{.*\}) (\S+)$", self.get("/metrics"), re.MULTILINE)
        return {name: float(value) for name, value in lines}

    def records(self):
        return sum(n for name, n in self.counters().items() if name.startswith("tidegauge_records_total{"))

    def _written(self):
        try:
            return self._wal.stat().st_mtime_ns
        except FileNotFoundError:
            return None


def left_behind(folder):
    """What a dead monitor's state folder holds, read from a copy: opening the state repairs it."""
    copy = folder / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    if (folder / "state").exists():
        shutil.copytree(folder / "state", copy)
    state = State(copy)
    try:
        return state.load(), state.dead_letters()
    finally:
        state.close()


def was_cut_in_a_save(folder):
    """Whether the write-ahead log ends with a transaction without its end."""
    wal = folder / "state" / "tidegauge.db-wal"
    log = wal.read_bytes() if wal.exists() else b""
    if len(log) < 32:
        return False
    page_size, salts = struct.unpack(">I", log[8:12])[0], log[16:24]
    cut = False
    for at in range(32, len(log) - 23, 24 + page_size):
        _, pages_after_commit = struct.unpack(">II", log[at : at + 8])
        if log[at + 8 : at + 16] != salts:  # written before the log began anew
            break
        cut = pages_after_commit == 0
    return cut
