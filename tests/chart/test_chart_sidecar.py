"""The monitor in the pods of others: by the templates that another chart includes, and by the Kustomize components."""

import shutil
import subprocess

import pytest
import write_chart as writer
import yaml
from charting import ROOT, commanded, hosting, needs_helm, one, rendered, unlike_kubernetes, unrestricted
from value_sets import CONFIG, SCRAPED, SECRETS

VLLM = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: vllm, labels: {app: vllm}}
spec:
  selector: {matchLabels: {app: vllm}}
  template:
    metadata: {labels: {app: vllm}}
    spec:
      initContainers: [{name: first, image: "example.com/first:1"}]
      containers:
        - name: vllm
          image: vllm/vllm-openai:v0.11.0
          ports: [{name: http, containerPort: 8000}]
          readinessProbe: {httpGet: {path: /health, port: http}}
          volumeMounts: [{name: cache, mountPath: /root/.cache}]
      volumes: [{name: cache, emptyDir: {}}]
"""
OWN = {"mode": "sidecar", "config": CONFIG, "podMonitor": SCRAPED, "existingSecrets": SECRETS}
BRINGER = {"baselines": {"initContainer": {"image": "example.com/fetch:1"}}}


@pytest.fixture(scope="module")
def host(tmp_path_factory):
    return hosting(tmp_path_factory.mktemp("charts") / "host")


def own_container(pod, native):
    (found,) = (c for c in pod["initContainers" if native else "containers"] if c["name"] == "tidegauge")
    return found


@pytest.mark.parametrize("native", [True, False], ids=["native", "plain"])
@pytest.mark.parametrize("more", [{}, BRINGER], ids=["alone", "with a bringer"])
def test_another_chart_takes_the_container_in(host, native, more):
    docs = rendered({"tidegauge": OWN | more | {"sidecar": {"native": native}}}, folder=host)
    vllm = one(docs, "Deployment")
    pod = vllm["spec"]["template"]["spec"]
    own = own_container(pod, native)
    assert own.get("restartPolicy") == ("Always" if native else None)
    assert not {"readinessProbe", "startupProbe"} & own.keys()
    assert own["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "tidegauge"}
    names = [c["name"] for c in pod.get("initContainers", [])]
    assert names == ["tidegauge-baselines"] * bool(more) + ["tidegauge"] * native
    ours = {"containers": [own], "volumes": pod["volumes"], "initContainers": pod.get("initContainers", [])}
    assert not unrestricted(ours)
    mounted = {mount["name"] for mount in own["volumeMounts"]}
    assert mounted == {volume["name"] for volume in pod["volumes"]}
    assert not unlike_kubernetes(vllm, "1.29" if native else "1.27")


def test_state_of_a_sidecar_is_an_empty_folder_unless_a_claim_is_named(host):
    def state(values):
        pod = one(rendered({"tidegauge": OWN | values}, folder=host), "Deployment")["spec"]["template"]["spec"]
        (volume,) = (volume for volume in pod["volumes"] if volume["name"] == "tidegauge-state")
        return volume

    assert "emptyDir" in state({})
    assert state({"persistence": {"existingClaim": "mine"}})["persistentVolumeClaim"] == {"claimName": "mine"}


def test_the_release_brings_all_but_the_workload(host):
    docs = rendered({"tidegauge": OWN}, folder=host)
    assert sorted(doc["kind"] for doc in docs) == ["ConfigMap", "Deployment", "PodMonitor"]
    template = one(docs, "Deployment")["spec"]["template"]
    selected = one(docs, "PodMonitor")["spec"]["selector"]["matchLabels"]
    assert selected.items() <= template["metadata"]["labels"].items()
    (config,) = (volume for volume in template["spec"]["volumes"] if volume["name"] == "tidegauge-config")
    assert config["configMap"]["name"] == one(docs, "ConfigMap")["metadata"]["name"]


def test_new_settings_make_new_pods(host):
    def annotations(config):
        vllm = one(rendered({"tidegauge": OWN | {"config": config}}, folder=host), "Deployment")
        return vllm["spec"]["template"]["metadata"]["annotations"]

    assert annotations(CONFIG) == annotations(CONFIG)
    assert annotations(CONFIG) != annotations(CONFIG + "# another\n")


@needs_helm
def test_the_command_renders_the_same(host):
    values = {"tidegauge": OWN | BRINGER}
    assert one(commanded(values, folder=host), "Deployment") == one(rendered(values, folder=host), "Deployment")


def test_a_workload_of_its_own_has_the_same_container(host):
    """But for the probes that a pod of its own can have."""
    (pod,) = (
        doc["spec"]["template"]["spec"] for doc in rendered(OWN | {"mode": "monitor"}) if doc["kind"] == "StatefulSet"
    )
    own = pod["containers"][0]
    assert own.pop("startupProbe")["httpGet"]["path"] == "/healthz"
    assert own.pop("readinessProbe")["httpGet"]["path"] == "/readyz"
    vllm = one(rendered({"tidegauge": OWN}, folder=host), "Deployment")
    assert own_container(vllm["spec"]["template"]["spec"], native=True) == own | {"restartPolicy": "Always"}


@pytest.mark.skipif(shutil.which("kubectl") is None, reason="no kubectl on PATH, which has Kustomize in it")
@pytest.mark.parametrize(("component", "native"), writer.NATIVE.items())
def test_kustomize_adds_the_container(component, native, tmp_path):
    """With the names that Kustomize gives, and without a change of what was there."""
    shutil.copytree(ROOT / "helm" / "kustomize" / component, tmp_path / "sidecar")
    digest = "sha256:" + "0" * 64
    own = {
        "resources": ["vllm.yaml"],
        "components": ["sidecar"],
        "configMapGenerator": [{"name": "tidegauge-sidecar", "files": ["monitor.yaml"]}],
        "images": [{"name": "ghcr.io/tidegauge/tidegauge", "digest": digest}],
    }
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(own))
    (tmp_path / "monitor.yaml").write_text(CONFIG)
    (tmp_path / "vllm.yaml").write_text(VLLM)
    done = subprocess.run(["kubectl", "kustomize", tmp_path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    docs = list(yaml.safe_load_all(done.stdout))
    vllm, before = one(docs, "Deployment"), yaml.safe_load(VLLM)
    pod, there = vllm["spec"]["template"]["spec"], before["spec"]["template"]["spec"]
    container = own_container(pod, native)
    assert container["image"] == f"ghcr.io/tidegauge/tidegauge@{digest}"
    volumes = {volume["name"]: volume for volume in pod["volumes"]}
    assert volumes["tidegauge-config"]["configMap"]["name"] == one(docs, "ConfigMap")["metadata"]["name"]
    assert {mount["name"] for mount in container["volumeMounts"]} <= volumes.keys()
    assert not unlike_kubernetes(vllm, "1.29" if native else "1.27")
    pod["initContainers" if native else "containers"].remove(container)
    pod["volumes"] = [volume for name, volume in volumes.items() if not name.startswith("tidegauge-")]
    assert vllm["spec"]["template"]["metadata"]["labels"].pop("tidegauge-sidecar") == "tidegauge-sidecar"
    assert pod == there
    assert vllm == before
