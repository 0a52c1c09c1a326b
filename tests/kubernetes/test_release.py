"""The chart on a real API server: installed, upgraded, rolled back, removed, in namespaces that enforce restricted Pod
Security, by both Helms."""

import pytest
from helming import objects
from prometheus import until

pytestmark = pytest.mark.kubernetes

CONFIG = """\
models: [{name: support-bot, baseline: /baselines/support-bot-v7}]
sources: [{kafka: {bootstrap_servers: "kafka:9092", topics: [llm-traffic]}}]
"""
WATCHED = {
    "podMonitor": {"enabled": True, "labels": {"release": "kube-prometheus-stack"}},
    "prometheusRule": {"enabled": True, "labels": {"release": "kube-prometheus-stack"}},
    "dashboards": {"enabled": True},
}
MODES = {
    "defaults": {},
    "deployment": {"workload": {"kind": "Deployment"}},
    "deployment without a claim": {"workload": {"kind": "Deployment"}, "persistence": {"enabled": False}},
    "replicas": {"workload": {"replicas": 3}, "podDisruptionBudget": {"enabled": True},
                 "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "kubernetes.io/hostname",
                                                "whenUnsatisfiable": "ScheduleAnyway"}]},
    "scaled by its use of CPU": {"autoscaling": {"enabled": True}},
    "scaled by lag": {"keda": {"enabled": True}},
    "watched": WATCHED,
    "watched through the Service": {"serviceMonitor": {"enabled": True}},
    "closed in": {"networkPolicy": {"enabled": True, "from": [{"namespaceSelector": {}}],
                                    "egress": [{"ports": [{"port": 9092}]}]}},
    "baselines from an image": {
        "baselines": {"volume": {"image": {"reference": "registry.internal/baseline:v7"}}}
    },
    "baselines by a container": {
        "baselines": {"initContainer": {"image": "registry.internal/bring:1", "args": ["/baselines"]}}
    },
    "any user": {"podSecurityContext": {"fsGroup": None, "fsGroupChangePolicy": None}},
    "all files given": {"existingSecrets": [{"name": "kafka"}], "extraObjects": [
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "kafka"}, "stringData": {"password": "invented"}}
    ]},
    "a token for a cloud": {"serviceAccount": {"annotations": {"iam.gke.io/gcp-service-account": "x"}}},
    "sidecar": {"mode": "sidecar"} | WATCHED,
}  # fmt: skip
CLAIM = ("v1", "PersistentVolumeClaim")


def replicas(values):
    return 0 if values.get("mode") == "sidecar" else values.get("workload", {}).get("replicas", 1)


@pytest.mark.parametrize("values", MODES.values(), ids=MODES)
def test_every_mode_installs_as_its_pods_and_leaves_nothing_behind(cluster, namespace, helm, values):
    before, outside = cluster.everything(namespace), cluster.cluster_wide()
    helm.install("bot", values | {"config": CONFIG})

    pods = cluster.pods(namespace, lambda pods: len(pods) == replicas(values))
    for one in objects(helm.manifest("bot")):
        cluster.apply(one, namespace, dry_run=True)  # strict in its fields, and fails on a warning
        assert not one["apiVersion"].startswith("rbac."), "the monitor does not ask the API: it needs no rights"
        assert cluster.resources()[one["apiVersion"], one["kind"]].namespaced
    for pod in pods:
        assert not [v for v in pod["spec"]["volumes"] if "serviceAccountToken" in str(v)], "nor a token"

    helm.uninstall("bot")
    # The claims of a StatefulSet, and one that is to be kept, hold the evidence: they stay, and nothing else does.
    until(lambda: {one for one in cluster.everything(namespace) if one[:2] != CLAIM} == before)
    until(lambda: cluster.cluster_wide() == outside)


def test_claims_go_too_when_they_are_not_to_be_kept(cluster, namespace, helm):
    before = cluster.everything(namespace)
    helm.install("bot", {"config": CONFIG, "persistence": {"keep": False}})
    cluster.pods(namespace, len)
    assert [one[:2] for one in cluster.everything(namespace)].count(CLAIM) == 1

    helm.uninstall("bot")
    until(lambda: cluster.everything(namespace) == before)


@pytest.mark.parametrize("kind", ["StatefulSet", "Deployment"])
def test_an_upgrade_makes_new_pods_and_a_rollback_the_old_ones(cluster, namespace, helm, kind):
    first = {"config": CONFIG, "workload": {"kind": kind}}
    helm.install("bot", first)
    old = look(cluster, namespace, lambda pod: True)
    claims = {one for one in cluster.everything(namespace) if one[:2] == CLAIM}

    helm.upgrade("bot", first | {"config": CONFIG + "web: {port: 9500}\n", "image": {"tag": "0.2.0"}} | WATCHED)
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
    try:
        helm.install("bot", {"config": CONFIG} | loose)
    except AssertionError as told:  # the command passes the server's warning on, the library does not
        assert "would violate PodSecurity" in str(told)
    with pytest.raises(AssertionError, match="violates PodSecurity"):
        cluster.pods(namespace, len)
