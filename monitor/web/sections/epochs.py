"""What was seen against earlier baselines."""

from html import escape

from monitor.report import Epoch
from monitor.web.html import at, plain, table
from monitor.web.shown import Shown


def epochs(shown: Shown) -> str:
    known = shown.model.epochs
    if not known:
        return ""
    return "<h2>Earlier baselines, latest first</h2>" + table(
        ("baseline", "exchanges", "last verdict", "latest incidents"),
        [_row(epoch) for epoch in reversed(known)],
        numbers=(1,),
        caption="What was seen against them",
    )


def _row(epoch: Epoch) -> tuple[str, ...]:
    verdict = epoch.spans[-1].verdict
    incidents = "; ".join(
        f'<span class="tag {i.verdict}">{plain(i.verdict)}</span> from {i.onset:,}{at(i.onset_time)}'
        for i in epoch.incidents[-3:]
    )
    return (
        f"<code>{escape(epoch.baseline_id)}</code>",
        f"{epoch.exchanges:,}",
        f'<span class="tag {verdict}">{plain(verdict)}</span>{at(epoch.last_time)}',
        incidents or "none",
    )
