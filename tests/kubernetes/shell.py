"""Runs shell commands as a reader of the documentation does, on the cluster of the tests: with the real kubectl, which
has Kustomize in it, and the real helm."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from chart.charting import ROOT, helm_command

KUBECTL = Path(sys.executable).parent / "kubectl"  # of the extra `dev`


class Shell:
    """Its folder holds a copy of `helm` and `examples`: some commands write beside what they read."""

    def __init__(self, cluster, namespace, folder):
        for name in ("helm", "examples"):
            shutil.copytree(ROOT / name, folder / name)
        (folder / "bin").mkdir()
        for name, program in {"kubectl": KUBECTL, "helm": helm_command()}.items():
            if program is not None:
                (folder / "bin" / name).symlink_to(program)
        self.folder = folder
        self._environ = {
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "HOME": str(folder), "HELM_NAMESPACE": namespace,
            "KUBECONFIG": str(cluster.kubeconfig),
        }  # fmt: skip

    def run(self, script, where):
        """A failure of any command fails, and so does a warning of the API server."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script], cwd=self.folder / where, env=self._environ,
            capture_output=True, text=True, check=False, timeout=120,
        )  # fmt: skip
        assert not done.returncode, f"{script}\n{done.stdout}{done.stderr}"
        assert "Warning:" not in done.stderr, done.stderr
