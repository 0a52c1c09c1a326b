"""Which model answers: what the first tokens of its answers to probes say."""

from html import escape

from monitor.interfaces import Level
from monitor.verdict import Channel, Finding
from monitor.web.html import power, stamp
from monitor.web.shown import Shown

_SAID = {
    Level.MOVED: "Another model answers than the evaluated one.",
    Level.STEADY: "Nothing says that another model answers than the evaluated one.",
    Level.INSUFFICIENT: "Too few answers to say which model answers: this is no pass.",
}


def identity(shown: Shown) -> str:
    known = shown.model.evidence.get(Channel.IDENTITY)
    if not isinstance(known, Finding):
        return ""
    carried = "; ".join(escape(mover.move) for mover in known.movers)
    return (
        f"<h2>Which model answers</h2><p>{_SAID[known.level]}{f' Most evidence: {carried}.' if carried else ''}</p>"
        f'<p class="note">From first tokens of answers to probes, {stamp(known.time)}: evidence '
        f"{power(known.evidence_log10)}, {power(known.threshold_log10)} needed.</p>"
    )
