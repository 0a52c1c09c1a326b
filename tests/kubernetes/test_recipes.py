"""Every recipe of examples/kubernetes: applied to a real API server in a namespace that enforces restricted Pod
Security, its settings checked, its container run as the pod says, with a network that holds nothing but itself."""

import re
import subprocess
import sys

import pytest
import traffic
import yaml
from chart.charting import ROOT, documents, needs_helm, rendered
from container import content, healthy, running
from endpoint import endpoint
from prometheus import alertmanager_folder
from shell import Shell

pytestmark = pytest.mark.kubernetes

FOLDER = ROOT / "examples" / "kubernetes"
ROUTER = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: stack-deployment-router}
spec:
  selector: {matchLabels: {app: router}}
  template:
    metadata: {labels: {app: router}}
    spec:
      securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
      containers: # with a token, by which the router finds its engines
        - name: router-container
          image: lmcache/lmstack-router
          securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
      volumes: [{name: traffic, emptyDir: {}}]
"""


RECIPES = [
    "air-gapped", "kserve-knative", "kserve-standard", "kube-prometheus-stack", "litellm", "multi-lora", "seldon",
    "strimzi", "vllm-production-stack", "vllm-sidecar",
]  # fmt: skip
# What commands bring from outside, or wait for: here nothing becomes ready. The rest is run.
OUTSIDE = "|".join((
    "(skopeo|tidegauge) .*",
    r"kubectl .*\b(create namespace|cp|port-forward|rollout|wait) .*",
    r"helm .*\b(kube-prometheus-)?stack .*",
))  # fmt: skip
GUIDE = "five minutes"  # of docs/kubernetes.md, which is one more recipe
SETTINGS = """\
models: [{name: support-bot, baseline: /baselines/support-bot-v7}]
sources: [{kafka: {bootstrap_servers: "kafka:9092", topics: [llm-traffic]}}]
"""


def test_there_is_no_recipe_beside_these():
    assert {folder.name for folder in FOLDER.iterdir() if folder.is_dir()} == set(RECIPES)
    assert all(f"({name}/" in (FOLDER / "README.md").read_text() for name in RECIPES)


@pytest.fixture(scope="session")
def baselines(tmp_path_factory):
    """The folder that every recipe mounts: a baseline of few exchanges, and how a model answered a few probes."""
    folder = tmp_path_factory.mktemp("baselines")
    folder.chmod(0o755)
    recorded = folder / "recorded.jsonl"
    recorded.write_bytes(b"\n".join(map(traffic.line, traffic.exchanges(1, 300, model="support-bot"))) + b"\n")
    tidegauge("baseline", "build", recorded, "--out", folder / "support-bot-v7")
    packs = ["harmful-content", "personal-information", "instruction-manipulation", "identity"]
    with endpoint(lambda body: "I can't help with that.") as (url, _):
        at = ["--url", url, "--model", "support-bot", "--max-requests", 1]
        tidegauge("probe", "baseline", *packs, *at, "--out", folder / "support-bot-v7.jsonl")
    return folder


def tidegauge(*arguments):
    done = subprocess.run(
        [sys.executable, "-m", "monitor", *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert not done.returncode, done.stdout + done.stderr


@pytest.fixture(params=[GUIDE, *RECIPES])
def recipe(request):
    return request.param


@pytest.fixture
def pod(cluster, namespace, recipe, tmp_path):
    """The pod of the recipe that holds the monitor, as the server admitted it after the commands of its README."""
    if recipe == "strimzi":  # whose operators make these
        secrets = {"tidegauge": {"password": "x"}, "events-cluster-ca-cert": {"ca.crt": cluster.authority.read_text()}}
        for name, data in secrets.items():
            cluster.apply(secret(name, data), namespace)
    if recipe == "vllm-production-stack":  # whose chart makes this
        (router,) = documents(ROUTER)
        cluster.apply(router, namespace)
    shell, readme, where = (
        Shell(cluster, namespace, tmp_path),
        FOLDER / recipe / "README.md",
        f"examples/kubernetes/{recipe}",
    )
    if recipe == GUIDE:
        readme, where = ROOT / "docs" / "kubernetes.md", "."
        (tmp_path / "monitor.yaml").write_text(SETTINGS)
    script = "".join(re.findall(r"```sh\n(.*?)```", readme.read_text(), flags=re.DOTALL))
    script = re.sub(rf"^({OUTSIDE})$", "", script, flags=re.MULTILINE)
    shell.run(re.sub(r"(-n|--namespace) [a-z]+", f"-n {namespace}", script), where)
    if recipe == "kserve-standard":
        (service,) = cluster.list("serving.kserve.io/v1beta1", "InferenceService", namespace)
        cluster.apply(predictor_pod(service), namespace)

    def wanted(pod):
        mounts = [
            mount["name"] for one in containers(pod) if one["name"] == "tidegauge" for mount in one["volumeMounts"]
        ]
        return mounts and ("traffic" in mounts or recipe not in ("litellm", "vllm-production-stack"))

    (found,) = filter(wanted, cluster.pods(namespace, lambda pods: any(map(wanted, pods))))
    return found


def secret(name, data):
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": data}


def containers(pod):
    return pod["spec"]["containers"] + pod["spec"].get("initContainers", [])


def predictor_pod(service):
    """The pod that KServe's controller makes of an InferenceService: what stands in the predictor is the pod's."""
    predictor = service["spec"]["predictor"]
    kept = {key: predictor[key] for key in ("labels", "annotations")}
    spec = {key: predictor[key] for key in predictor if key not in ("minReplicas", "maxReplicas", *kept)}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "support-bot-predictor", **kept}, "spec": spec}


@needs_helm
def test_its_container_runs_as_the_pod_says(cluster, pod, baselines, tmp_path, cli):
    volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
    config = content(cluster, pod, volumes["tidegauge-config"], tmp_path / "config", {}) / "monitor.yaml"
    if "tidegauge-secrets" in volumes:  # their files must be there
        secrets = content(cluster, pod, volumes["tidegauge-secrets"], tmp_path / "secrets", {})
        config.write_text(config.read_text().replace("/secrets/", f"{secrets}/"))
    checked = cli("config", "check", "-c", config)
    assert not checked.code, checked.err
    (ours,) = (one for one in containers(pod) if one["name"] == "tidegauge")
    assert not [mount for mount in ours["volumeMounts"] if mount["name"].startswith("kube-api-access")], "a token"

    with running(cluster, pod, "tidegauge", {"tidegauge-baselines": baselines}) as container:
        healthy(container)
        assert container.status("Uid").split()[0] != "0"
        assert container.status("CapBnd") == container.status("CapEff") == "0" * 16
        assert container.root_is_read_only()


@pytest.mark.alertmanager
def test_alerts_of_the_chart_reach_who_is_on_call(tmp_path):
    """By Alertmanager's own tool, with the labels that the chart's rules give to an alert."""
    if (folder := alertmanager_folder()) is None:
        pytest.skip("no prometheus-alertmanager: make parts")
    values = {name: yaml.safe_load((FOLDER / "kube-prometheus-stack" / f"{name}.yaml").read_text())
              for name in ("values", "stack-values")}  # fmt: skip
    (rules,) = (one for one in rendered(values["values"]) if one["kind"] == "PrometheusRule")
    labels = [rule["labels"] for group in rules["spec"]["groups"] for rule in group["rules"] if "alert" in rule]
    assert labels
    config = tmp_path / "alertmanager.yml"
    config.write_text(yaml.safe_dump(values["stack-values"]["alertmanager"]["config"]))
    for one in [*labels, {"alertname": "Watchdog"}]:
        given = [f"{name}={text}" for name, text in one.items()]
        done = subprocess.run([folder / "amtool", "config", "routes", "test", f"--config.file={config}", *given],
                              capture_output=True, text=True, check=True)  # fmt: skip
        assert done.stdout.strip() == ("models-on-call" if one in labels else "nobody")
