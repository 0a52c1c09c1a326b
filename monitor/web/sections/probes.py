"""Probes on the page: what was compared, how it stands, and whether runs come as they should."""

from html import escape

from monitor.probing import State
from monitor.report import ProbeCategory, ProbesReport
from monitor.web.html import at, plain, table
from monitor.web.shown import Shown

_HEAD = ("probes of", "state", "items", "bad before", "bad now", "change (95 %)", "found from")
_CAPTION = "Bad answers to probes, of the evaluated model and of late"
_COLOURS = {State.STEADY: "steady", State.WORSE: "unexplained", State.CHANGED: "unexplained", State.UNSEEN: "blind"}


def probed(shown: Shown) -> str:
    """The section about probes of one model."""
    probes = shown.model.probes
    if probes is None:
        return ""
    done = probes.compared
    if done is None:
        why = f" {escape(probes.trouble)}." if probes.trouble else ""
        said = f"<p>Nothing was compared yet: this is no pass.{why}</p>"
    else:
        found = "".join(f"<li>{escape(text)}</li>" for text in done.found)
        compared = table(
            _HEAD, [_row(c) for c in done.categories], numbers=range(2, 7), extra=(2, 5, 6), caption=_CAPTION
        )
        but = f" The baseline: {escape('; '.join(done.caveats))}." if done.caveats else ""
        said = f"<p>{escape(done.meaning)}{but}</p>{f'<ul>{found}</ul>' if found else ''}{compared}"
    return f"<h2>Probes: the same prompts as at the evaluation</h2>{said}{_runs(probes)}"


def _row(c: ProbeCategory) -> tuple[str, ...]:
    state = f'<span class="tag {_COLOURS.get(State(c.state), "insufficient")}">{plain(c.state)}</span>'
    change = "–" if c.low is None or c.high is None else f"{c.low:+.0%} to {c.high:+.0%}"
    found = "nothing" if c.detectable is None else f"{c.detectable:+.0%}"
    bad = _share(c.bad)
    if c.corrected is not None:
        low, share, high = c.corrected
        bad += f" <small>corrected {share:.0%}, {low:.0%} to {high:.0%}</small>"
    return escape(plain(c.name)), state, f"{c.items:,}", _share(c.bad_before), bad, change, found


def _runs(probes: ProbesReport) -> str:
    last = f"Last whole run{at(probes.last_success)}" if probes.last_success else "No whole run since the start"
    skipped = "".join(f"; {n:,} not whole: {plain(reason)}" for reason, n in sorted(probes.skips.items()) if n)
    unanswered = "".join(f"; {n:,} without an answer: {plain(why)}" for why, n in sorted(probes.failures.items()) if n)
    left_out = probes.compared.left_out if probes.compared else {}
    unanswered += "".join(f"; {n:,} not compared: {plain(why)}" for why, n in sorted(left_out.items()))
    return (
        f'<p class="note">{last}, next{at(probes.next_due)}{skipped}{unanswered}. '
        f"{probes.requests:,} requests and {probes.tokens:,} tokens since the start.</p>"
    )


def _share(x: float | None) -> str:
    return "–" if x is None else f"{x:.0%}"
