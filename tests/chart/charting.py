"""The chart, rendered by both Helm engines: Helm 4's, a library from PyPI, and the command `helm`; and what judges the
manifests: the schemas of Kubernetes, and the rules of the restricted Pod Security level."""

import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import helm_python
import kubernetes_validate
import pytest
import write_chart as writer
import yaml

ROOT = Path(__file__).parents[2]
CHART = ROOT / "helm" / "tidegauge"
NEWEST = "1.35"
VERSIONS = [  # those of 1.27 to 1.35 whose schemas there are
    version
    for version in dict.fromkeys(map(kubernetes_validate.utils.major_minor, kubernetes_validate.utils.all_versions()))
    if 27 <= int(version.partition(".")[2]) <= 35
]

HOST = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: vllm}
spec:
  selector: {matchLabels: {app: vllm}}
  template:
    metadata:
      labels:
        app: vllm
        {{- include "tidegauge.sidecar.labels" .Subcharts.tidegauge | nindent 8 }}
      annotations:
        {{- include "tidegauge.sidecar.annotations" .Subcharts.tidegauge | nindent 8 }}
    spec:
      securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
      {{- with include "tidegauge.sidecar.initContainers" .Subcharts.tidegauge }}
      initContainers:
        {{- . | nindent 8 }}
      {{- end }}
      containers:
        - name: vllm
          image: vllm/vllm-openai:v0.11.0
          securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
        {{- include "tidegauge.sidecar.containers" .Subcharts.tidegauge | nindent 8 }}
      volumes:
        {{- include "tidegauge.sidecar.volumes" .Subcharts.tidegauge | nindent 8 }}
"""
"""A template of a model server's chart that takes the monitor in, fit for the restricted Pod Security level."""

# Kinds of custom resources, for which Kubernetes itself has no schema.
CUSTOM = {"PodMonitor", "ServiceMonitor", "PrometheusRule", "ScaledObject"}
# Kinds whose pod stands under `spec.template`.
WORKLOADS = {"Deployment", "StatefulSet"}


def hosting(folder):
    """Writes a chart that has ours as a dependency; the folder."""
    (folder / "templates").mkdir(parents=True)
    (folder / "templates" / "deployment.yaml").write_text(HOST)
    (folder / "Chart.yaml").write_text(writer.HOST["Chart.yaml"])
    shutil.copytree(CHART, folder / "charts" / "tidegauge")
    return folder


@cache
def chart(folder=CHART):
    return helm_python.Chart.load(folder)


def rendered(values, *, folder=CHART, name="release", namespace="models"):
    """The objects that Helm's library makes of the values; `HelmError` where it refuses them."""
    files = chart(folder).render(values, name=name, namespace=namespace)
    notes = [file for file in files if file.endswith("NOTES.txt")]
    return [doc for file in sorted(set(files) - set(notes)) for doc in documents(files[file])]


def notes(values):
    (text,) = (text for file, text in chart().render(values).items() if file.endswith("NOTES.txt"))
    return text


def documents(text):
    return [doc for doc in yaml.load_all(text, Loader=yaml.CSafeLoader) if doc]


def helm_command():
    """The program `helm`: HELM_BIN, else that on PATH; None where there is none."""
    return os.environ.get("HELM_BIN") or shutil.which("helm")


def needs_helm(test):
    absent = pytest.mark.skipif(helm_command() is None, reason="no helm: put it on PATH or name it in HELM_BIN")
    return pytest.mark.helm(absent(test))


def helm(*arguments, values=None):
    """A finished run of the command; the values stand in a file, as a user gives them."""
    with tempfile.TemporaryDirectory() as home:
        own = Path(home) / "values.yaml"
        own.write_text(yaml.safe_dump(values or {}), encoding="utf-8")
        given = [] if values is None else ["--values", own]
        environ = {"PATH": os.environ["PATH"], "HOME": home}
        return subprocess.run(
            [helm_command(), *arguments, *given], capture_output=True, text=True, check=False, env=environ
        )


def commanded(values, *, folder=CHART, name="release", namespace="models"):
    """What `rendered` gives, by the command."""
    done = helm("template", name, folder, "--namespace", namespace, "--kube-version", NEWEST, values=values)
    assert done.returncode == 0, done.stderr
    return documents(done.stdout)


@cache
def _schema(filename, version):
    return _read_schema(filename, version)


_read_schema = kubernetes_validate.utils.schema_contents
kubernetes_validate.utils.schema_contents = _schema  # it reads the same 1.5 MB again for each object


def unlike_kubernetes(doc, version):
    """Why a Kubernetes of this version would not take the object; None when it would. Unknown fields count too."""
    try:
        kubernetes_validate.validate(doc, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        return f"{version} {doc['kind']} {'.'.join(map(str, error.path))}: {error.message}"
    return None


def pods(docs):
    """The pod specs of the workloads."""
    return [doc["spec"]["template"]["spec"] for doc in docs if doc["kind"] in WORKLOADS]


def containers(pod):
    return [*pod.get("initContainers", []), *pod["containers"]]


def unrestricted(pod):
    """What the Pod Security level `restricted` finds wrong with a pod: a list of reasons. Rules as Kubernetes documents
    them, told for each container, whether the pod says so too or not."""
    found = [f"{key} is set" for key in ("hostNetwork", "hostPID", "hostIPC") if pod.get(key)]
    for volume in pod.get("volumes", []):
        found += [f"volume {volume['name']}: {kind}" for kind in volume if kind != "name" and kind not in VOLUMES]
    whole = pod.get("securityContext", {})
    for container in containers(pod):
        own = container.get("securityContext", {})
        wrong = {
            "privileged": own.get("privileged", False),
            "allowPrivilegeEscalation": own.get("allowPrivilegeEscalation") is not False,
            "capabilities": own.get("capabilities") != {"drop": ["ALL"]},
            "runAsNonRoot": own.get("runAsNonRoot") is not True,
            "runAsUser": 0 in (own.get("runAsUser"), whole.get("runAsUser")),
            "seccompProfile": own.get("seccompProfile") != {"type": "RuntimeDefault"},
            "procMount": "procMount" in own,
            "hostPort": any("hostPort" in port for port in container.get("ports", [])),
            "readOnlyRootFilesystem": own.get("readOnlyRootFilesystem") is not True,  # not of the level, but ours
        }
        found += [f"container {container['name']}: {key}" for key, is_wrong in wrong.items() if is_wrong]
    if whole.get("runAsNonRoot") is False or "sysctls" in whole:
        found.append("pod securityContext")
    return found


VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
}


def one(docs, kind, name=None):
    """The one object of a kind."""
    (found,) = (doc for doc in docs if doc["kind"] == kind and name in (None, doc["metadata"]["name"]))
    return found
