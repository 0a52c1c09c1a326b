"""Settings from environment variables, by the rules of pydantic-settings: `TIDEGAUGE_WEB__PORT` is `web.port`, a list
or map is written as JSON. Beyond them, a number is a place in a list (`TIDEGAUGE_MODELS__0__NAME`), `null` is null
where null is allowed, and a misspelt variable is an error instead of being ignored."""

import json
import re
from collections.abc import Mapping
from typing import Any

from monitor.settings.keys import KeyPath, Keys, spelled
from monitor.settings.layers import Assignment, Origin, Problem, assignments

PREFIX = "TIDEGAUGE_"
_DELIMITER = "__"

# Kubernetes tells every pod about each Service of its namespace. For a Service named `tidegauge` or `tidegauge-...`
# these variables begin with our prefix and are not settings.
_LINK = re.compile(r"(.*_)?SERVICE_(HOST|PORT(_\w+)?)|(.*_)?PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?")
_LINK_ADDRESS = re.compile(r"(tcp|udp|sctp)://.*")


def read_environment(environ: Mapping[str, str], keys: Keys) -> tuple[list[Assignment], list[Problem]]:
    """All settings among the variables, in the order of their names: `TIDEGAUGE_WEB` before `TIDEGAUGE_WEB__PORT`."""
    given: list[Assignment] = []
    problems: list[Problem] = []
    for name in sorted(environ):
        if not name.startswith(PREFIX) or _is_service_link(name, environ[name], keys):
            continue
        origin = Origin(rank=1, line=0, text=f"environment {name}")
        path = _path(name)
        try:
            given.extend(assignments(path, _value(environ[name], path, keys), origin))
        except json.JSONDecodeError as error:
            text = f"{spelled(path)}: must be written as JSON: {error.msg} at character {error.pos + 1}"
            problems.append(Problem(origin, text))
    return given, problems


def _path(name: str) -> KeyPath:
    parts = name.removeprefix(PREFIX).lower().split(_DELIMITER)
    return tuple(int(part) if part.isdecimal() else part for part in parts)


def _is_service_link(name: str, value: str, keys: Keys) -> bool:
    rest = name.removeprefix(PREFIX)
    known = rest.lower().split(_DELIMITER)[0] in keys.names(keys.root)
    # TIDEGAUGE_WEB_PORT=9464 is a misspelt setting, TIDEGAUGE_WEB_PORT=tcp://... a link to the Service tidegauge-web
    is_address = rest.endswith("PORT") and _LINK_ADDRESS.fullmatch(value) is not None
    return not known and (is_address or _LINK.fullmatch(rest) is not None)


def _value(text: str, path: KeyPath, keys: Keys) -> Any:
    """The text itself where the key holds one value; the settings' types make numbers of it."""
    node = keys.at(path)
    kinds = {form.get("type") for form in keys.forms(node)} if node is not None else set()
    if text == "null" and "null" in kinds:
        return None
    holds_parts = bool(kinds & {"array", "object"})
    if holds_parts and ("string" not in kinds or text.lstrip().startswith("[")):
        return json.loads(text)
    return text
