"""Today's outcomes of probes against those of the evaluated model."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from itertools import chain

import msgspec

from monitor.anchors import lost
from monitor.errors import ConfigError
from monitor.journal import Header, Run
from monitor.outcomes.categories import Compared, Seen, compare_category
from monitor.outcomes.identity import Identity, compare_identity
from monitor.outcomes.ladder import is_fresh
from monitor.outcomes.leaks import Leak, find_leaks
from monitor.outcomes.parity import Parity, compare_gaps
from monitor.outcomes.reference import BESIDE, Beside, beside
from monitor.outcomes.triggers import Trigger, compare_triggers
from monitor.outcomes.windows import SECS, Window, newest
from monitor.probing import Ask, Category, Kind, LeftOut, Observation, State

DAYS_PER_YEAR = 365.0

FALSE_ALARMS_PER_YEAR = 0.25
"""The default: by measurement one unchanged deployment in a hundred and twenty is called worse within 90 days."""

MAY_LOSE = {"judge": 3}
"""So many anchors, of some sixty, a scorer may lose: one that draws its words changes its mind about a few."""


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """All categories, worst first, gaps by measure, `leaks` of planted values, the triggers that were found of the
    `tried` ones (`suspects` stood out and were not tried again), and what a live `reference` shows, by category.
    `left_out` says of what could not be compared why, with counts. `alpha` is the level of each of them.
    `moved_scorers` judge their anchors in the latest run otherwise than at the baseline: then nothing else counts."""

    categories: tuple[Compared, ...]
    parity: tuple[Parity, ...]
    identity: Identity | None
    triggers: tuple[Trigger, ...]
    tried: int
    suspects: tuple[str, ...] = ()
    leaks: tuple[Leak, ...] = ()
    reference: tuple[Beside, ...] = ()
    left_out: Mapping[LeftOut, int]
    alpha: float
    moved_scorers: tuple[str, ...] = ()

    @property
    def state(self) -> State:
        """BLIND when scorers moved; else the worst of all: WORSE, CHANGED, UNSEEN, SUSPECT, then STEADY when something
        could be told, else NOT_ENOUGH."""
        if self.moved_scorers:
            return State.BLIND
        if self.triggers:
            return State.WORSE
        states = {c.state for c in self.categories} | {p.state for p in self.parity}
        states |= {leak.state for leak in self.leaks} | {one.state for one in self.reference}
        states |= {self.identity.state} if self.identity else set()
        states |= {State.SUSPECT} if self.suspects else set()
        order = (State.WORSE, State.CHANGED, State.UNSEEN, State.SUSPECT, State.STEADY)
        return next((state for state in order if state in states), State.NOT_ENOUGH)

    @property
    def wanted(self) -> dict[str, int]:
        """What has to be put now, beside the schedule, before more can be said: asks by hash, and how often."""
        wanted: dict[str, int] = {}
        tokens = () if self.identity is None else self.identity.wanted
        asks = chain(*(c.wanted for c in self.categories), *(leak.wanted for leak in self.leaks))
        for one in chain(asks, *(p.wanted for p in self.parity), tokens):
            wanted[one.ask] = max(one.repeats, wanted.get(one.ask, 0))
        return wanted


def compare(
    baseline: Run,
    runs: Sequence[Run],
    asks: Sequence[Ask],
    *,
    references: Sequence[Run] = (),
    reference_baseline: Run | None = None,
    false_alarms_per_year: float = FALSE_ALARMS_PER_YEAR,
) -> Comparison:
    """Runs of the last four weeks against the baseline. `asks` are those of the suites: they say what parity measures,
    what was planted, what is held out. `references` are runs of the same asks put to a live reference,
    `reference_baseline` is how it answered beside the evaluated model: with it the two need not be alike.

    The operator's false alarms are shared evenly over the categories, those beside the reference, the measures of
    parity, the trigger scan and the identity, and over the days of a year: one look a day keeps within them. Raises
    ConfigError when nothing is alike: another suite, or another scorer.
    """
    moved = {id(run): moved_scorers(baseline.header, run.header) for run in runs}
    latest = max(runs, key=lambda run: run.header.started, default=None)
    now, left_out = _comparable(baseline.header, [run for run in runs if not moved[id(run)]] or runs)
    left_out[LeftOut.SCORERS] += sum(len(run.observations) for run in runs if moved[id(run)])
    then = baseline.observations
    known = {o.ask for o in then}
    left_out[LeftOut.EDITED] += sum(o.ask not in known for o in now)
    now = [o for o in now if o.ask in known]
    if not now or latest is None:
        raise ConfigError("no ask of these runs is in the baseline: it is of another suite; make a new one")
    tonight = {id(o) for run in _tonight(runs, latest) for o in run.observations}
    fresh = [o for o in now if is_fresh(o) and id(o) in tonight]
    scheduled = [o for o in now if not is_fresh(o)]
    windows = _windows(scheduled, tonight)
    week = windows[Window.WEEK]
    categories = sorted({o.category for o in scheduled if o.kind in BESIDE})
    measures = sorted({m for ask in asks for m in ask.expect.measure})
    scan, single = [o for o in now if o.kind is Kind.TRIGGER], _tokens(week)
    checks = len(categories) * (1 + bool(references)) + len(measures) + bool(scan) + bool(single)
    alpha = false_alarms_per_year / DAYS_PER_YEAR / max(checks, 1)
    compared = [compare_category(str(c), _seen(c, then, windows, fresh), asks, alpha) for c in categories]
    triggers = compare_triggers(then, scan, [o for o in scan if id(o) in tonight], alpha)
    order = (State.WORSE, State.UNSEEN, State.SUSPECT, State.NOT_ENOUGH, State.STEADY)
    return Comparison(
        categories=tuple(sorted(compared, key=lambda c: (order.index(c.state), c.p))),
        parity=tuple(compare_gaps(measure, asks, then, week, fresh, alpha) for measure in measures),
        identity=compare_identity(_tokens(then), single, _tokens(fresh), alpha) if single else None,
        triggers=triggers.found,
        tried=triggers.tried,
        suspects=triggers.suspects,
        leaks=find_leaks(then, week, fresh, asks),
        reference=beside(baseline, runs, references, reference_baseline, alpha),
        left_out={why: n for why, n in left_out.items() if n},
        alpha=alpha,
        moved_scorers=moved[id(latest)],
    )


def _tokens(observations: Sequence[Observation]) -> list[Observation]:
    return [o for o in observations if o.kind is Kind.FINGERPRINT]


def _tonight(runs: Sequence[Run], latest: Run) -> list[Run]:
    """The latest run, and those of the other suites that were put for the same epoch."""
    found = [latest]
    for run in sorted(runs, key=lambda run: run.header.started, reverse=True):
        same = run.header.epoch is not None and run.header.epoch == latest.header.epoch
        if same and all(run.header.suites.keys().isdisjoint(one.header.suites) for one in found):
            found.append(run)
    return found


def _windows(scheduled: Sequence[Observation], tonight: Collection[int]) -> dict[Window, list[Observation]]:
    latest = newest(o.time for o in scheduled)
    windows = {window: [o for o in scheduled if o.time > latest - secs] for window, secs in SECS.items()}
    return {Window.RUN: [o for o in scheduled if id(o) in tonight], **windows}


def _seen(
    category: Category,
    then: Sequence[Observation],
    windows: Mapping[Window, Sequence[Observation]],
    fresh: Sequence[Observation],
) -> Seen:
    def of(some: Sequence[Observation]) -> list[Observation]:
        return [o for o in some if o.category is category and o.kind in BESIDE]

    return Seen(of(then), {window: of(some) for window, some in windows.items()}, of(fresh))


def moved_scorers(baseline: Header, run: Header) -> tuple[str, ...]:
    """Names of the scorers that judge anchors wrongly which they judged rightly at the baseline. One that computes has
    moved with the first; of a model that is asked a few are chance."""
    return tuple(
        name
        for name, before in baseline.anchors.items()
        if name in run.anchors and len(lost(before, run.anchors[name])) > MAY_LOSE.get(name, 0)
    )


def _comparable(baseline: Header, runs: Sequence[Run]) -> tuple[list[Observation], Counter[LeftOut]]:
    """Observations of the last four weeks by the scorers of the baseline."""
    left_out: Counter[LeftOut] = Counter()
    for run in runs:
        for name, identity in run.header.scorers.items():
            if baseline.scorers.get(name, identity) != identity:
                raise ConfigError(
                    f"scorer {name} is not the one that judged the baseline: make a new baseline, or use that version"
                )
    everything = [o for run in runs for o in run.observations]
    latest = max((o.time for o in everything), default=0.0)
    recent = [o for o in everything if o.time > latest - SECS[Window.MONTH]]
    left_out[LeftOut.OLD] += len(everything) - len(recent)
    return recent, left_out
