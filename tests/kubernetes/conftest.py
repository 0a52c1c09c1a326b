"""A real control plane for the tests of this folder, and namespaces in it as strict as a careful cluster has them."""

from itertools import count

import pytest
from control_plane import ControlPlane, assets
from kinds import KINDS, definitions
from prometheus import until

LEVELS = ("enforce", "warn")
RESTRICTED = {f"pod-security.kubernetes.io/{level}": "restricted" for level in LEVELS}


@pytest.fixture(scope="session")
def cluster():
    if (folder := assets()) is None:
        pytest.skip("no Kubernetes control plane: name its folder in KUBEBUILDER_ASSETS")
    with ControlPlane(folder) as cluster:
        for definition in definitions():
            cluster.apply(definition)
        wanted = {(f"{group}/{version}", kind) for group, version, kind, _ in KINDS}
        until(lambda: wanted <= set(cluster.resources()))
        yield cluster


@pytest.fixture(scope="session")
def _numbers():
    return count(1)


@pytest.fixture
def namespace(cluster, _numbers):
    """A new namespace that admits only what Pod Security calls restricted, and warns of the rest."""
    name = f"models-{next(_numbers)}"
    cluster.apply(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": RESTRICTED}}
    )
    until(lambda: cluster.list("v1", "ServiceAccount", name))  # pods are refused before its default account is there
    return name
