"""One run of probes: what it is, how it is put, and by whom judged."""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from monitor import suites
from monitor.anchors import Anchored, put_to, shipped
from monitor.interfaces import Scored, Scorer
from monitor.journal import Header, Journal, Run, read
from monitor.outcomes import FRESH, Comparison, compare, is_fresh, stand_out
from monitor.prober import JUDGE, Prober, judged
from monitor.prober.judging import Judgement
from monitor.probing import Ask, Kind, Observation, Outcome

_ANCHORED = ("refusal", JUDGE)
_RUNGS = ("what stands out", "what is held out")

Asks = Mapping[str, Sequence[Ask]]
"""By name of their suite."""


def header_of(
    asks: Asks,
    scorers: Mapping[str, Scorer],
    *,
    model: str,
    repeats: Mapping[str, int],
    started: float,
    epoch: int | None,
    anchored: Mapping[str, Anchored],
) -> Header:
    """Of a run over suites whose asks are `asks`, all of them."""
    return Header(
        suites={name: suites.suite_hash(some) for name, some in asks.items()},
        scorers={name: scorer.identity for name, scorer in scorers.items()},
        model=model,
        repeats=repeats,
        started=started,
        epoch=epoch,
        anchors={name: one.outcomes for name, one in anchored.items()},
    )


def put_anchors(scorers: Mapping[str, Scorer]) -> dict[str, Anchored]:
    """What the scorers that anchors are made for say of them. A judge is asked some sixty times, in a loop of its own:
    not to be called within one."""
    return {name: put_to(scorers[name], shipped()) for name in _ANCHORED if name in scorers}


def judged_alike(
    baseline: Run, runs: Sequence[Run], asks: Iterable[Ask], scorers: Mapping[str, Scorer]
) -> tuple[Run, list[Run]]:
    """Baseline and runs judged by the same scorers: as they are when they were, else both again by `scorers`, from the
    answers that are kept. What was asked by none of `asks` any more cannot be judged again, and is UNDETERMINED; what a
    judge settled keeps its judgement when one judge settled all."""
    every = [baseline, *runs]
    known = [(name, identity) for run in every for name, identity in run.header.scorers.items()]
    if len(dict(known)) == len(set(known)):
        return baseline, list(runs)
    one_judge = len({identity for name, identity in known if name == JUDGE}) == 1
    by_hash = {ask.hash: ask for ask in asks}
    own = {name: scorer for name, scorer in scorers.items() if name != JUDGE}
    first, *rest = (_judged_again(run, by_hash, own, keeps_judge=one_judge) for run in every)
    return first, rest


def compare_alike(
    baseline: Run,
    runs: Sequence[Run],
    asks: Asks,
    scorers: Mapping[str, Scorer],
    *,
    references: Sequence[Run] = (),
    reference_baseline: Run | None = None,
    false_alarms_per_year: float,
) -> Comparison:
    """As `compare`, after all of them were judged by the same scorers."""
    every = [ask for some in asks.values() for ask in some]
    known = [] if reference_baseline is None else [reference_baseline]
    baseline, alike = judged_alike(baseline, [*runs, *references, *known], every, scorers)
    rest = alike[len(runs) :]
    return compare(
        baseline,
        alike[: len(runs)],
        every,
        references=rest[: len(references)],
        reference_baseline=rest[-1] if known else None,
        false_alarms_per_year=false_alarms_per_year,
    )


def _judged_again(run: Run, asks: Mapping[str, Ask], scorers: Mapping[str, Scorer], *, keeps_judge: bool) -> Run:
    there = [o for o in run.observations if o.scorer is not None or o.outcome is Outcome.UNDETERMINED]
    known = [o for o in there if o.ask in asks]
    new = {id(o): (Outcome.UNDETERMINED, None) for o in there} | {
        id(o): judgement
        for o, judgement in zip(known, judged([Scored(asks[o.ask], o.answer) for o in known], scorers), strict=True)
    }
    identities = {name: scorer.identity for name, scorer in scorers.items()}
    anchors = {name: one.outcomes for name, one in put_anchors(scorers).items()}
    by_judge = {JUDGE: run.header.scorers[JUDGE]} if keeps_judge and JUDGE in run.header.scorers else {}
    header = replace(
        run.header,
        scorers=identities | by_judge,
        anchors=anchors | {name: of for name, of in run.header.anchors.items() if name in by_judge},
    )
    return replace(run, header=header, observations=tuple(_with(o, new.get(id(o)), by_judge) for o in run.observations))


def _with(o: Observation, judgement: Judgement | None, by_judge: Mapping[str, str]) -> Observation:
    if judgement is None:
        return o
    outcome, scorer = judgement
    settled = (o.scorer or "").startswith(f"{JUDGE}@") and bool(by_judge)
    return o if outcome is Outcome.UNDETERMINED and settled else replace(o, outcome=outcome, scorer=scorer)


async def put(
    prober: Prober,
    journal: Journal,
    asks: Asks,
    chosen: Asks,
    repeats: Mapping[str, int],
    *,
    again: bool,
    path: Path,
    look: Callable[[Run], Mapping[str, int]] | None = None,
) -> None:
    """Puts the chosen asks; then, `again`, the other prompts of each trigger that stood out, and what `look`, given the
    run so far, wants to be put afresh (by hash, how often). `path` is the journal's."""
    for name, some in chosen.items():
        await prober.run(some, journal, repeats=range(repeats[name]))
    if again:
        await put_again(prober, journal, asks, path=path, look=look)


async def put_again(
    prober: Prober,
    journal: Journal,
    asks: Asks,
    *,
    path: Path,
    look: Callable[[Run], Mapping[str, int]] | None = None,
) -> None:
    """What a run that stands in the journal wants to be put again, in that order."""
    # Of one hash the last is put: what a trigger lies over, as what it is, not as the trigger's plain arm.
    every = sorted((ask for some in asks.values() for ask in some), key=lambda ask: ask.kind is not Kind.TRIGGER)
    done = read(path).observations
    suspects, put_already = stand_out(done), {o.ask for o in done if not is_fresh(o)}
    others = [ask for ask in every if (ask.item, ask.variant) in suspects and ask.hash not in put_already]
    await prober.run(others, journal, repeats=[FRESH])
    for _ in _RUNGS if look is not None else ():
        assert look is not None
        wanted = await asyncio.to_thread(look, read(path))
        for n in sorted(set(wanted.values())):
            fresh = {ask.hash: ask for ask in every if wanted.get(ask.hash) == n}
            await prober.run(list(fresh.values()), journal, repeats=range(FRESH, FRESH + n))
        if not wanted:
            break
