"""Both Helms that users have, behind the same verbs: 4 as the library of helm-python-sdk, 3 as the command."""

import json
import os
import subprocess

import helm_python
from chart.charting import CHART, helm_command


class WarnedError(Exception):
    """The command did what it was told, and passed on a warning of the API server; the library keeps them to itself."""


class Helm4:
    def __init__(self, cluster, namespace, _home):
        self._config = helm_python.Config(kubeconfig_path=cluster.kubeconfig, namespace=namespace)
        self._namespace = namespace

    def install(self, name, values, chart=CHART):
        self._config.install(chart, name, values, namespace=self._namespace)

    def upgrade(self, name, values, chart=CHART):
        self._config.upgrade(chart, name, values, namespace=self._namespace)

    def rollback(self, name):
        self._config.rollback(name)

    def uninstall(self, name):
        self._config.uninstall(name)

    def manifest(self, name):
        return self._config.status(name)["manifest"]

    def close(self):
        self._config.close()


class Helm3:
    def __init__(self, cluster, namespace, home):
        self._command = [helm_command(), f"--kubeconfig={cluster.kubeconfig}", f"--namespace={namespace}"]
        self._home = home

    def install(self, name, values, chart=CHART):
        self._run("install", name, chart, "--values=-", given=values)

    def upgrade(self, name, values, chart=CHART):
        self._run("upgrade", name, chart, "--values=-", given=values)

    def rollback(self, name):
        self._run("rollback", name)

    def uninstall(self, name):
        self._run("uninstall", name)

    def manifest(self, name):
        return self._run("get", "manifest", name)

    def close(self):
        pass

    def _run(self, *arguments, given=None):
        """What it says; a warning of the API server fails."""
        done = subprocess.run(
            [*self._command, *arguments], input=json.dumps(given), capture_output=True, text=True, timeout=120,
            check=False, env={"HOME": str(self._home), "PATH": os.environ["PATH"]},
        )  # fmt: skip
        assert not done.returncode, done.stderr
        told = [line for line in done.stderr.splitlines() if "kept due to the resource policy" not in line]
        if told:
            raise WarnedError(done.stderr)
        return done.stdout
