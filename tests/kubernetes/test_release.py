"""The chart on a real API server: installed, upgraded, rolled back, removed, in namespaces that enforce restricted Pod
Security, by both Helms."""

from contextlib import suppress

import pytest
from chart.charting import documents, rendered
from chart.value_sets import CONFIG, SETS, full
from control_plane import RESTRICTED
from helming import WarnedError
from prometheus import until

pytestmark = pytest.mark.kubernetes

# Of the sets of values that must render, those that make different kinds of objects, or pods of a different make.
INSTALLED = [
    "least", "deployment", "deployment, nothing kept", "deployment, claim goes", "stateful set, claims go", "replicas",
    "secret", "baselines, image", "baselines, init container", "openshift", "service monitor", "narrow network",
    "autoscaled", "by lag", "sidecar, observed", "all at once",
]  # fmt: skip
CLAIM = ("v1", "PersistentVolumeClaim")


@pytest.fixture(scope="module", autouse=True)
def around(cluster):
    """What some sets of values name, and a cluster has already."""
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "grafana"}})
    high = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": "high"}, "value": 1}
    cluster.apply(high)


@pytest.mark.parametrize("name", SETS)
def test_the_server_takes_every_set_of_values(cluster, name):
    cluster.apply(RESTRICTED_DEFAULT)
    for one in rendered(full(name), namespace="default"):
        cluster.apply(one, "default", dry_run=True)  # strict in its fields, and fails on a warning


RESTRICTED_DEFAULT = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default", "labels": RESTRICTED}}


def replicas(values):
    """Pods that a release has at first; what scales it later is not here."""
    if values.get("mode") == "sidecar":
        return 0
    scaled = any(values.get(key, {}).get("enabled") for key in ("autoscaling", "keda"))
    return 1 if scaled else values.get("workload", {}).get("replicas", 1)


@pytest.mark.parametrize("name", INSTALLED)
def test_every_mode_installs_as_its_pods_and_leaves_nothing_behind(cluster, namespace, helm, name):
    values = full(name)
    before, outside = cluster.everything(namespace, "grafana"), cluster.cluster_wide()
    helm.install("bot", values)

    pods = cluster.pods(namespace, lambda pods: len(pods) == replicas(values))
    for one in documents(helm.manifest("bot")):
        assert not one["apiVersion"].startswith("rbac."), "the monitor does not ask the API: it needs no rights"
        assert cluster.resources()[one["apiVersion"], one["kind"]].namespaced
    token = values.get("serviceAccount", {}).get("automountToken", False)
    for pod in pods:
        assert any("serviceAccountToken" in str(volume) for volume in pod["spec"]["volumes"]) == token, "nor a token"

    helm.uninstall("bot")
    kept = set() if not values.get("persistence", {}).get("keep", True) else {CLAIM}  # it holds the evidence
    until(lambda: {one for one in cluster.everything(namespace, "grafana") if one[:2] not in kept} == before)
    until(lambda: cluster.cluster_wide() == outside)


@pytest.mark.parametrize("kind", ["StatefulSet", "Deployment"])
def test_an_upgrade_makes_new_pods_and_a_rollback_the_old_ones(cluster, namespace, helm, kind):
    first = {"config": CONFIG, "workload": {"kind": kind}}
    helm.install("bot", first)
    old = look(cluster, namespace, lambda pod: True)
    claims = {one for one in cluster.everything(namespace) if one[:2] == CLAIM}

    helm.upgrade(
        "bot", first | {"config": CONFIG + "web: {port: 9500}\n", "image": {"tag": "0.2.0"}} | SETS["pod monitor"]
    )
    new = look(cluster, namespace, lambda pod: pod["image"] != old["image"])
    assert new["image"].endswith(":0.2.0")
    assert new["port"] == 9500
    assert new["checksum"] != old["checksum"]
    assert cluster.list("monitoring.coreos.com/v1", "PodMonitor", namespace)

    helm.rollback("bot")
    assert look(cluster, namespace, lambda pod: pod["image"] != new["image"]) == old
    assert not cluster.list("monitoring.coreos.com/v1", "PodMonitor", namespace)
    assert {one for one in cluster.everything(namespace) if one[:2] == CLAIM} == claims, "the evidence stays"


def look(cluster, namespace, wanted):
    """What tells the one pod from another of the release, once it is as wanted."""

    def seen(pod):
        (container,) = pod["spec"]["containers"]
        return {
            "image": container["image"],
            "port": container["ports"][0]["containerPort"],
            "checksum": pod["metadata"]["annotations"]["checksum/config"],
        }

    (pod,) = cluster.pods(namespace, lambda pods: len(pods) == 1 and wanted(seen(pods[0])))
    return seen(pod)


def test_settings_alone_make_new_pods(cluster, namespace, helm):
    helm.install("bot", {"config": CONFIG})
    old = look(cluster, namespace, lambda pod: True)
    helm.upgrade("bot", {"config": CONFIG + "namespace: shop\n"})
    new = look(cluster, namespace, lambda pod: pod["checksum"] != old["checksum"])
    assert new == old | {"checksum": new["checksum"]}


def test_more_is_refused_by_the_namespace(cluster, namespace, helm):
    """That the namespaces of these tests are as strict as they say: otherwise nothing above would mean a thing."""
    loose = {"extraContainers": [{"name": "loose", "image": "x", "securityContext": {"runAsNonRoot": False}}]}
    with suppress(WarnedError):
        helm.install("bot", {"config": CONFIG} | loose)
    with pytest.raises(AssertionError, match="violates PodSecurity"):
        cluster.pods(namespace, len)
