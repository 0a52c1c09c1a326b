"""Writes what the chart says or holds twice (`make chart`): the rules and dashboards in its folder, since a package can
hold no others, its README, from the comments of values.yaml, and the Kustomize components, from its templates."""

import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from helm_python import Chart

ROOT = Path(__file__).parents[1]
CHART = ROOT / "helm" / "tidegauge"
COMPONENTS = ROOT / "helm" / "kustomize"

README = """\
# Tidegauge

<!-- Written by `make chart` from values.yaml. Do not edit. -->

A monitor of production behavioural drift for fine-tuned language models: as a workload of its own, or as a sidecar in
the pods of another chart. How to install it, and its values by topic:
[docs/kubernetes.md](https://github.com/tidegauge/tidegauge/blob/main/docs/kubernetes.md).

```sh
helm install support-bot helm/tidegauge --set-file config=monitor.yaml
```

Needs Kubernetes 1.27 or later, and Helm 3 or 4. `values.schema.json` refuses a key or a value that is not known.

## Values

| key | default | meaning |
|---|---|---|
"""

# A chart that has this one as a dependency and uses each of its templates: what it renders is a patch of a Deployment.
HOST = {
    "Chart.yaml": "{apiVersion: v2, name: host, version: 0.0.0, dependencies: [{name: tidegauge, version: '*'}]}\n",
    "templates/patch.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: any}
spec:
  template:
    metadata:
      labels:
        {{- include "tidegauge.sidecar.labels" .Subcharts.tidegauge | nindent 8 }}
    spec:
      {{- with include "tidegauge.sidecar.initContainers" .Subcharts.tidegauge }}
      initContainers:
        {{- . | nindent 8 }}
      {{- end }}
      {{- with include "tidegauge.sidecar.containers" .Subcharts.tidegauge }}
      containers:
        {{- . | nindent 8 }}
      {{- end }}
      volumes:
        {{- include "tidegauge.sidecar.volumes" .Subcharts.tidegauge | nindent 8 }}
""",
}

# Folders of the components, and whether their container is a native sidecar.
NATIVE = {"sidecar": True, "sidecar-plain": False}


def copies() -> dict[Path, str]:
    """The rules and dashboards."""
    return {
        CHART / "files" / folder / path.name: path.read_text(encoding="utf-8")
        for folder, kind in (("prometheus", "*.yaml"), ("grafana", "*.json"))
        for path in sorted((ROOT / "dashboards" / folder).glob(kind))
    }


def explained(text: str) -> Iterator[tuple[str, str]]:
    """(key, meaning) of every key of values.yaml that a comment `# --` stands above; the key with dots."""
    above: list[tuple[int, str]] = []
    comment: list[str] = []
    for line in text.splitlines():
        if found := re.fullmatch(r" *# (?:-- )?(.*)", line):
            comment = comment if "# -- " not in line else []
            comment.append(found[1])
        elif found := re.match(r"( *)([A-Za-z]+):", line):
            above = [(indent, key) for indent, key in above if indent < len(found[1])] + [(len(found[1]), found[2])]
            if comment:
                yield ".".join(key for _, key in above), " ".join(comment)
            comment = []
        else:
            comment = []


def readme() -> str:
    text = (CHART / "values.yaml").read_text(encoding="utf-8")
    values = yaml.safe_load(text)
    return README + "".join(
        f"| `{key}` | `{json.dumps(_at(values, key))}` | {meaning.replace('|', chr(92) + '|')} |\n"
        for key, meaning in explained(text)
    )


def _at(values: Any, key: str) -> Any:
    for part in key.split("."):
        values = values[part]
    return values


def patch(native: bool) -> str:
    """A strategic merge patch that adds the container to a Deployment: baselines come from a claim, and a Secret may be
    there or not."""
    own = {
        "mode": "sidecar",
        "fullnameOverride": "tidegauge-sidecar",
        "config": "{}",
        "baselines": {"volume": {"persistentVolumeClaim": {"claimName": "tidegauge-baselines", "readOnly": True}}},
        "existingSecrets": [{"name": "tidegauge-secrets", "optional": True}],
        "sidecar": {"native": native},
    }
    with tempfile.TemporaryDirectory() as folder:
        host = Path(folder) / "host"
        shutil.copytree(CHART, host / "charts" / "tidegauge")
        for name, text in HOST.items():
            path = host / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        with Chart.load(host) as chart:
            rendered = chart.render({"tidegauge": own}, name="any")["host/templates/patch.yaml"]
    return f"# Written by `make chart` from the templates of the chart. Do not edit.\n{rendered}"


def written() -> dict[Path, str]:
    """The text of every file that is written."""
    patches = {COMPONENTS / folder / "patch.yaml": patch(native) for folder, native in NATIVE.items()}
    return copies() | {CHART / "README.md": readme()} | patches


def main() -> None:
    shutil.rmtree(CHART / "files")
    for path, text in written().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
