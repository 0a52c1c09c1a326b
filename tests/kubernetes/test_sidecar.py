"""The monitor in pods of others: by the Kustomize component on a vLLM Deployment that is there, and by the library
templates of the chart in a chart of somebody's own."""

import pytest
from chart.charting import hosting
from chart.value_sets import CONFIG
from prometheus import until
from shell import Shell

pytestmark = pytest.mark.kubernetes

VLLM = "examples/kubernetes/vllm-sidecar"
COMPONENTS = {"sidecar": "initContainers", "sidecar-plain": "containers"}


def sidecar(pod, where):
    (found,) = (one for one in pod["spec"].get(where, []) if one["name"] == "tidegauge")
    return found


def newest(cluster, namespace, wanted):
    """The pod that is as wanted. The one before it stays until this one is ready, and here none ever is."""
    (found,) = filter(wanted, cluster.pods(namespace, lambda pods: any(map(wanted, pods))))
    return found


def is_no_burden(one):
    """A sidecar's probes must not count for the pod that it is in, nor hold up its start."""
    return "readinessProbe" not in one and "startupProbe" not in one


@pytest.mark.parametrize("component", COMPONENTS)
def test_the_component_adds_a_container_to_a_deployment(cluster, namespace, tmp_path, component):
    shell = Shell(cluster, namespace, tmp_path)
    shell.run(f"kubectl apply -n {namespace} -f vllm.yaml", VLLM)
    (before,) = cluster.pods(namespace, lambda pods: len(pods) == 1)

    kustomization = tmp_path / VLLM / "kustomization.yaml"
    kustomization.write_text(kustomization.read_text().replace("kustomize/sidecar ", f"kustomize/{component} "))
    shell.run(f"kubectl apply -n {namespace} -k .", VLLM)
    after = newest(cluster, namespace, lambda pod: "tidegauge-sidecar" in pod["metadata"]["labels"])
    own = sidecar(after, COMPONENTS[component])
    assert is_no_burden(own)
    assert own.get("restartPolicy") == ("Always" if component == "sidecar" else None)
    assert [one for one in after["spec"]["containers"] if one != own] == before["spec"]["containers"]
    kept = [one for one in after["spec"]["volumes"] if not one["name"].startswith("tidegauge-")]
    assert kept == before["spec"]["volumes"]


@pytest.fixture
def parent(tmp_path):
    """A chart that has ours as a dependency."""
    return hosting(tmp_path / "bot")


@pytest.mark.parametrize("native", [True, False])
def test_the_library_adds_a_container_in_a_chart_of_ones_own(cluster, namespace, helm, parent, native):
    before = cluster.everything(namespace)
    values = {"mode": "sidecar", "config": CONFIG, "sidecar": {"native": native}, "podMonitor": {"enabled": True}}
    helm.install("shop", {"tidegauge": values}, parent)
    (pod,) = cluster.pods(namespace, lambda pods: len(pods) == 1)
    own = sidecar(pod, "initContainers" if native else "containers")
    assert is_no_burden(own)
    (scraped,) = cluster.list("monitoring.coreos.com/v1", "PodMonitor", namespace)
    assert scraped["spec"]["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()

    values["config"] += "namespace: shop\n"
    helm.upgrade("shop", {"tidegauge": values}, parent)
    told = "checksum/tidegauge-config"
    was = pod["metadata"]["annotations"][told]
    newest(cluster, namespace, lambda pod: pod["metadata"]["annotations"][told] != was)
    helm.uninstall("shop")
    until(lambda: cluster.everything(namespace) == before)
