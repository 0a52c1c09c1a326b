"""Where reports go. A new one: one file here, one line below."""

from collections.abc import Callable, Mapping

from monitor.exporters.prometheus import PrometheusExporter
from monitor.report import Exporter

EXPORTERS: Mapping[str, Callable[..., Exporter]] = {
    "prometheus": PrometheusExporter,
}
