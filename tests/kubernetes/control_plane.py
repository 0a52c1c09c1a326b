"""A real Kubernetes control plane for tests: etcd, kube-apiserver and kube-controller-manager on loopback.

Objects are admitted, controllers make ReplicaSets and pods of them; no kubelet runs, so no container ever starts.
"""

import csv
import json
import os
import secrets
import shutil
import ssl
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import httpx
import yaml
from broker import free_port
from prometheus import until

ROOT = Path(__file__).parents[2]
PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager")
CONTROLLERS = (
    "deployment", "replicaset", "statefulset", "namespace", "serviceaccount", "garbage-collector",
    "persistentvolumeclaim-protection",
)  # fmt: skip
RESTRICTED = {f"pod-security.kubernetes.io/{does}": "restricted" for does in ("enforce", "warn")}
APPLY = "application/apply-patch+yaml"


def assets():
    """The folder of the programs: KUBEBUILDER_ASSETS, as everywhere in the ecosystem; None where it lacks one."""
    folder = Path(os.environ.get("KUBEBUILDER_ASSETS", ROOT / ".cache" / "kubernetes"))
    return folder if all((folder / name).is_file() for name in PROGRAMS) else None


class Kind(NamedTuple):
    path: str  # of its objects, with a place for that of a namespace
    namespaced: bool


class RefusedError(Exception):
    """The API server said no."""


def lost(sent, kept, path=""):
    """Fields of an object that the server did not keep, although it refused none: those behind a closed gate."""
    if isinstance(sent, dict) and isinstance(kept, dict):
        return [
            where
            for key, one in sent.items()
            if key != "stringData" and one not in (None, [], {}, "")
            for where in (lost(one, kept[key], f"{path}.{key}") if key in kept else [f"{path}.{key}"])
        ]
    if isinstance(sent, list) and isinstance(kept, list) and len(sent) == len(kept):
        return [where for i, pair in enumerate(zip(sent, kept, strict=True)) for where in lost(*pair, f"{path}[{i}]")]
    return [] if not isinstance(sent, dict | list) else [path]


class ControlPlane:
    """What `with` gives back answers requests; leaving it ends all three programs and removes what they kept."""

    def __init__(self, folder):
        self._programs = folder
        self._temporary = tempfile.TemporaryDirectory(prefix="kubernetes-")
        self._folder = Path(self._temporary.name)
        self._processes = []
        self._kinds = {}

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, *_):
        self._close()

    def _start(self):
        etcd, peer, port = (free_port() for _ in range(3))
        key, token = self._folder / "accounts.key", secrets.token_hex(16)
        subprocess.run(["openssl", "genrsa", "-out", key, "2048"], check=True, capture_output=True)
        subprocess.run(["openssl", "rsa", "-in", key, "-pubout", "-out", f"{key}.pub"], check=True, capture_output=True)
        with (self._folder / "tokens.csv").open("w", newline="") as file:
            csv.writer(file).writerow([token, "admin", "admin-uid", "system:masters"])
        self._run(
            "etcd", f"--data-dir={self._folder / 'etcd'}", f"--listen-client-urls=http://127.0.0.1:{etcd}",
            f"--advertise-client-urls=http://127.0.0.1:{etcd}", f"--listen-peer-urls=http://127.0.0.1:{peer}",
            "--unsafe-no-fsync",
        )  # fmt: skip
        self._run(
            "kube-apiserver", f"--etcd-servers=http://127.0.0.1:{etcd}", f"--secure-port={port}",
            "--bind-address=127.0.0.1", "--advertise-address=127.0.0.1", f"--cert-dir={self._folder}",
            f"--service-account-key-file={key}.pub", f"--service-account-signing-key-file={key}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--token-auth-file={self._folder / 'tokens.csv'}", "--authorization-mode=RBAC",
            "--service-cluster-ip-range=10.0.0.0/24", "--feature-gates=ImageVolume=true",  # its default from 1.35 on
        )  # fmt: skip
        self._connect(f"https://127.0.0.1:{port}", token)
        self._run(
            "kube-controller-manager", f"--kubeconfig={self.kubeconfig}", "--leader-elect=false", "--secure-port=0",
            f"--controllers={','.join(f'{name}-controller' for name in CONTROLLERS)}",
            f"--service-account-private-key-file={key}", "--concurrent-gc-syncs=2",
        )  # fmt: skip

    def _connect(self, url, token):
        self.authority = cafile = self._folder / "apiserver.crt"  # the certificate signs itself
        until(lambda: self._alive() and cafile.exists())
        self.kubeconfig = self._folder / "kubeconfig"
        self.kubeconfig.touch(mode=0o600)
        self.kubeconfig.write_text(
            yaml.safe_dump({
                "apiVersion": "v1", "kind": "Config", "current-context": "test",
                "clusters": [{"name": "test", "cluster": {"server": url, "certificate-authority": str(cafile)}}],
                "users": [{"name": "test", "user": {"token": token}}],
                "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
            })
        )  # fmt: skip
        self._client = httpx.Client(
            base_url=url, verify=ssl.create_default_context(cafile=cafile), timeout=30,
            headers={"Authorization": f"Bearer {token}"},
        )  # fmt: skip
        until(self._ready)

    def _run(self, name, *arguments):
        with (self._folder / f"{name}.log").open("wb") as log:
            self._processes.append(
                subprocess.Popen([self._programs / name, *arguments], stdout=log, stderr=subprocess.STDOUT)
            )

    def _alive(self):
        for process in self._processes:
            assert process.poll() is None, f"{process.args[0].name} ended: {self._said(process.args[0].name)}"
        return True

    def _said(self, name):
        return (self._folder / f"{name}.log").read_text()[-4000:]

    def _ready(self):
        self._alive()
        with suppress(httpx.TransportError):
            return self._client.get("/readyz").is_success
        return False

    def _close(self):
        if hasattr(self, "_client"):
            self._client.close()
        for process in reversed(self._processes):
            process.terminate()
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)
        self._temporary.cleanup()

    # -- requests

    def ask(self, method, path, **more):
        """The decoded answer. A warning at a write fails the test: whoever installs would read it."""
        answer = self._client.request(method, path, **more)
        if answer.is_error:
            raise RefusedError(f"{answer.status_code}: {answer.json().get('message')}")
        assert method == "GET" or "warning" not in answer.headers, answer.headers["warning"]
        return answer.json()

    def resources(self):
        """All kinds that the server knows and lists, those of CRDs too: (apiVersion, kind) -> Kind. One that came
        since is looked for with `learn`."""
        if not self._kinds:
            self.learn()
        return self._kinds

    def learn(self):
        groups = [("/api/v1", "v1")]
        for group in self.ask("GET", "/apis")["groups"]:
            version = group["preferredVersion"]["groupVersion"]
            groups.append((f"/apis/{version}", version))
        self._kinds = {
            (version, one["kind"]): Kind(f"{root}/{{}}{one['name']}", one["namespaced"])
            for root, version in groups
            for one in self.ask("GET", root)["resources"]
            if "/" not in one["name"] and "list" in one["verbs"]
        }
        return self._kinds

    def _path(self, version, kind, namespace):
        path, namespaced = self.resources()[version, kind]
        return path.format(f"namespaces/{namespace}/" if namespaced and namespace else "")

    def list(self, version, kind, namespace=None):
        return self.ask("GET", self._path(version, kind, namespace))["items"]

    def get(self, version, kind, name, namespace=None):
        return self.ask("GET", f"{self._path(version, kind, namespace)}/{name}")

    def apply(self, manifest, namespace=None, *, dry_run=False):
        """Server-side, as `kubectl apply --server-side` does; strict: a field that the schema lacks is refused, and one
        that is not kept fails the test."""
        where = manifest["metadata"].get("namespace", namespace)
        path = self._path(manifest["apiVersion"], manifest["kind"], where)
        parameters = {"fieldManager": "test", "fieldValidation": "Strict", "force": "true"}
        parameters |= {"dryRun": "All"} if dry_run else {}
        kept = self.ask(
            "PATCH", f"{path}/{manifest['metadata']['name']}", params=parameters, content=json.dumps(manifest),
            headers={"Content-Type": APPLY},
        )  # fmt: skip
        assert not lost(manifest, kept)
        return kept

    def pods(self, namespace, wanted):
        """The pods of a namespace, by name, once `wanted` says so of the list of them. When a controller was refused
        one, what it was told is the test's failure."""

        def made():
            for event in self.list("v1", "Event", namespace):
                assert event["reason"] != "FailedCreate", event["message"]
            pods = [pod for pod in self.list("v1", "Pod", namespace) if "deletionTimestamp" not in pod["metadata"]]
            return [pods] if wanted(pods) else None

        (pods,) = until(made)
        return sorted(pods, key=lambda pod: pod["metadata"]["name"])

    def everything(self, *namespaces):
        """All objects of namespaces: {(apiVersion, kind, name)}; not the record of what happened."""
        return {
            (version, kind, one["metadata"]["name"])
            for (version, kind), (path, namespaced) in self.resources().items()
            if namespaced and kind != "Event"
            for namespace in namespaces
            for one in self.ask("GET", path.format(f"namespaces/{namespace}/"))["items"]
        }

    def cluster_wide(self):
        """All objects that belong to no namespace, as `everything`."""
        return {
            (version, kind, one["metadata"]["name"])
            for (version, kind), (path, namespaced) in self.resources().items()
            if not namespaced
            for one in self.ask("GET", path.format(""))["items"]
        }
