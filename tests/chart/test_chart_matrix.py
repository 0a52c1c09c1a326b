"""Every set of values makes objects that Kubernetes takes, under the restricted Pod Security level, by both engines."""

import json
from functools import cache

import pytest
import yaml
from charting import (
    CHART,
    CUSTOM,
    VERSIONS,
    WORKLOADS,
    chart,
    commanded,
    containers,
    helm,
    helm_python,
    needs_helm,
    one,
    pods,
    rendered,
    unlike_kubernetes,
    unrestricted,
)
from value_sets import CONFIG, SETS, SINCE, full

import monitor.settings as settings_of

on_each_set = pytest.mark.parametrize("name", SETS)


@cache
def _refused(text, version):
    """Why a version refuses an object; most objects stand in many sets, and are looked at once."""
    return unlike_kubernetes(json.loads(text), version)


def test_there_are_sets_enough():
    assert len(SETS) >= 40
    assert [f"1.{minor}" for minor in range(27, 36)] == VERSIONS


@on_each_set
def test_kubernetes_takes_what_is_rendered(name):
    versions = [version for version in VERSIONS if int(version[2:]) >= SINCE.get(name, 27)]
    texts = [json.dumps(doc, sort_keys=True) for doc in rendered(full(name)) if doc["kind"] not in CUSTOM]
    assert texts
    assert not [why for text in texts for version in versions if (why := _refused(text, version))]


def test_what_kubernetes_does_not_take_is_seen():
    (doc,) = (doc for doc in rendered(full("least")) if doc["kind"] in WORKLOADS)
    doc["spec"]["template"]["spec"]["containers"][0]["livenessprobe"] = {}
    assert all("livenessprobe" in unlike_kubernetes(doc, version) for version in VERSIONS)


@on_each_set
def test_pods_are_restricted(name):
    docs = rendered(full(name))
    assert len(pods(docs)) == (0 if full(name).get("mode") == "sidecar" else 1)
    for pod in pods(docs):
        assert not unrestricted(pod)
        assert pod["automountServiceAccountToken"] is (name in ("service account", "all at once"))
    assert not [doc for doc in docs if doc["kind"].endswith(("Role", "RoleBinding"))]


def test_what_is_not_restricted_is_seen():
    (pod,) = pods(rendered(full("extras")))
    for container in containers(pod):
        container["securityContext"] = {}
    pod["volumes"].append({"name": "host", "hostPath": {"path": "/"}})
    pod["hostNetwork"] = True
    assert len(unrestricted(pod)) == 2 + 5 * len(containers(pod))


@on_each_set
def test_what_is_mounted_is_there(name):
    """Every mount has its volume, no path is mounted twice, and /tmp and the state folder can be written to."""
    docs = rendered(full(name))
    for doc in docs:
        if doc["kind"] not in WORKLOADS:
            continue
        pod = doc["spec"]["template"]["spec"]
        claims = [claim["metadata"]["name"] for claim in doc["spec"].get("volumeClaimTemplates", [])]
        there = [volume["name"] for volume in pod["volumes"]] + claims
        assert len(set(there)) == len(there)
        for container in containers(pod):
            mounts = container.get("volumeMounts", [])
            assert {mount["name"] for mount in mounts} <= set(there)
            assert len({mount["mountPath"] for mount in mounts}) == len(mounts)
        (own,) = (container for container in pod["containers"] if container["name"] == "tidegauge")
        settings = yaml.safe_load(one(docs, "ConfigMap", doc["metadata"]["name"])["data"]["monitor.yaml"])
        path = settings.get("state", {}).get("path", "/var/lib/tidegauge")
        writable = {mount["mountPath"] for mount in own["volumeMounts"] if not mount.get("readOnly")}
        assert writable == {"/tmp", path} - {None}
        assert own["ports"][0]["containerPort"] == settings.get("web", {}).get("port", 9464)


@on_each_set
def test_selectors_find_the_pods(name):
    docs = rendered(full(name))
    found = [doc for doc in docs if doc["kind"] in WORKLOADS]
    labels = found[0]["spec"]["template"]["metadata"]["labels"] if found else {"tidegauge-sidecar": "release-tidegauge"}
    for doc in docs:
        spec = doc.get("spec", {})
        selector = spec.get("selector", spec.get("podSelector"))
        if doc["kind"] in ("PrometheusRule", "ServiceMonitor", "PersistentVolumeClaim") or selector is None:
            continue
        assert selector.get("matchLabels", selector).items() <= labels.items(), doc["kind"]
    for scraped in (doc for doc in docs if doc["kind"] == "ServiceMonitor"):
        assert scraped["spec"]["selector"]["matchLabels"].items() <= one(docs, "Service")["metadata"]["labels"].items()


@on_each_set
def test_the_settings_are_right(name, tmp_path, monkeypatch):
    """They come through as they stand, and `tidegauge config check` takes them; secrets are where their files say."""
    text = one(rendered(full(name)), "ConfigMap", full(name).get("fullnameOverride") or _usual(name))["data"][
        "monitor.yaml"
    ]
    assert text == full(name)["config"]
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for secret in full(name).get("existingSecrets", []):
        for item in secret.get("items", []):
            (secrets / item["path"]).write_text("x")
    path = tmp_path / "monitor.yaml"
    path.write_text(text.replace("/secrets/", f"{secrets}/"))
    settings_of.load(path, {}, {})


def _usual(name):
    return f"release-{full(name).get('nameOverride', 'tidegauge')}"


@needs_helm
@on_each_set
def test_both_engines_agree(name):
    def by_name(docs):
        return sorted(docs, key=lambda doc: (doc["kind"], doc["metadata"]["name"]))

    assert by_name(commanded(full(name))) == by_name(rendered(full(name)))


@on_each_set
def test_lint_has_nothing_to_say(name):
    report = helm_python.lint(CHART, full(name), strict=True, kube_version="1.35")
    assert [message["error"] for message in report["messages"]] == ["icon is recommended"]


@needs_helm
@pytest.mark.parametrize("values", [None, {"config": CONFIG}, full("all at once")], ids=["none", "least", "all"])
def test_lint_of_the_command_has_nothing_to_say(values):
    done = helm("lint", "--strict", CHART, values=values)
    assert done.returncode == 0, done.stdout
    assert "WARNING" not in done.stdout


def test_the_chart_has_the_version_of_the_package():
    """The image's tag is the chart's `appVersion`."""
    import tomllib

    version = tomllib.loads((CHART.parents[1] / "pyproject.toml").read_text())["project"]["version"]
    assert chart().metadata["appVersion"] == version
