"""The compose example without an engine: each of its files by the program that reads it, and its traffic through a real
Kafka into a monitor with its settings."""

import json
import os
import re
import subprocess
import sys
import threading
import urllib.request
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest
import yaml
from image.tools import tool
from prometheus import ROOT, RULES, alertmanager_folder, alerts, on_each_prometheus, until

from benchmarks.process import Running
from examples.compose.pager import Pager
from monitor.demo import MODEL

COMPOSE = ROOT / "examples" / "compose"


def loaded(name):
    return yaml.safe_load((COMPOSE / name).read_text())


@pytest.fixture(scope="module")
def services():
    """As docker-compose itself understands them."""
    command = [tool("compose/docker-compose"), "-f", COMPOSE / "compose.yaml", "config", "--format", "json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)["services"]


@pytest.mark.image
def test_docker_compose_takes_it_and_everything_that_is_mounted_exists(services):
    bound = [v for service in services.values() for v in service.get("volumes", ()) if v["type"] == "bind"]
    assert len(bound) >= 8
    for volume in bound:
        assert Path(volume["source"]).exists(), volume["source"]
        assert volume["read_only"]
    mounted = {Path(volume["source"]) for volume in bound}
    files = {path for path in COMPOSE.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert files - mounted == {COMPOSE / "compose.yaml", COMPOSE / "README.md"}


@pytest.mark.image
def test_images_are_of_a_version_and_ports_are_free_for_each(services):
    ours = {name for name, service in services.items() if service["image"] == "tidegauge:base"}
    assert ours == {"prepare", "monitor", "replayer", "pager"}
    for name, service in services.items():
        if name not in ours:
            assert re.search(r":v?\d+\.\d+\.\d+$", service["image"])
        else:
            assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
            assert Path(service["build"]["context"]) == ROOT
    ports = [port["published"] for service in services.values() for port in service.get("ports", ())]
    assert sorted(ports) == ["3000", "9090", "9093", "9464"]


@pytest.mark.image
def test_services_find_each_other(services):
    """Every host that a file names is a service."""
    named = set()
    for path in COMPOSE.rglob("*.y*ml"):
        named |= set(re.findall(r"(?:\[|http://|: )([a-z]+):\d{4}\b", path.read_text()))
    assert named == {"kafka", "monitor", "alertmanager", "prometheus", "pager", "localhost"}
    assert named - {"localhost"} <= set(services)


@on_each_prometheus
def test_prometheus_takes_its_file_and_the_rules(prometheus_folder, tmp_path):
    text = (COMPOSE / "prometheus.yml").read_text()
    assert "/etc/prometheus/rules/*.yaml" in text
    path = tmp_path / "prometheus.yml"
    path.write_text(text.replace("/etc/prometheus/rules", str(ROOT / "dashboards" / "prometheus")))
    command = [prometheus_folder / "promtool", "check", "config", path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert f"{len(RULES)} rule files found" in done.stdout


@pytest.mark.alertmanager
@pytest.mark.skipif(alertmanager_folder() is None, reason="no prometheus-alertmanager: make parts")
def test_alertmanager_takes_its_file_and_pages_for_all_but_news():
    def amtool(*words):
        command = [alertmanager_folder() / "amtool", *words]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    amtool("check-config", COMPOSE / "alertmanager.yml")
    routed = {
        severity: amtool(
            "config", "routes", "test", f"--config.file={COMPOSE / 'alertmanager.yml'}", f"severity={severity}"
        )
        for severity in ("critical", "warning", "info")
    }
    assert {k: v.strip() for k, v in routed.items()} == {"critical": "pager", "warning": "pager", "info": "nobody"}


def test_the_pager_says_what_it_is_sent(capsys):
    labels = {"severity": "critical", "alertname": "BehaviourUnexplained", "model": "support-bot"}
    alert = {"status": "firing", "labels": labels, "annotations": {"summary": "another model"}}
    with ThreadingHTTPServer(("127.0.0.1", 0), Pager) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            url = f"http://127.0.0.1:{server.server_port}/"
            with urllib.request.urlopen(url, json.dumps({"alerts": [alert]}).encode()) as answer:
                assert answer.status == 200
        finally:
            server.shutdown()
            thread.join()
    assert capsys.readouterr().out == "FIRING critical BehaviourUnexplained support-bot: another model\n"


def test_every_alert_has_what_the_pager_says():
    for rule in alerts():
        assert "severity" in rule["labels"]
        assert "summary" in rule["annotations"]


def test_grafana_finds_sources_and_dashboards():
    sources = loaded("grafana/datasources.yaml")
    assert sources["apiVersion"] == 1
    assert [(s["type"], s["url"]) for s in sources["datasources"]] == [
        ("prometheus", "http://prometheus:9090"),
        ("alertmanager", "http://alertmanager:9093"),
    ]
    assert [s.get("isDefault", False) for s in sources["datasources"]] == [True, False]
    (provider,) = loaded("grafana/dashboards.yaml")["providers"]
    grafana = loaded("compose.yaml")["services"]["grafana"]
    folder = provider["options"]["path"]
    (mounted,) = [volume for volume in grafana["volumes"] if f":{folder}:" in volume]
    home = Path(grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert str(home.parent) == folder
    assert (COMPOSE / mounted.split(":")[0] / home.name).is_file()


def test_the_settings_are_right(cli):
    told = cli("config", "check", "-c", COMPOSE / "monitor.yaml")
    assert (told.code, told.err) == (0, "")


@pytest.mark.kafka
def test_the_swap_of_the_recording_is_found(bootstrap, tmp_path):
    """The commands of `prepare` and `replayer`, and the monitor, with addresses and folders of this machine."""
    topic = f"llm-traffic-{os.getpid()}"
    text = (COMPOSE / "monitor.yaml").read_text()
    for theirs, here in {"kafka:9092": bootstrap, "llm-traffic": topic, "/var/lib/tidegauge": str(tmp_path)}.items():
        assert theirs in text
        text = text.replace(theirs, here)
    config = tmp_path / "monitor.yaml"
    config.write_text(f"{text}\nweb: {{host: 127.0.0.1, port: 0}}\n")
    services = loaded("compose.yaml")["services"]

    def replay(service):
        words = services[service]["command"]
        command = [sys.executable, COMPOSE / "replay.py", "--bootstrap", bootstrap, "--topic", topic, *words]
        env = os.environ | {"PYTHONPATH": os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", "")))}
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    services["prepare"]["command"][1] = str(tmp_path / "baseline")
    assert "built the baseline" in replay("prepare")
    assert replay("prepare") == "", "what is there is left as it is"
    services["replayer"]["command"][2] = "2000"
    monitor = Running([sys.executable, "-m", "monitor"], config)

    def spans():
        with urllib.request.urlopen(f"{monitor.address}/api/v1/verdicts") as answer:
            told = json.load(answer)
        return [span["verdict"] for model in told if model["name"] == MODEL for span in model["spans"]]

    try:
        assert "swapped" in replay("replayer")
        found = until(lambda: "unexplained" in (seen := spans()) and seen, secs=60)
    finally:
        assert monitor.stop() < 5
    assert found[:4] == ["insufficient", "steady", "explained", "unexplained"]
    assert (tmp_path / "state" / "tidegauge.db").exists()
