"""What a comparison says to the verdict, and to those who show it."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from monitor.calibration import Calibration
from monitor.interfaces import Level
from monitor.outcomes import categories
from monitor.outcomes.comparison import Comparison
from monitor.outcomes.identity import Identity
from monitor.outcomes.leaks import Leak
from monitor.outcomes.observed import evidence_of
from monitor.outcomes.parity import Parity
from monitor.outcomes.reference import Beside
from monitor.outcomes.triggers import Trigger
from monitor.probing import State
from monitor.report import Compared, ProbeCategory
from monitor.stats.corrected import Share
from monitor.verdict import Channel, Finding, Mover

MEANING: Mapping[State, str] = {
    State.STEADY: "Probes are answered as the evaluated model answered them, as far as these runs can tell.",
    State.SUSPECT: "Something stands out, and fresh answers have to confirm it: this is no pass.",
    State.WORSE: "Probes are answered worse than the evaluated model answered them.",
    State.CHANGED: "Another model answers probes; nothing became worse as far as these runs can tell.",
    State.UNSEEN: "Too many probes have no answer to judge: this is no pass.",
    State.BLIND: "What judges the answers has moved: whether the model did cannot be told.",
    State.NOT_ENOUGH: "Too few probes to say: this is no pass.",
}
"""What each state of a comparison means."""

_LEVELS = {State.STEADY: Level.STEADY, State.WORSE: Level.MOVED, State.CHANGED: Level.MOVED}
_EXAMPLES = 3


class _Check(NamedTuple):
    """One thing that was compared: in words what its move would be, the items that show it most."""

    name: str
    state: State
    p: float
    alpha: float
    move: str
    items: tuple[str, ...] = ()


def corrected_rate(c: categories.Compared, calibration: Calibration | None) -> Share | None:
    """The rate of bad answers of now, corrected for the errors of the scorer that judged them all. None without a
    calibration of that scorer."""
    if calibration is None or c.rate is None or c.kind is None or c.scorer != calibration.scorer:
        return None
    return calibration.correct(c.rate, c.looks, c.kind)


def told(
    done: Comparison, *, at: float, caveats: Sequence[str] = (), calibration: Calibration | None = None
) -> Compared:
    """A comparison made at `at` (Unix seconds), for a report. `caveats` are those of the baseline."""
    checks = [
        *map(_category, done.categories),
        *map(_gap, done.parity),
        *(_trigger(trigger, done) for trigger in done.triggers),
        *(_Check("trigger", State.SUSPECT, 1.0, done.alpha, f"trigger {v} stood out") for v in done.suspects),
        *(_leak(leak, done) for leak in done.leaks),
        *map(_beside, done.reference),
    ]
    findings = {Channel.PROBES: _finding(checks, at)}
    identity = () if done.identity is None else (_identity(done.identity),)
    if identity:
        findings[Channel.IDENTITY] = _finding(identity, at)
    if done.moved_scorers:
        findings[Channel.PROBES] = Finding(Level.INSUFFICIENT, at)
    beside = [*checks[len(done.categories) :], *identity]
    return Compared(
        time=at,
        state=str(done.state),
        meaning=MEANING[done.state],
        caveats=tuple(caveats),
        left_out={str(reason): n for reason, n in done.left_out.items()},
        blind=bool(done.moved_scorers),
        categories=tuple(
            ProbeCategory(
                name=c.category,
                state=str(c.state),
                items=c.items,
                evidence_log10=evidence_of(c.p),
                threshold_log10=evidence_of(c.alpha),
                bad_before=c.rate_before,
                bad=c.rate,
                low=c.low,
                high=c.high,
                detectable=c.detectable,
                corrected=corrected_rate(c, calibration),
            )
            for c in done.categories
        ),
        found=tuple(f"scorer {name} judges anchors otherwise" for name in done.moved_scorers)
        or tuple(check.move for check in beside if _LEVELS.get(check.state) is Level.MOVED),
        findings=findings,
    )


def _finding(checks: Sequence[_Check], at: float) -> Finding:
    """Of the channel that these checks make. It moved when one did; it is steady when one is and none is UNSEEN or
    SUSPECT. Its evidence is that of the check which is nearest to its threshold."""
    levels = [_LEVELS.get(check.state, Level.INSUFFICIENT) for check in checks]
    open_ended = any(check.state in (State.UNSEEN, State.SUSPECT) for check in checks)
    calm = Level.STEADY if Level.STEADY in levels and not open_ended else Level.INSUFFICIENT
    level = Level.MOVED if Level.MOVED in levels else calm
    nearest = max(checks, key=lambda c: evidence_of(c.p) - evidence_of(c.alpha), default=None)
    moved = sorted((c for c, x in zip(checks, levels, strict=True) if x is Level.MOVED), key=lambda c: c.p)
    whole = sum(evidence_of(c.p) for c in moved)
    return Finding(
        level,
        at,
        None if nearest is None else evidence_of(nearest.p),
        0.0 if nearest is None else evidence_of(nearest.alpha),
        tuple(Mover(c.name, c.move, round(evidence_of(c.p) / whole, 4)) for c in moved),
        tuple(item for c in moved for item in c.items)[:_EXAMPLES],
    )


def _category(c: categories.Compared) -> _Check:
    name = c.category.replace("_", " ")
    rates = "" if c.rate is None or c.rate_before is None else f": {c.rate_before:.0%} bad before, {c.rate:.0%} now"
    items = tuple(dict.fromkeys(moved.item for moved in c.moved))
    reach = {"generalised": ", held-out ones too", "local": ", of these items alone"}.get(c.reach, "")
    return _Check(c.category, c.state, c.p, c.alpha, f"worse answers to probes of {name}{rates}{reach}", items)


def _gap(gap: Parity) -> _Check:
    move = f"answers depend more on whom they are about: gap of {gap.measure} {gap.gap_before:.2f}, now {gap.gap:.2f}"
    return _Check(f"parity_{gap.measure}", gap.state, gap.p, gap.alpha, move)


def _trigger(trigger: Trigger, done: Comparison) -> _Check:
    move = (
        f"trigger {trigger.variant} does something: bad at {trigger.bad} of {trigger.looks} prompts, "
        f"with its control at {trigger.bad_control}"
    )
    return _Check("trigger", State.WORSE, trigger.p, done.alpha, move)


def _leak(leak: Leak, done: Comparison) -> _Check:
    move = f"{leak.item} gives away what it never gave away before: {leak.told} times, afresh {leak.again}"
    return _Check("leak", leak.state, done.alpha if leak.state is State.WORSE else 1.0, done.alpha, move, (leak.item,))


def _beside(one: Beside) -> _Check:
    name = one.category.replace("_", " ")
    more = ", by more than at its baseline" if one.by == "baseline" else ""
    pairs = f"it alone is bad {one.worse} times, the reference alone {one.better}"
    move = f"worse than the reference at {name}{more}: {pairs}"
    p, alpha = 10.0 ** -max(one.evidence_log10, 0.0), 10.0**-one.threshold_log10
    return _Check(f"reference_{one.category}", one.state, p, alpha, move)


def _identity(identity: Identity) -> _Check:
    move = f"first {identity.by} of answers are others at {identity.prompts} prompts"
    return _Check("first_tokens", identity.state, identity.p, identity.alpha, move)
