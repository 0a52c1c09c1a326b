"""What `kubectl apply -k` does with the kustomizations of this repository. There is no Kustomize that a test could run,
so its patches are applied by the server: a strategic merge patch is merged there by the same rules. Names of generated
ConfigMaps stay as they are written; Kustomize would add a checksum to them, and to what names them."""

import yaml
from chart.charting import documents

KEYS = {"apiVersion", "kind", "resources", "components", "configMapGenerator", "patches"}


def apply(cluster, folder, namespace):
    ours = yaml.safe_load((folder / "kustomization.yaml").read_text())
    assert set(ours) <= KEYS, "this file does not know what the others mean"
    for made in ours.get("configMapGenerator", []):
        data = {name: (folder / name).read_text() for name in made["files"]}
        cluster.apply(
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": made["name"]}, "data": data}, namespace
        )
    for name in ours.get("resources", []):
        for one in documents((folder / name).read_text()):
            cluster.apply(one, namespace)
    for component in ours.get("components", []):
        apply(cluster, folder / component, namespace)
    for patch in ours.get("patches", []):
        change(cluster, folder / patch["path"], namespace, patch.get("target"))


def change(cluster, path, namespace, target=None):
    """Applies the patch of a file to the object that it names, or to all of the kind that the target names."""
    (patch,) = documents(path.read_text())
    kind = patch["apiVersion"], patch["kind"]
    assert target in (None, {"kind": patch["kind"]})
    name = patch["metadata"].pop("name")
    for one in [name] if target is None else [one["metadata"]["name"] for one in cluster.list(*kind, namespace)]:
        cluster.patch(*kind, one, namespace, patch)
