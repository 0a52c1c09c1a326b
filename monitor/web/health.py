"""The monitor about itself: whether it looks, keeps up, and stores."""

from html import escape

from monitor import __version__
from monitor.report import MonitorReport
from monitor.web.html import ago, facts, plain, stamp, table


def health(report: MonitorReport, *, alone: bool = False) -> str:
    """The section. `alone`: in a file that is passed on."""
    asked = (
        ("Looked at", f"{stamp(report.at)}, by version {escape(__version__)}"),
        ("Behind", _behind(report)),
        ("Measured", _measured(report)),
        ("Trouble", _trouble(report)),
    )
    rows = [
        (escape(source), escape(plain(outcome)), f"{n:,}") for (source, outcome), n in sorted(report.records.items())
    ]
    rows += [("unreadable", escape(plain(reason)), f"{n:,}") for reason, n in sorted(report.dead_letters.items())]
    rows += [("skipped", escape(plain(reason)), f"{n:,}") for reason, n in sorted(report.skipped.items())]
    head, caption = ("records of", "what became of them", "count"), "Records since the state began"
    counted = (
        f'<details id="records"><summary>Records, by what became of them</summary>'
        f"{table(head, rows, numbers=(2,), caption=caption)}</details>"
        if rows
        else ""
    )
    links = (
        ""
        if alone
        else '<p class="note"><a href="/metrics">Series</a> · <a href="/api/v1/verdicts">Verdicts as JSON</a></p>'
    )
    return f"<h2>The monitor itself</h2>{facts(asked)}{counted}{links}"


def _behind(report: MonitorReport) -> str:
    secs = max(report.lag_secs.values(), default=None)
    records = sum(report.lag_records.values())
    if secs is None and not report.lag_records:
        return ""
    return f"{records:,} records" + ("" if secs is None else f", {ago(secs) if secs >= 60 else f'{secs:.0f} s'}") + "."


def _measured(report: MonitorReport) -> str:
    """The least share that is sampled, and read by networks, of any model."""
    said = [
        f"{'at least ' if len(shares) > 1 else ''}{min(shares.values()):.0%} of exchanges {what}"
        for shares, what in (
            (report.sampled_ratio, "are sampled"),
            (report.read_ratio, "of those are read by networks"),
        )
        if shares
    ]
    return "; ".join(said) + ("." if said else "")


def _trouble(report: MonitorReport) -> str:
    gaps = sum(report.gaps.values())
    said = [
        f"<b>{report.state_failures:,} saves of the state failed</b>" if report.state_failures else "",
        f"gaps, where records were gone before they were read: {gaps:,}" if gaps else "",
        f"{sum(report.dead_letters.values()):,} records could not be read" if report.dead_letters else "",
        "" if report.ready else "no source has answered yet",
    ]
    return "; ".join(s for s in said if s) or "None."
