"""A real Prometheus and a real Alertmanager for tests: found, started on a free port, asked, stopped."""

import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest
import yaml

ROOT = Path(__file__).parents[1]
RULES = sorted((ROOT / "dashboards" / "prometheus").glob("*.yaml"))
"""The files of alerting and recording rules that ship."""


def groups():
    """The groups of rules that ship."""
    return [group for path in RULES for group in yaml.safe_load(path.read_text())["groups"]]


def alerts():
    """The alerting rules that ship."""
    return [rule for group in groups() for rule in group["rules"] if "alert" in rule]


def folders():
    """Folders that hold `prometheus` and `promtool`: those of PROMETHEUS_BIN, else that of PATH, else the unpacked
    Debian package; a test that takes them as parameters runs on each, or skips itself when there is none."""
    named = [Path(folder) for folder in os.environ.get("PROMETHEUS_BIN", "").split(":") if folder]
    if not named and (found := shutil.which("prometheus")) and shutil.which("promtool"):
        named = [Path(found).parent]
    unpacked = ROOT / ".cache" / "debian" / "usr" / "bin"
    if not named and (unpacked / "prometheus").exists():
        named = [unpacked]
    if not named:
        absent = pytest.mark.skip(reason="no prometheus: make parts")
        return [pytest.param(None, id="absent", marks=absent)]
    return [pytest.param(folder, id=str(i)) for i, folder in enumerate(named)]


def on_each_prometheus(test):
    """Runs the test, which takes `prometheus_folder`, on each Prometheus there is."""
    return pytest.mark.prometheus(pytest.mark.parametrize("prometheus_folder", folders())(test))


def until(condition, *, secs=30.0, every=0.05):
    """The first true value of `condition()`. Fails when there is none after `secs`."""
    never, deadline = Event(), time.monotonic() + secs
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"not so within {secs:.0f} s; last: {value!r}"
        never.wait(every)


class Prometheus:
    def __init__(self, url):
        self.url = url

    def query(self, expression):
        """The instant vector of a PromQL expression: a list of (labels, value)."""
        with urllib.request.urlopen(
            f"{self.url}/api/v1/query?{urllib.parse.urlencode({'query': expression})}", timeout=5
        ) as r:
            return [(row["metric"], float(row["value"][1])) for row in json.load(r)["data"]["result"]]

    def ready(self):
        """Whether it answers queries: it listens before it has opened its storage, and says 503 until then."""
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=5):
                return True
        except urllib.error.HTTPError:
            return False


@contextmanager
def scraping(folder, target, data, *, rules=(), alertmanager=None):
    """A Prometheus that scrapes `target` (host:port, several separated by commas) every half second and keeps its data
    under the folder `data`. `rules` are texts of rules files, evaluated as often; alerts go to `alertmanager`
    (host:port)."""
    data.mkdir(parents=True, exist_ok=True)
    for i, text in enumerate(rules):
        (data / f"rules-{i}.yml").write_text(text)
    alerting = f"alerting: {{alertmanagers: [{{static_configs: [{{targets: ['{alertmanager}']}}]}}]}}\n"
    (data / "prometheus.yml").write_text(
        "global: {scrape_interval: 500ms, evaluation_interval: 500ms}\n"
        "rule_files: ['rules-*.yml']\n"
        f"{alerting if alertmanager else ''}"
        "scrape_configs:\n"
        "  - job_name: tidegauge\n"
        "    honor_labels: true\n"
        f"    static_configs: [{{targets: {json.dumps(target.split(','))}}}]\n"
    )
    command = [folder / "prometheus", f"--config.file={data / 'prometheus.yml'}"]
    command += [f"--storage.tsdb.path={data / 'tsdb'}", "--web.listen-address=127.0.0.1:0", "--log.level=info"]
    with _started(command, data / "prometheus.log") as port:
        prometheus = Prometheus(f"http://127.0.0.1:{port}")
        until(prometheus.ready)
        yield prometheus


def alertmanager_folder():
    """The folder that holds `prometheus-alertmanager` and `amtool`; None where there is none."""
    if (found := shutil.which("prometheus-alertmanager")) and shutil.which("amtool"):
        return Path(found).parent
    unpacked = ROOT / ".cache" / "debian" / "usr" / "bin"
    return unpacked if (unpacked / "prometheus-alertmanager").exists() else None


@contextmanager
def alerting(folder, webhook, data):
    """An Alertmanager that sends what comes, grouped by namespace and model, to the URL `webhook`; its host:port."""
    data.mkdir(parents=True, exist_ok=True)
    (data / "alertmanager.yml").write_text(
        "route: {receiver: hook, group_by: [namespace, model], group_wait: 100ms, group_interval: 200ms}\n"
        f"receivers: [{{name: hook, webhook_configs: [{{url: '{webhook}', send_resolved: true}}]}}]\n"
    )
    command = [folder / "prometheus-alertmanager", f"--config.file={data / 'alertmanager.yml'}"]
    command += [f"--storage.path={data / 'alertmanager'}", "--cluster.listen-address="]
    command += ["--web.listen-address=127.0.0.1:0"]
    share = folder.parent / "share"
    if share != Path("/usr/share"):  # unpacked, not installed: it wants its templates where Debian puts them
        command = ["unshare", "-rm", "sh", "-c", 'mount --bind "$0" /usr/share && exec "$@"', share, *command]
    with _started(command, data / "alertmanager.log") as port:
        yield f"127.0.0.1:{port}"


@contextmanager
def _started(command, said):
    """The port of a program that listens on one of its choice and writes what it says to the file `said`; it ends with
    the block."""
    with said.open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    try:
        yield until(lambda: _port(process))
    finally:
        process.terminate()
        process.wait(timeout=30)


def _port(process):
    """The port on which the process listens, read from the kernel, since it chose a free one; None before it does."""
    assert process.poll() is None, "it ended at once"
    own = set()
    for link in Path(f"/proc/{process.pid}/fd").iterdir():
        try:
            own.add(os.readlink(link))
        except FileNotFoundError:
            continue
    for row in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = row.split()
        if fields[3] == "0A" and f"socket:[{fields[9]}]" in own:
            return int(fields[1].rpartition(":")[2], 16)
    return None
