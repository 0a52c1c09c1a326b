"""What the operator may set: one YAML file, `TIDEGAUGE_...` in the environment, and flags."""

from monitor.settings.display import Row, masked, rows, summary
from monitor.settings.loading import Effective, load, origins, resolve
from monitor.settings.schema import (
    OTHER,
    Files,
    Kafka,
    Limits,
    Match,
    Model,
    Privacy,
    Sampling,
    Settings,
    Source,
    State,
    Web,
    json_schema,
)
from monitor.settings.secret_files import read_headers, read_secret

__all__ = [
    "OTHER",
    "Effective",
    "Files",
    "Kafka",
    "Limits",
    "Match",
    "Model",
    "Privacy",
    "Row",
    "Sampling",
    "Settings",
    "Source",
    "State",
    "Web",
    "json_schema",
    "load",
    "masked",
    "origins",
    "read_headers",
    "read_secret",
    "resolve",
    "rows",
    "summary",
]
