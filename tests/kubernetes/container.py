"""Runs a container of a pod that the API server admitted, as a kubelet would: with the pod's arguments, environment and
volumes, as its user, without privileges, and with nothing that it could write to but its volumes. In place of the image
stand this interpreter and this checkout.

Its root is a small file system in memory that shows only the system's programs, read-only. It has a network of its own
with nothing in it but itself, so it answers on the port that the pod says.
"""

import base64
import os
import shlex
import subprocess
import sys
import tempfile
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

from control_plane import RefusedError
from prometheus import until

ROOT = Path(__file__).parents[2]
ANY_USER = 1000650000  # as OpenShift draws one for a namespace, when the pod names none
PYTHON, CHECKOUT = "/opt/tidegauge", "/opt/checkout"  # where these two stand in a container
ENTRYPOINT = [f"{PYTHON}/{Path(sys.executable).relative_to(sys.prefix)}", "-m", "monitor"]
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc/ssl")
HOME = "/empty"  # there is nothing in it, and nothing can be put there
ASK = "import sys, urllib.request; print(urllib.request.urlopen(sys.argv[1], timeout=5).status)"


class Container:
    def __init__(self, process, spec, log):
        self._process, self.spec, self._log = process, spec, log

    def probe(self, kind):
        """Whether the pod's probe (`startupProbe`, ...) of this container succeeds."""
        assert self._process.poll() is None, f"it ended: {self.said()}"
        get = self.spec[kind]["httpGet"]
        port = get["port"]
        if isinstance(port, str):
            (port,) = (one["containerPort"] for one in self.spec["ports"] if one["name"] == port)
        return self.asks(f"http://127.0.0.1:{port}{get['path']}") == 200

    def asks(self, url):
        """The status of an answer to a request from inside; None while there is none."""
        inside = ["nsenter", f"--target={self._process.pid}", "--net"]
        if os.geteuid():
            inside += ["--user", "--preserve-credentials"]
        done = subprocess.run(
            [*inside, sys.executable, "-c", ASK, url], capture_output=True, text=True, check=False, timeout=30
        )
        return int(done.stdout) if not done.returncode else None

    def status(self, field):
        """A line of the kernel's record of the process."""
        lines = Path(f"/proc/{self._process.pid}/status").read_text().splitlines()
        return next(line.split(maxsplit=1)[1] for line in lines if line.startswith(f"{field}:"))

    def root_is_read_only(self):
        mounts = [line.split() for line in Path(f"/proc/{self._process.pid}/mounts").read_text().splitlines()]
        (options,) = (options for _, place, _, options, *_ in mounts if place == "/")
        return "ro" in options.split(",")

    def said(self):
        return self._log.read_text()[-4000:]


@contextmanager
def running(cluster, pod, name, brought=None):
    """The container `name` of `pod`, started. Volumes that come from elsewhere stand in `brought`, a folder for each
    name; ConfigMaps and Secrets come from the API server."""
    spec = pod["spec"]
    one = next(c for c in spec["containers"] + spec.get("initContainers", []) if c["name"] == name)
    assert one["securityContext"]["readOnlyRootFilesystem"]
    with tempfile.TemporaryDirectory(prefix="container-") as temporary:
        folder = Path(temporary)
        folder.chmod(0o755)
        mounted = {mount["name"] for mount in one["volumeMounts"]}
        volumes = {
            volume["name"]: content(cluster, pod, volume, folder / volume["name"], brought or {})
            for volume in spec["volumes"]
            if volume["name"] in mounted
        }
        log = folder / "log"
        with log.open("wb") as said:
            process = subprocess.Popen(
                [*_unshared(), "sh", "-euc", _script(folder / "root", pod, one, volumes)], stdout=said, stderr=said
            )
        try:
            yield Container(process, one, log)
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()


def _unshared():
    return ["unshare", "--mount", "--net"] if not os.geteuid() else ["unshare", "--map-root-user", "--mount", "--net"]


def content(cluster, pod, volume, folder, brought):
    """The folder of a volume, made at `folder` and filled, or as it was brought."""
    if volume["name"] in brought:
        return brought[volume["name"]]
    folder.mkdir()
    folder.chmod(0o777)  # as a kubelet makes an emptyDir
    namespace = pod["metadata"]["namespace"]
    for source in volume["projected"]["sources"] if "projected" in volume else [volume]:
        if "persistentVolumeClaim" in source:  # made by the release, so there is nothing in it yet
            cluster.get("v1", "PersistentVolumeClaim", source["persistentVolumeClaim"]["claimName"], namespace)
        elif "emptyDir" not in source:
            ((kind, given),) = ((kind, source[kind]) for kind in ("configMap", "secret") if kind in source)
            name, decode = (
                given.get("name") or given["secretName"],
                base64.b64decode if kind == "secret" else str.encode,
            )
            with suppress(RefusedError) if given.get("optional") else nullcontext():
                data = cluster.get("v1", {"configMap": "ConfigMap", "secret": "Secret"}[kind], name, namespace)["data"]
                _write(folder, given, {key: decode(text) for key, text in data.items()})
    return folder


def _write(folder, source, data):
    for item in source.get("items") or [{"key": key, "path": key} for key in data]:
        target = folder / item["path"]
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data[item["key"]])


def _script(root, pod, one, volumes):
    """What makes the container's world, then becomes it."""
    lines = [f"mkdir {root}", f"mount -t tmpfs -o mode=755 none {root}", f"mkdir {root}{HOME}"]
    for shown in map(Path, (*SYSTEM, sys.base_prefix)):
        if shown.is_symlink():
            lines.append(f"ln -s {os.readlink(shown)} {root}{shown}")
        elif shown.exists():
            lines += [f"mkdir -p {root}{shown}", f"mount -o bind,ro {shown} {root}{shown}"]
    for shown, at in ((sys.prefix, PYTHON), (ROOT, CHECKOUT)):
        lines += [f"mkdir -p {root}{at}", f"mount -o bind,ro {shown} {root}{at}"]
    lines += [f"mkdir {root}/{own} && mount --rbind /{own} {root}/{own}" for own in ("proc", "dev")]
    for mount in one["volumeMounts"]:
        source = volumes[mount["name"]] / mount.get("subPath", "")
        made = f"mkdir -p {root}{mount['mountPath']}"
        if source.is_file():
            made = f"mkdir -p {root}{Path(mount['mountPath']).parent}; touch {root}{mount['mountPath']}"
        options = "bind,ro" if mount.get("readOnly") else "bind"
        lines += [made, f"mount -o {options} {source} {root}{mount['mountPath']}"]
    lines += [f"mount -o remount,ro {root}", f"{shlex.quote(sys.executable)} -c {shlex.quote(LOOPBACK)}"]
    lines.append(f"cd / && exec {shlex.join(['chroot', str(root), *_privileges(pod, one), *_command(pod, one)])}")
    return "\n".join(lines)


LOOPBACK = """
import fcntl, socket, struct
with socket.socket() as any_socket:
    fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh", b"lo", 1))  # SIOCSIFFLAGS, IFF_UP
"""


def _privileges(pod, one):
    """Those that the pod grants, which are none. Only root may become another user: anybody else stays who they are."""
    context = pod["spec"].get("securityContext", {}) | one["securityContext"]
    assert context["runAsNonRoot"]
    assert context["capabilities"] == {"drop": ["ALL"]}
    assert not context["allowPrivilegeEscalation"]
    dropped = ["--no-new-privs", "--inh-caps=-all", "--bounding-set=-all"]
    if os.geteuid():
        return ["setpriv", *dropped]
    user, group = context.get("runAsUser", ANY_USER), context.get("runAsGroup", 0)
    groups = f"--groups={context['fsGroup']}" if "fsGroup" in context else "--clear-groups"
    return ["setpriv", f"--reuid={user}", f"--regid={group}", groups, *dropped]


def _command(pod, one):
    fields = {"metadata.name": pod["metadata"]["name"], "metadata.namespace": pod["metadata"]["namespace"]}
    environment = {"PYTHONPATH": CHECKOUT, "PYTHONDONTWRITEBYTECODE": "1", "PATH": "/usr/bin:/bin", "HOME": HOME}
    for variable in one.get("env", []):
        value = variable.get("value", "")
        if "valueFrom" in variable:
            value = fields[variable["valueFrom"]["fieldRef"]["fieldPath"]]
        environment[variable["name"]] = value
    command = one.get("command", ["tidegauge"])
    command = [*(ENTRYPOINT if command[0] == "tidegauge" else command[:1]), *command[1:], *one.get("args", [])]
    return ["env", "-i", *(f"{name}={value}" for name, value in environment.items()), *command]


def healthy(container):
    """Waits until the container's first probe succeeds: a sidecar has none for its start."""
    until(lambda: container.probe("startupProbe" if "startupProbe" in container.spec else "livenessProbe"), secs=60)
