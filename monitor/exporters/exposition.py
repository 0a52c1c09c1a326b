"""Families of series as the text that Prometheus reads.

The client's own encoder checks every name and sorts every label of every line: half a second for fifty models. Names
here are the exporter's and hold by construction, so all that is left to do for a line is to escape its labels' values.
"""

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.samples import Exemplar, Sample

_ESCAPED = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})
_PLAIN = {"counter": ("counter", "_total"), "info": ("gauge", "_info"), "unknown": ("untyped", "")}
"""Types that the older format has other words for, and what their names end with there."""


def exposition(registry: CollectorRegistry, accept: str) -> tuple[bytes, str]:
    """The text of all series, and its content type: OpenMetrics or Prometheus' own, as a header `Accept` asks. Only
    OpenMetrics has exemplars. Cost: 3 us per series."""
    content_type = choose_encoder(accept)[1]
    if content_type.startswith("application/openmetrics-text"):
        lines = [*_open_metrics(registry.collect()), "# EOF\n"]
    else:
        lines = list(_prometheus(registry.collect()))
    return "".join(lines).encode(), content_type


class _Pairs(dict[tuple[str, str], str]):
    """Label and value -> their text. A report has few of them, many times."""

    def __missing__(self, pair: tuple[str, str]) -> str:
        text = self[pair] = f'{pair[0]}="{pair[1].translate(_ESCAPED)}"'
        return text


def _open_metrics(families: Iterable[Metric]) -> Iterator[str]:
    pairs = _Pairs()
    for family in families:
        yield f"# HELP {family.name} {family.documentation.translate(_ESCAPED)}\n# TYPE {family.name} {family.type}\n"
        for sample in family.samples:
            yield f"{_line(sample, pairs)}{_exemplar(sample.exemplar, pairs) if sample.exemplar else ''}\n"


def _prometheus(families: Iterable[Metric]) -> Iterator[str]:
    pairs = _Pairs()
    for family in families:
        kind, end = _PLAIN.get(family.type, (family.type, ""))
        name = family.name + end
        said = family.documentation.replace("\\", r"\\").replace("\n", r"\n")
        yield f"# HELP {name} {said}\n# TYPE {name} {kind}\n"
        for sample in family.samples:
            yield f"{_line(sample, pairs)}\n"


def _line(sample: Sample, pairs: _Pairs) -> str:
    if not sample.labels:
        return f"{sample.name} {_number(sample.value)}"
    return f"{sample.name}{{{','.join([pairs[pair] for pair in sample.labels.items()])}}} {_number(sample.value)}"


def _exemplar(exemplar: Exemplar, pairs: _Pairs) -> str:
    at = "" if exemplar.timestamp is None else f" {float(exemplar.timestamp)!r}"
    return f" # {{{','.join([pairs[pair] for pair in exemplar.labels.items()])}}} {_number(exemplar.value)}{at}"


def _number(value: float) -> str:
    text = repr(float(value))
    return {"inf": "+Inf", "-inf": "-Inf", "nan": "NaN"}.get(text, text)
