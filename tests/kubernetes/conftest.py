"""A real control plane for the tests of this folder, and namespaces in it as strict as a careful cluster has them."""

from contextlib import suppress
from itertools import count

import pytest
from chart.charting import helm_command
from control_plane import RESTRICTED, ControlPlane, RefusedError, assets
from helming import Helm3, Helm4
from kinds import KINDS, definitions
from prometheus import until


@pytest.fixture(scope="session")
def cluster():
    if (folder := assets()) is None:
        pytest.skip("no Kubernetes control plane: name its folder in KUBEBUILDER_ASSETS")
    with ControlPlane(folder) as cluster:
        for definition in definitions():
            cluster.apply(definition)
        wanted = {(f"{group}/{version}", kind) for group, version, kind, _ in KINDS}
        until(lambda: wanted <= set(cluster.learn()) and _listed(cluster, wanted))
        yield cluster


def _listed(cluster, kinds):
    """Whether the server serves them: it knows a new kind a moment before it can store one."""
    with suppress(RefusedError):
        return [cluster.list(version, kind) for version, kind in kinds]


@pytest.fixture(scope="session")
def _numbers():
    return count(1)


@pytest.fixture
def namespace(cluster, _numbers):
    """A new namespace that admits only what Pod Security calls restricted, and warns of the rest."""
    name = f"models-{next(_numbers)}"
    cluster.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": RESTRICTED}})
    until(lambda: cluster.list("v1", "ServiceAccount", name))  # pods are refused before its default account is there
    return name


NO_HELM = pytest.mark.skipif(helm_command() is None, reason="no helm: put it on PATH or name it in HELM_BIN")


@pytest.fixture(params=[Helm4, pytest.param(Helm3, marks=[pytest.mark.helm, NO_HELM])])
def helm(request, cluster, namespace, tmp_path):
    """A Helm for the namespace, of each major version that is there."""
    helm = request.param(cluster, namespace, tmp_path)
    yield helm
    helm.close()
