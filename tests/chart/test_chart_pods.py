"""What a pod of the monitor is made of, value by value."""

import pytest
from charting import WORKLOADS, one, rendered
from value_sets import CONFIG, DIGEST, ELSEWHERE, NOTHING_KEPT, SECRETS, full


def workload(values):
    (found,) = (doc for doc in rendered({"config": CONFIG} | values) if doc["kind"] in WORKLOADS)
    return found


def pod(values):
    return workload(values)["spec"]["template"]["spec"]


def own(values):
    return pod(values)["containers"][0]


def test_new_settings_make_new_pods_and_nothing_else_does():
    def template(values):
        return workload(values)["spec"]["template"]

    assert template({"config": CONFIG}) != template({"config": CONFIG + "# another\n"})
    assert template({}) == template(
        {"dashboards": {"enabled": True}, "service": {"port": 80}, "workload": {"replicas": 2}}
    )


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ({}, "ghcr.io/tidegauge/tidegauge:0.1.0"),
        ({"tag": "2.0"}, "ghcr.io/tidegauge/tidegauge:2.0"),
        ({"tag": "2.0", "digest": DIGEST}, f"ghcr.io/tidegauge/tidegauge@{DIGEST}"),
        ({"repository": "local:5000/t"}, "local:5000/t:0.1.0"),
    ],
)
def test_a_digest_wins_over_a_tag(image, name):
    assert own({"image": image})["image"] == name


def test_it_runs_the_settings_of_the_config_map():
    assert own({})["args"] == ["run", "-c", "/etc/tidegauge/monitor.yaml"]
    mounts = {mount["name"]: mount["mountPath"] for mount in own({})["volumeMounts"]}
    assert mounts["tidegauge-config"] == "/etc/tidegauge"


def test_secrets_are_files_of_one_folder():
    values = {"existingSecrets": SECRETS}
    (volume,) = (volume for volume in pod(values)["volumes"] if volume["name"] == "tidegauge-secrets")
    assert volume["projected"]["sources"] == [{"secret": secret} for secret in SECRETS]
    (mount,) = (mount for mount in own(values)["volumeMounts"] if mount["name"] == "tidegauge-secrets")
    assert mount == {"name": "tidegauge-secrets", "mountPath": "/secrets", "readOnly": True}  # no subPath: they change


@pytest.mark.parametrize(
    ("config", "folder"), [(CONFIG, "/var/lib/tidegauge"), (ELSEWHERE, "/data/state"), (NOTHING_KEPT, "/tmp")]
)
def test_there_is_a_place_for_models_that_are_downloaded(config, folder):
    container = own({"config": config})
    assert {"name": "HF_HOME", "value": f"{folder}/huggingface"} in container["env"]
    writable = [mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")]
    assert folder in writable


def test_variables_of_the_user_come_last_and_win():
    values = {"extraEnv": [{"name": "HF_HOME", "value": "/models"}]}
    assert own(values)["env"][-1] == {"name": "HF_HOME", "value": "/models"}


def test_a_deployment_stops_before_it_starts_anew():
    deployment = workload({"workload": {"kind": "Deployment"}})
    assert deployment["spec"]["strategy"] == {"type": "Recreate"}
    claim = one(rendered(full("deployment")), "PersistentVolumeClaim")
    assert claim["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}
    (state,) = (volume for volume in pod(full("deployment"))["volumes"] if volume["name"] == "tidegauge-state")
    assert state["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]


@pytest.mark.parametrize(
    ("values", "source"),
    [
        ({"persistence": {"enabled": False, "emptyDirSizeLimit": "2Gi"}}, {"emptyDir": {"sizeLimit": "2Gi"}}),
        ({"persistence": {"existingClaim": "mine"}}, {"persistentVolumeClaim": {"claimName": "mine"}}),
        ({"config": NOTHING_KEPT}, None),
        ({}, None),  # a claim per replica
    ],
)
def test_where_state_is(values, source):
    found = [volume for volume in pod(values)["volumes"] if volume["name"] == "tidegauge-state"]
    assert found == ([{"name": "tidegauge-state"} | source] if source else [])
    claims = workload(values)["spec"].get("volumeClaimTemplates", [])
    assert [claim["metadata"]["name"] for claim in claims] == ["tidegauge-state"] * (values == {})


def test_replicas_spread_by_their_own_labels_unless_told_otherwise():
    other, usual = pod(full("own spread"))["topologySpreadConstraints"]
    assert other["labelSelector"] == {"matchLabels": {"a": "b"}}
    assert usual["labelSelector"] == workload({})["spec"]["selector"]


def test_claims_of_a_stateful_set_have_nothing_that_a_new_chart_changes():
    spec = workload({"commonLabels": {"team": "ml"}, "podLabels": {"a": "b"}})["spec"]
    (claim,) = spec["volumeClaimTemplates"]
    assert claim["metadata"]["labels"] == spec["selector"]["matchLabels"]
    assert not [key for key in spec["selector"]["matchLabels"] if "chart" in key or "version" in key]
    assert spec["persistentVolumeClaimRetentionPolicy"] == {"whenDeleted": "Retain", "whenScaled": "Retain"}
    gone = workload({"persistence": {"keep": False}})["spec"]
    assert gone["persistentVolumeClaimRetentionPolicy"]["whenDeleted"] == "Delete"


def test_scalers_set_the_replicas_alone():
    assert workload({})["spec"]["replicas"] == 1
    assert "replicas" not in workload({"autoscaling": {"enabled": True}})["spec"]
    assert "replicas" not in workload({"keda": {"enabled": True}})["spec"]


def test_long_names_are_cut():
    """A pod of a StatefulSet has a label with its name and a hash of ten, which may have 63 letters."""
    docs = rendered({"config": CONFIG}, name="r" * 53)
    assert {len(doc["metadata"]["name"]) for doc in docs} == {52}
    assert one(rendered({"config": CONFIG}, name="my-tidegauge"), "Service")["metadata"]["name"] == "my-tidegauge"
    assert (
        one(rendered({"config": CONFIG, "fullnameOverride": "e1"}, name="123"), "Service")["metadata"]["name"] == "e1"
    )


def test_only_what_is_asked_for_is_made():
    kinds = sorted(doc["kind"] for doc in rendered({"config": CONFIG}))
    assert kinds == ["ConfigMap", "Service", "ServiceAccount", "StatefulSet"]


def test_a_network_policy_restricts_what_it_names():
    wide = one(rendered(full("network")), "NetworkPolicy")["spec"]
    assert wide["policyTypes"] == ["Ingress"]
    assert wide["ingress"] == [{"ports": [{"port": "tidegauge", "protocol": "TCP"}]}]
    narrow = one(rendered(full("narrow network")), "NetworkPolicy")["spec"]
    assert narrow["policyTypes"] == ["Ingress", "Egress"]
    assert narrow["egress"][0] == {"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}]}
    assert narrow["egress"][1:] == full("narrow network")["networkPolicy"]["egress"]
