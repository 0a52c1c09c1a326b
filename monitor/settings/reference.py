"""The page docs/configuration.md, written from the settings themselves so that it cannot be out of date."""

import json

from monitor.settings.keys import KeyPath, Keys, Schema, spelled
from monitor.settings.schema import json_schema

_HEAD = """\
# Configuration

<!-- Written by `make docs-config` from monitor/settings/schema.py. Do not edit. -->

Settings come from one YAML file (`tidegauge run -c monitor.yaml`), from the environment and from flags. A flag wins
over the environment, that over the file, that over the default. A commented file is
[examples/monitor.yaml](../examples/monitor.yaml).

- `tidegauge config check -c monitor.yaml` tells every problem at once: file, line, key, what was given, what is
  allowed. An unknown key is an error that names the nearest valid one. The exit code is 2.
- `tidegauge config show -c monitor.yaml` prints every effective value and where it came from.
- `tidegauge config schema` prints the JSON schema, for editors.

**Environment.** `TIDEGAUGE_` and the key in capitals, `__` between levels: `TIDEGAUGE_WEB__PORT=9500` is `web.port`. A
number is a place in a list: `TIDEGAUGE_SOURCES__0__KAFKA__GROUP_ID`. A list or a map is written as JSON
(`TIDEGAUGE_SOURCES__0__KAFKA__TOPICS='["llm-traffic"]'`) and a list replaces the whole list; `null` is null. The
variables that Kubernetes sets for a Service named `tidegauge` (`TIDEGAUGE_SERVICE_HOST`, `TIDEGAUGE_PORT`, ...) are not
settings and are ignored.

**Secrets** stand in files, never in the settings: keys that end in `_file` name them. Whatever is named like a
password, secret, key or token is never printed.
"""

_TABLE = "\n| key | allowed | default | meaning |\n|---|---|---|---|\n"


def markdown() -> str:
    """The whole page."""
    keys = Keys(root=json_schema())
    sections = [_section(keys, (name,)) for name in keys.names(keys.root)]
    return _HEAD + "".join(sections)


def _section(keys: Keys, top: KeyPath) -> str:
    node = keys.at(top) or {}
    leaves = list(keys.leaves(top))
    needed = " Required." if "default" not in node else ""
    intro = "" if leaves == [(top, node)] else f"\n{node['description']}{needed}\n"
    return f"\n## `{spelled(top)}`\n{intro}{_TABLE}" + "".join(_row(keys, path, leaf) for path, leaf in leaves)


def _row(keys: Keys, path: KeyPath, leaf: Schema) -> str:
    default = f"`{json.dumps(leaf['default'])}`" if "default" in leaf else "required"
    key = spelled(path).replace("[0]", "[]")
    cells = (f"`{key}`", keys.allowed(leaf), default, str(leaf["description"]))
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"
