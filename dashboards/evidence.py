"""Evidence as a share of its threshold, so that different tests stand on one scale: from 1 on there is an incident."""

from dashboards.queries import of, top

_TRAFFIC = f"{of('tidegauge_evidence_log10', signal='all')} / {of('tidegauge_evidence_threshold_log10', signal='all')}"
_PROBES = f"{of('tidegauge_probe_evidence_log10')} / {of('tidegauge_probe_evidence_threshold_log10')}"

PROBES = top(_PROBES, "category")
"""Of probes, by category."""

WORST = top(f"{_TRAFFIC} or {_PROBES}")
"""The highest of each model."""
