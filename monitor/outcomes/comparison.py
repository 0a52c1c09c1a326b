"""Today's outcomes of probes against those of the evaluated model."""

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec

from monitor.anchors import lost
from monitor.errors import ConfigError
from monitor.journal import Header, Run
from monitor.outcomes.categories import Compared, compare_category
from monitor.outcomes.identity import Identity, compare_identity
from monitor.outcomes.parity import Parity, compare_gaps
from monitor.outcomes.triggers import Trigger, compare_triggers
from monitor.probing import Ask, Kind, Observation, State

WINDOW_SECS = 7 * 86_400.0
"""Observations older than this before the latest one are left out: a week rolls."""

DAYS_PER_YEAR = 365.0

FALSE_ALARMS_PER_YEAR = 0.25
"""The default: by measurement about one unchanged deployment in sixty is called worse within 90 days."""

MAY_LOSE = {"judge": 3}
"""So many anchors, of some sixty, a scorer may lose: one that draws its words changes its mind about a few."""

_BY_OUTCOME = frozenset(Kind) - {Kind.TRIGGER, Kind.FINGERPRINT, Kind.PARITY}


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """All categories, worst first, gaps by measure, and the triggers that were found of the `tried` ones. `left_out`
    says of what could not be compared why, with counts. `alpha` is the level of each of them. `moved_scorers` judge
    their anchors in the latest run otherwise than at the baseline: then nothing else counts."""

    categories: tuple[Compared, ...]
    parity: tuple[Parity, ...]
    identity: Identity | None
    triggers: tuple[Trigger, ...]
    tried: int
    left_out: Mapping[str, int]
    alpha: float
    moved_scorers: tuple[str, ...] = ()

    @property
    def state(self) -> State:
        """BLIND when scorers moved; else the worst of all: WORSE, CHANGED, UNSEEN, then STEADY when something could be
        told, else NOT_ENOUGH."""
        if self.moved_scorers:
            return State.BLIND
        if self.triggers:
            return State.WORSE
        states = {c.state for c in self.categories} | {p.state for p in self.parity}
        states |= {self.identity.state} if self.identity else set()
        for state in (State.WORSE, State.CHANGED, State.UNSEEN, State.STEADY):
            if state in states:
                return state
        return State.NOT_ENOUGH


def compare(
    baseline: Run, runs: Sequence[Run], asks: Sequence[Ask], *, false_alarms_per_year: float = FALSE_ALARMS_PER_YEAR
) -> Comparison:
    """Runs of the last week against the baseline. `asks` are those of the suite: they say what parity measures.

    The operator's false alarms are shared evenly over the categories, the measures of parity, the trigger scan and the
    identity, and over the days of a year: one look a day at the rolling week keeps within them. Raises ConfigError when
    nothing is alike: another suite, or another scorer.
    """
    moved = {id(run): moved_scorers(baseline.header, run.header) for run in runs}
    latest = max(runs, key=lambda run: run.header.started, default=None)
    now, left_out = _comparable(baseline.header, [run for run in runs if not moved[id(run)]] or runs)
    left_out["the scorers had moved in that run"] += sum(len(run.observations) for run in runs if moved[id(run)])
    then = baseline.observations
    known = {o.ask for o in then}
    left_out["the baseline has no such ask: suite edited since"] += sum(o.ask not in known for o in now)
    now = [o for o in now if o.ask in known]
    if not now:
        raise ConfigError("no ask of these runs is in the baseline: it is of another suite; make a new one")
    plain = [o for o in now if o.kind in _BY_OUTCOME]
    scan = [o for o in now if o.kind is Kind.TRIGGER]
    categories = sorted({o.category for o in plain})
    measures = sorted({m for ask in asks for m in ask.expect.measure})
    single = [o for o in now if o.kind is Kind.FINGERPRINT]
    checks = len(categories) + len(measures) + bool(scan) + bool(single)
    alpha = false_alarms_per_year / DAYS_PER_YEAR / max(checks, 1)
    compared = [
        compare_category(str(c), [o for o in then if o.category is c and o.kind in _BY_OUTCOME],
                  [o for o in plain if o.category is c], alpha)
        for c in categories
    ]  # fmt: skip
    found, tried = compare_triggers([o for o in then if o.kind is Kind.TRIGGER], scan, alpha)
    order = (State.WORSE, State.UNSEEN, State.NOT_ENOUGH, State.STEADY)
    return Comparison(
        categories=tuple(sorted(compared, key=lambda c: (order.index(c.state), c.p))),
        parity=tuple(compare_gaps(measure, asks, then, now, alpha) for measure in measures),
        identity=compare_identity([o for o in then if o.kind is Kind.FINGERPRINT], single, alpha) if single else None,
        triggers=found,
        tried=tried,
        left_out={why: n for why, n in left_out.items() if n},
        alpha=alpha,
        moved_scorers=() if latest is None else moved[id(latest)],
    )


def moved_scorers(baseline: Header, run: Header) -> tuple[str, ...]:
    """Names of the scorers that judge anchors wrongly which they judged rightly at the baseline. One that computes has
    moved with the first; of a model that is asked a few are chance."""
    return tuple(
        name
        for name, before in baseline.anchors.items()
        if name in run.anchors and len(lost(before, run.anchors[name])) > MAY_LOSE.get(name, 0)
    )


def _comparable(baseline: Header, runs: Sequence[Run]) -> tuple[list[Observation], Counter[str]]:
    """Observations of the last week by the scorers of the baseline."""
    left_out: Counter[str] = Counter()
    for run in runs:
        for name, identity in run.header.scorers.items():
            if baseline.scorers.get(name, identity) != identity:
                raise ConfigError(
                    f"scorer {name} is not the one that judged the baseline: make a new baseline, or use that version"
                )
    everything = [o for run in runs for o in run.observations]
    latest = max((o.time for o in everything), default=0.0)
    recent = [o for o in everything if o.time > latest - WINDOW_SECS]
    left_out["older than a week before the latest"] += len(everything) - len(recent)
    return recent, left_out
