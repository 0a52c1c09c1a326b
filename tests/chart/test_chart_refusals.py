"""Values that cannot work are refused, and the message names the key and says what is wrong."""

import pytest
from charting import CHART, helm, helm_python, needs_helm, rendered
from value_sets import CONFIG, NOTHING_KEPT

# name: (values beside the settings, what the message must hold)
REFUSED = {
    "misspelt key": ({"replicas": 3}, ["additional properties 'replicas' not allowed"]),
    "misspelt key below": ({"image": {"tga": "1"}}, ["at '/image'", "'tga'"]),
    "unknown mode": ({"mode": "sampler"}, ["at '/mode'", "'monitor', 'sidecar'"]),
    "settings as a map": ({"config": {"models": []}}, ["at '/config'", "got object, want string"]),
    "settings left out": ({"config": ""}, ["config: the monitor's settings are required"]),
    "settings that are no YAML": ({"config": "a: [b"}, ["config: not a YAML map"]),
    "settings that are a list": ({"config": "- a"}, ["config: not a YAML map"]),
    "settings with a wrong part": ({"config": "web: 9464"}, ["config: web: must be a map"]),
    "any free port": ({"config": CONFIG + "web: {port: 0}"}, ["config: web.port: must be a fixed port"]),
    "relative state folder": (
        {"config": CONFIG + "state: {path: x/y}"},
        ["config: state.path: must be absolute, not x/y"],
    ),
    "unknown kind": ({"workload": {"kind": "DaemonSet"}}, ["at '/workload/kind'", "'StatefulSet', 'Deployment'"]),
    "replicas in words": ({"workload": {"replicas": "two"}}, ["at '/workload/replicas'", "want integer"]),
    "root": ({"podSecurityContext": {"runAsUser": 0}}, ["at '/podSecurityContext/runAsUser'", "want 1"]),
    "root allowed": ({"podSecurityContext": {"runAsNonRoot": False}}, ["at '/podSecurityContext'", "'runAsNonRoot'"]),
    "tag as a number": ({"image": {"tag": 1.0}}, ["at '/image/tag'", "want string"]),
    "short digest": ({"image": {"digest": "sha256:abc"}}, ["at '/image/digest'", "[0-9a-f]{64}"]),
    "capitals in a name": ({"fullnameOverride": "Gauge"}, ["at '/fullnameOverride'", "does not match pattern"]),
    "secret in values": (
        {"existingSecrets": [{"name": "kafka", "password": "x"}]},
        ["at '/existingSecrets/0'", "'password'"],
    ),
    "files of the node": (
        {"baselines": {"volume": {"hostPath": {"path": "/b"}}}},
        ["at '/baselines/volume'", "'hostPath'"],
    ),
    "two sources of baselines": (
        {"baselines": {"volume": {"configMap": {"name": "a"}, "secret": {"secretName": "b"}}}},
        ["at '/baselines/volume'", "maxProperties"],
    ),
    "bringer without image": (
        {"baselines": {"initContainer": {"command": ["fetch"]}}},
        ["at '/baselines/initContainer'", "'image'"],
    ),
    "relative mount": ({"baselines": {"mountPath": "baselines"}}, ["at '/baselines/mountPath'"]),
    "size without sense": ({"persistence": {"size": "1 GB"}}, ["at '/persistence/size'"]),
    "label that is a number": ({"podLabels": {"tier": 1}}, ["at '/podLabels/tier'", "want string"]),
    "variable without a name": ({"extraEnv": [{"value": "x"}]}, ["at '/extraEnv/0'", "'name'"]),
    "variable that is a number": ({"extraEnv": [{"name": "A", "value": 1}]}, ["at '/extraEnv/0/value'", "want string"]),
    "port out of range": ({"service": {"port": 70000}}, ["at '/service/port'", "65,535"]),
    "unknown alert": (
        {"prometheusRule": {"disabledAlerts": ["InputShifts"]}},
        ["at '/prometheusRule/disabledAlerts/0'", "'InputShift'"],
    ),
    "interval without unit": ({"podMonitor": {"interval": "30"}}, ["at '/podMonitor/interval'"]),
    "address without scheme": ({"links": {"grafana": "grafana.example.com"}}, ["at '/links/grafana'", "https?"]),
    "budget that blocks drains": (
        {"podDisruptionBudget": {"maxUnavailable": 0}},
        ["at '/podDisruptionBudget/maxUnavailable'", "want 1"],
    ),
    "peer without selector": ({"networkPolicy": {"from": [{}]}}, ["at '/networkPolicy/from/0'"]),
    "two scalers": (
        {"autoscaling": {"enabled": True}, "keda": {"enabled": True}},
        ["autoscaling.enabled, keda.enabled: both would set the replicas"],
    ),
    "lag without Kafka": (
        {"keda": {"enabled": True}, "config": "sources: [{files: {paths: [a]}}]"},
        ["keda.enabled: config has no Kafka source"],
    ),
    "one claim for replicas": (
        {"workload": {"kind": "Deployment", "replicas": 2}},
        ["persistence: replicas would share one claim"],
    ),
    "one claim for scaled replicas": (
        {"persistence": {"existingClaim": "a"}, "autoscaling": {"enabled": True}},
        ["persistence: replicas would share one claim"],
    ),
    "strategy of the other kind": (
        {"workload": {"updateStrategy": {"type": "Recreate"}}},
        ["workload.updateStrategy.type: Recreate is none of a StatefulSet"],
    ),
    "two monitors on one folder": (
        {"workload": {"kind": "Deployment", "updateStrategy": {"type": "RollingUpdate"}}},
        ["workload.updateStrategy.type: RollingUpdate would start a second monitor"],
    ),
    "fewest above most": (
        {"autoscaling": {"enabled": True, "minReplicas": 5}},
        ["autoscaling.minReplicas: 5 is more than autoscaling.maxReplicas, 3"],
    ),
    "scraped twice": (
        {"podMonitor": {"enabled": True}, "serviceMonitor": {"enabled": True}},
        ["podMonitor.enabled, serviceMonitor.enabled: pods would be scraped twice"],
    ),
    "Service of a sidecar": (
        {"mode": "sidecar", "serviceMonitor": {"enabled": True}},
        ["serviceMonitor.enabled: a sidecar has no Service"],
    ),
    "network of a sidecar": (
        {"mode": "sidecar", "networkPolicy": {"enabled": True}},
        ["networkPolicy.enabled: the pods of a sidecar belong to another chart"],
    ),
}


def test_there_are_cases_enough():
    assert len(REFUSED) >= 20


@pytest.mark.parametrize(("values", "said"), REFUSED.values(), ids=REFUSED)
def test_wrong_values_are_refused(values, said):
    with pytest.raises(helm_python.HelmError) as refusal:
        rendered({"config": CONFIG} | values)
    assert [part for part in said if part not in str(refusal.value)] == []


@needs_helm
@pytest.mark.parametrize(("values", "said"), REFUSED.values(), ids=REFUSED)
def test_the_command_refuses_them_too(values, said):
    done = helm("template", "release", CHART, "--kube-version", "1.34", values={"config": CONFIG} | values)
    assert done.returncode == 1
    assert [part for part in said if part not in done.stderr] == []


@needs_helm
def test_an_old_cluster_is_refused():
    done = helm("template", "release", CHART, "--kube-version", "1.26", values={"config": NOTHING_KEPT})
    assert done.returncode == 1
    assert "chart requires kubeVersion: >=1.27.0-0" in done.stderr
