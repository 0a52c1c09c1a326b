"""What a backtest says in sentences, alike on the terminal and in the report."""

from datetime import UTC, datetime

from monitor.backtest.history import FalsePages, Replay
from monitor.verdict import Verdict, words


def headline(done: Replay) -> str:
    pages = len(done.pages)
    if done.report.verdict is Verdict.INSUFFICIENT and not pages:
        return "Too few exchanges to say"
    return (
        "Nothing would have paged"
        if not pages
        else "Would have paged " + ("once" if pages == 1 else f"{pages:,} times")
    )


def certainty(done: Replay) -> list[str]:
    """A sentence for the first page and one for the end."""
    said = []
    for page in done.pages[:1]:
        moved = "; ".join(mover.move for mover in page.movers[:3])
        said.append(
            f"{'First page' if len(done.pages) > 1 else 'Page'} at exchange {page.opened:,}{when(page.opened_time)}, "
            f"{page.opened - page.onset + 1:,} exchanges after it began: {moved}."
        )
    verdict = done.report.verdict
    lacking = f" {done.report.needed} more are needed." if verdict is Verdict.INSUFFICIENT else ""
    return [*said, f"At the end: {str(verdict).replace('_', ' ')}. {words(verdict)}{lacking}"]


def false_pages(known: FalsePages) -> tuple[str, str]:
    """What is promised, and what this replay says about it."""
    promised = (
        f"At most {known.per_month:g} a month at {known.exchanges_per_month:,.0f} exchanges a month; "
        f"for this replay that makes at most {short(known.over_replay)}."
    )
    if not known.pages:
        return promised, (
            f"No page. If nothing changed in this traffic, the true rate is below {short(known.seen_high)} "
            "a month (95 %)."
        )
    number, they = ("1 page", "is it") if known.pages == 1 else (f"{known.pages:,} pages", "are they")
    return promised, (
        f"{number}. Only if the model never changed in this traffic {they} false; the rate is then "
        f"{short(known.seen_per_month)} a month ({short(known.seen_low)} to {short(known.seen_high)}, 95 %)."
    )


def span_of_time(first: float | None, last: float | None) -> str:
    if first is None or last is None:
        return ""
    begin, end = datetime.fromtimestamp(first, UTC), datetime.fromtimestamp(last, UTC)
    until = f"{end:%H:%M}" if begin.date() == end.date() else f"{end:%d %b %Y %H:%M}"
    return f"{begin:%d %b %Y %H:%M} to {until} UTC"


def stamp(time: float | None) -> str:
    """Day and minute, as a table has room for; "" when unknown."""
    return "" if time is None else f"{datetime.fromtimestamp(time, UTC):%d %b %H:%M}"


def when(time: float | None) -> str:
    return "" if time is None else f" ({datetime.fromtimestamp(time, UTC):%d %b %Y %H:%M} UTC)"


def short(x: float) -> str:
    return f"{x:,.0f}" if x >= 9.5 else f"{x:.2g}"
