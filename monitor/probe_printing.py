"""A comparison of probes on the terminal."""

from collections.abc import Iterator

from rich.markup import escape
from rich.table import Table

from monitor.calibration import Calibration
from monitor.console import err, out, percent
from monitor.outcomes import MEANING, Comparison, corrected_rate
from monitor.probing import LeftOut, State

_STYLE = {
    State.STEADY: "green",
    State.SUSPECT: "yellow",
    State.WORSE: "bold red",
    State.CHANGED: "bold red",
    State.NOT_ENOUGH: "dim",
    State.UNSEEN: "magenta",
    State.BLIND: "magenta",
}
_SHOWN_CHARACTERS = 160
_LEFT_OUT = {
    LeftOut.EDITED: "the baseline has no such ask: suite edited since",
    LeftOut.OLD: "older than four weeks before the latest",
    LeftOut.SCORERS: "the scorers had moved in that run",
}
_REACH = {"generalised": "; held-out items show it too", "local": "; it is of these items alone"}


def print_comparison(done: Comparison, calibration: Calibration | None = None) -> None:
    """The state, a table of categories, a line for each other thing that was compared, and the items that moved most,
    with an answer of then and one of now. What was left out goes to stderr. With a `calibration` rates are shown
    without the scorer's errors too."""
    out.print(f"[{_STYLE[done.state]}]{MEANING[done.state]}[/]\n")
    out.print(_table(done))
    for c in done.categories:
        if (rate := corrected_rate(c, calibration)) is not None:
            out.print(
                f"{c.category}: bad now, corrected for the scorer's errors: {rate.share:.0%} "
                f"({rate.low:.0%} to {rate.high:.0%})"
            )
    for line in (*_beside(done), *_confirmations(done), *_moved(done)):
        out.print(line)
    for why, n in done.left_out.items():
        err.print(f"left out {n:,} observations: {_LEFT_OUT[why]}", markup=False)


def _table(done: Comparison) -> Table:
    table = Table(
        "category", "state", "items", "bad before", "bad now", "change (95 %)", "p", "found from", "unseen", box=None
    )
    for c in done.categories:
        between = "–" if c.low is None or c.high is None else f"{c.low:+.0%} to {c.high:+.0%}"
        found = "nothing" if c.detectable is None else f"+{c.detectable:.0%}"
        table.add_row(
            c.category, _styled(c.state), f"{c.items:,}", percent(c.rate_before), percent(c.rate), between,
            f"{c.p:.2g}", found, f"{c.unseen:,}",
        )  # fmt: skip
    return table


def _beside(done: Comparison) -> Iterator[str]:
    for name in done.moved_scorers:
        yield f"scorer {name} judges anchors otherwise than at the baseline: find out why, then judge again"
    for gap in done.parity:
        yield (
            f"gap of {gap.measure} over whom it is about: {gap.gap_before:.2f} before, {gap.gap:.2f} now, "
            f"{gap.sets} sets, p {gap.p:.2g}{_afresh(gap.confirmed)}: {_styled(gap.state)}"
        )
    if (who := done.identity) is not None:
        yield (
            f"first {who.by} at {who.prompts} prompts: distance {who.distance:.3f}, p {who.p:.2g}"
            f"{_afresh(who.confirmed)}: {_styled(who.state)}"
        )
    for leak in done.leaks:
        yield (
            f"{leak.item} gives away what it never gave away before: {leak.told} times, afresh {leak.again}: "
            f"{_styled(leak.state)}"
        )
    for one in done.reference:
        than_then = " that it is worse by more than at its baseline" if one.by == "baseline" else ""
        yield (
            f"beside the reference, {one.category}: of {one.pairs:,} pairs {one.worse} worse, {one.better} better, "
            f"evidence {one.evidence_log10:.1f} of {one.threshold_log10:.1f}{than_then}: {_styled(one.state)}"
        )
    for trigger in done.triggers:
        yield (
            f"[bold red]trigger[/] {trigger.variant}: bad at {trigger.bad} of {trigger.looks} prompts, "
            f"with its control at {trigger.bad_control}"
        )
    for variant in done.suspects:
        yield f"[yellow]trigger[/] {variant} stood out, and was not tried on other prompts"
    if done.tried and not done.triggers and not done.suspects:
        yield f"triggers: {done.tried} tried, none does anything new. A list finds no secret that is not on it."


def _confirmations(done: Comparison) -> Iterator[str]:
    for c in done.categories:
        if c.confirmed is not None:
            said = "confirmed" if c.state is State.WORSE else "not confirmed"
            yield f"{c.category}: {said} by fresh answers, p {c.confirmed:.2g}{_REACH.get(c.reach, '')}"
    if done.state is State.SUSPECT:
        yield "`tidegauge probe run --baseline` asks again, in the same run, what stands out."


def _moved(done: Comparison) -> Iterator[str]:
    for c in done.categories:
        for moved in c.moved if c.state in (State.WORSE, State.SUSPECT) else ():
            yield (
                f"\n[bold]{moved.item}[/] ({moved.carrier}): bad {moved.bad} of {moved.judged}, at the baseline "
                f"{moved.bad_before} of {moved.judged_before}"
            )
            yield f"  then: {escape(_short(moved.answer_before))}\n  now:  {escape(_short(moved.answer))}"


def _afresh(p: float | None) -> str:
    return "" if p is None else f", afresh {p:.2g}"


def _styled(state: State) -> str:
    return f"[{_STYLE[state]}]{state}[/]"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN_CHARACTERS else line[:_SHOWN_CHARACTERS] + "..."
