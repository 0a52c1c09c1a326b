"""How a release is observed: what Prometheus scrapes, which rules it has, Grafana's dashboards, and the hints after an
installation."""

import json
import subprocess

import pytest
import yaml
from charting import ROOT, notes, one, rendered
from prometheus import groups as rule_groups
from prometheus import on_each_prometheus
from value_sets import CONFIG, FLEET, full

from monitor.settings.schema import Kafka

RUNBOOKS = "https://github.com/tidegauge/tidegauge/blob/main/docs/runbooks/"


def groups(**values):
    own = {"config": CONFIG, "prometheusRule": {"enabled": True}} | values
    return one(rendered(own), "PrometheusRule")["spec"]["groups"]


def test_the_rules_are_those_that_ship():
    assert groups() == rule_groups()


def test_alerts_are_left_out_by_name():
    left = groups(prometheusRule={"enabled": True, "disabledAlerts": ["MonitorBlind", "InputShift"]})
    names = [rule.get("alert", rule.get("record")) for group in left for rule in group["rules"]]
    all_names = [rule.get("alert", rule.get("record")) for group in rule_groups() for rule in group["rules"]]
    assert names == [name for name in all_names if name not in ("MonitorBlind", "InputShift")]


def test_a_group_without_rules_is_left_out():
    alerts = {rule["alert"] for group in rule_groups() for rule in group["rules"] if "alert" in rule}
    left = groups(prometheusRule={"enabled": True, "disabledAlerts": sorted(alerts)})
    assert [group["name"] for group in left] == ["tidegauge-fleet"]


def test_alerts_have_labels_and_links_of_the_values():
    own = groups(
        prometheusRule={"enabled": True, "additionalRuleLabels": {"team": "ml", "severity": "page"}},
        links={"runbooks": "https://wiki.example.com/r/", "grafana": "https://grafana.example.com/"},
    )
    for mine, theirs in zip(own, rule_groups(), strict=True):
        for rule, before in zip(mine["rules"], theirs["rules"], strict=True):
            if "alert" not in rule:
                assert rule == before
                continue
            assert rule["labels"] == before["labels"] | {"team": "ml", "severity": "page"}
            assert rule["annotations"]["runbook_url"] == f"https://wiki.example.com/r/{rule['alert']}.md"
            dashboard = before["annotations"]["dashboard_url"]
            assert rule["annotations"]["dashboard_url"] == f"https://grafana.example.com{dashboard}"


@on_each_prometheus
@pytest.mark.parametrize("name", ["rules", "some rules"])
def test_prometheus_takes_the_rules(name, prometheus_folder, tmp_path):
    path = tmp_path / "rules.yml"
    path.write_text(yaml.safe_dump(one(rendered(full(name)), "PrometheusRule")["spec"]))
    done = subprocess.run(
        [prometheus_folder / "promtool", "check", "rules", path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_the_dashboards_are_those_that_ship():
    docs = rendered({"config": CONFIG, "dashboards": {"enabled": True}})
    for path in (ROOT / "dashboards" / "grafana").glob("*.json"):
        own = one(docs, "ConfigMap", f"release-{path.stem}")
        assert own["data"] == {path.name: path.read_text(encoding="utf-8")}
        assert own["metadata"]["labels"]["grafana_dashboard"] == "1"
        assert own["metadata"]["annotations"] == {"grafana_folder": "Tidegauge"}


def test_dashboards_lead_to_the_runbooks_of_the_values():
    docs = rendered(full("dashboards elsewhere"))
    boards = [doc for doc in docs if doc["kind"] == "ConfigMap" and doc["metadata"]["name"] != "release-tidegauge"]
    assert len(boards) == len(list((ROOT / "dashboards" / "grafana").glob("*.json")))
    for doc in boards:
        (text,) = doc["data"].values()
        assert doc["metadata"]["namespace"] == "grafana"
        assert "grafana_dashboard" not in doc["metadata"]["labels"]
        assert RUNBOOKS not in text
        assert json.loads(text)["uid"].startswith("tidegauge-")
    assert any(
        "https://wiki.example.com/runbooks/NoTraffic.md" in text for doc in boards for text in doc["data"].values()
    )


def test_monitors_of_prometheus_scrape_the_port_and_keep_labels():
    pods = one(rendered(full("pod monitor")), "PodMonitor")
    assert pods["metadata"]["labels"]["release"] == "prom"
    assert pods["spec"]["podMetricsEndpoints"] == [
        {"port": "tidegauge", "path": "/metrics", "honorLabels": True, "interval": "30s", "scrapeTimeout": "10s"}
    ]
    services = one(rendered(full("service monitor")), "ServiceMonitor")
    assert services["spec"]["endpoints"][0]["honorLabels"] is False
    assert (
        services["spec"]["endpoints"][0]["port"] == one(rendered(full("least")), "Service")["spec"]["ports"][0]["name"]
    )


def test_each_topic_has_a_trigger():
    own = one(rendered({"config": FLEET, "keda": {"enabled": True, "lagThreshold": 1000000}}), "ScaledObject")
    assert own["spec"]["triggers"] == [
        {
            "type": "kafka",
            "metadata": {
                "bootstrapServers": "kafka-0:9094,kafka-1:9094",
                "consumerGroup": "shop",
                "topic": topic,
                "lagThreshold": "1000000",
                "offsetResetPolicy": "earliest",
            },
        }
        for topic in ("llm-traffic", "llm-batch")
    ]


def test_a_trigger_has_the_defaults_of_the_settings():
    (trigger,) = one(rendered(full("by lag")), "ScaledObject")["spec"]["triggers"]
    of_kafka = Kafka.model_fields
    assert trigger["metadata"]["consumerGroup"] == of_kafka["group_id"].default
    assert trigger["metadata"]["offsetResetPolicy"] == of_kafka["auto_offset_reset"].default
    assert "authenticationRef" not in trigger
    (trigger, _) = one(rendered(full("fleet by lag")), "ScaledObject")["spec"]["triggers"]
    assert trigger["authenticationRef"] == {"name": "kafka"}
    assert trigger["metadata"]["tls"] == "enable"


def test_an_installation_that_nobody_observes_says_so():
    text = notes({"config": CONFIG})
    for key in ("podMonitor.enabled", "prometheusRule.enabled", "dashboards.enabled", "release: <its release name>"):
        assert key in text
    assert "kubectl --namespace" in text


def test_a_monitor_of_prometheus_without_labels_gets_a_hint():
    text = notes({"config": CONFIG, "podMonitor": {"enabled": True}, "prometheusRule": {"enabled": True}})
    assert "Not scraped" not in text
    assert "The monitor of Prometheus has no labels of yours" in text
    assert "The alert rules have no labels of yours" in text


def test_who_is_observed_gets_no_hints():
    text = notes(full("all at once") | {"dashboards": {"enabled": True}})
    assert "labels" not in text
    assert " off" not in text
