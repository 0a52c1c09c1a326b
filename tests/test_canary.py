"""Canary probes on their schedule: what a run comes to, what is told of it, and that no failure is a pass."""

import asyncio
from pathlib import Path

import pytest
from msgspec.structs import replace
from prometheus import until

from monitor import suites
from monitor.calibration import Calibration, Tried
from monitor.canary import KEPT_SECS, Canary
from monitor.errors import ConfigError
from monitor.interfaces import Level
from monitor.journal import Journal, read
from monitor.outcomes import compare
from monitor.probe_runs import header_of, judged_alike, put, put_anchors
from monitor.prober import JUDGE, Budget, Ledger, Limits, Prober, Schedule
from monitor.probing import Answer, Failure, Outcome, State
from monitor.scorers import standard
from monitor.testing import ManualClock, ScriptedTarget
from monitor.verdict import Channel

DAY = 86_400.0
START = 20_000 * DAY + 600.0
REFUSAL, HELP = "I'm sorry, but I can't help with that.", "Sure! Here is how you do it: first, you"

SHIPPED = standard()

PACKS = suites.load_packs(["harmful-content"])
ASKS = suites.all_asks(PACKS)
HARMFUL = {ask.turns[-1].content for ask in ASKS["harmful-content"] if ask.kind == "refuse"}


def evaluated(request):
    return REFUSAL if request.turns[-1].content in HARMFUL else HELP


def eroded(request):
    return HELP


def down(request):
    return Answer(failure=Failure.UNREACHABLE)


async def at_once(secs):
    """Lets the others have their turn; the clock stands still, so no other slot comes due."""
    await asyncio.sleep(0)


@pytest.fixture(scope="module")
def baseline(tmp_path_factory):
    """The evaluated model's run, each ask three times."""
    path: Path = tmp_path_factory.mktemp("canary") / "baseline.jsonl"
    scorers = SHIPPED
    repeats = {"harmful-content": 3}
    header = header_of(
        ASKS, scorers, model="bot", repeats=repeats, started=0.0, epoch=None, anchored=put_anchors(scorers)
    )
    prober = Prober(target=ScriptedTarget(evaluated), scorers=scorers, now=lambda: START - DAY)
    with Journal(path, header) as journal:
        asyncio.run(put(prober, journal, ASKS, ASKS, repeats, again=False, path=path))
    return read(path)


def canary(folder, clock, answer, *, requests=None, **more):
    return Canary(
        packs=PACKS,
        target=ScriptedTarget(answer),
        scorers=SHIPPED,
        schedule=Schedule(every_secs=DAY),
        folder=folder,
        budget=lambda: Budget(Limits(requests)),
        ledger=Ledger(),
        false_alarms_per_year=0.25,
        now=clock,
        pause=at_once,
        **more,
    )


def drive(one, until):
    """Runs the canary until its report satisfies `until`; gives that report."""

    async def go():
        task = asyncio.create_task(one.run())
        try:
            while not until(one.report()):
                await asyncio.sleep(0)
                if task.done():
                    task.result()
        finally:
            task.cancel()
            await asyncio.wait([task])

    asyncio.run(go())
    return one.report()


def test_a_model_that_stayed_as_it_was_is_steady(tmp_path, baseline):
    report = drive(canary(tmp_path, ManualClock(START), evaluated, baseline=baseline), lambda r: r.last_success)
    done = report.compared
    assert (done.state, done.blind) == (State.STEADY, False)
    assert {c.name for c in done.categories} == {"harmful_content", "over_refusal"}
    assert all(c.bad == c.bad_before == 0 for c in done.categories)
    assert done.findings[Channel.PROBES].level is Level.STEADY
    assert report.outcomes["harmful-content", "harmful_content", "good"] > 50
    assert report.requests == sum(report.outcomes.values())
    assert not any(report.skips.values())
    assert report.next_due > report.last_success


def test_one_run_finds_a_model_that_stopped_refusing(tmp_path, baseline):
    report = drive(canary(tmp_path, ManualClock(START), eroded, baseline=baseline), lambda r: r.last_success)
    finding = report.compared.findings[Channel.PROBES]
    assert report.compared.state == State.WORSE
    assert finding.level is Level.MOVED
    assert finding.evidence_log10 > finding.threshold_log10 > 0
    assert [mover.column for mover in finding.movers] == ["harmful_content"]
    said = "worse answers to probes of harmful content: 0% bad before, 100% now, held-out ones too"
    assert finding.movers[0].move == said
    assert all(item.startswith("harmful-content/") for item in finding.examples)


def test_a_bad_night_is_taken_back_by_fresh_answers(tmp_path, baseline):
    """The first 101 answers are those of an eroded model, what comes after them is not: a server that was ill."""
    left = 101

    def ill_for_a_while(request):
        nonlocal left
        left -= 1
        return eroded(request) if left >= 0 else evaluated(request)

    report = drive(canary(tmp_path, ManualClock(START), ill_for_a_while, baseline=baseline), lambda r: r.last_success)
    assert report.compared.state == State.STEADY
    assert report.compared.categories[0].evidence_log10 > report.compared.categories[0].threshold_log10
    assert report.requests > 300


def test_a_budget_that_ends_before_the_fresh_answers_leaves_a_suspicion(tmp_path, baseline):
    one = canary(tmp_path, ManualClock(START), eroded, baseline=baseline, requests=130)
    report = drive(one, lambda r: r.skips["budget_spent"])
    assert report.compared.state == State.SUSPECT
    assert report.compared.findings[Channel.PROBES].level is Level.INSUFFICIENT


@pytest.mark.parametrize(
    ("then", "reference", "reference_then", "worse"),
    [
        (eroded, evaluated, None, True),
        (eroded, eroded, None, False),
        (eroded, evaluated, evaluated, False),
        (evaluated, evaluated, evaluated, True),
    ],
)
def test_a_reference_is_asked_the_same_in_each_run(tmp_path, then, reference, reference_then, worse):
    """What the baseline knows already is news only beside a reference that should answer alike."""
    clock, other = ManualClock(START), ScriptedTarget(reference, name="reference")

    def known(name, model):
        drive(canary(tmp_path / name, clock, model), lambda r: r.last_success)
        (path,) = (tmp_path / name).glob("*.jsonl")
        return read(path)

    one = canary(
        tmp_path / "live",
        clock,
        eroded,
        baseline=known("then", then),
        reference=other,
        reference_baseline=None if reference_then is None else known("reference", reference_then),
    )
    report = drive(one, lambda r: r.last_success)
    assert len(other.requests) == len(suites.chosen(ASKS["harmful-content"], b"", int(START // DAY)))
    moved = report.compared.findings[Channel.PROBES].level is Level.MOVED
    assert moved == worse
    more = "" if reference_then is None else ", by more than at its baseline"
    said = f"worse than the reference at harmful content{more}: it alone"
    assert any(said in text for text in report.compared.found) == worse


def test_an_endpoint_that_is_down_is_no_pass(tmp_path, baseline):
    report = drive(canary(tmp_path, ManualClock(START), down, baseline=baseline), lambda r: r.skips["target_down"])
    assert report.last_success is None
    assert report.compared.state == State.UNSEEN
    assert report.compared.findings[Channel.PROBES].level is Level.INSUFFICIENT
    assert report.failures["unreachable"] > 0
    assert report.failures["circuit_open"] > report.failures["unreachable"]


def test_a_spent_budget_is_no_pass(tmp_path, baseline):
    report = drive(
        canary(tmp_path, ManualClock(START), evaluated, baseline=baseline, requests=10),
        lambda r: r.skips["budget_spent"],
    )
    assert (report.last_success, report.requests) == (None, 10)


def test_without_a_baseline_outcomes_are_counted_and_nothing_is_said(tmp_path):
    report = drive(canary(tmp_path, ManualClock(START), eroded), lambda r: r.last_success)
    assert report.compared is None
    assert report.outcomes["harmful-content", "harmful_content", "bad"] > 50


def test_what_runs_before_found_is_known_at_the_start(tmp_path, baseline):
    drive(canary(tmp_path, ManualClock(START), eroded, baseline=baseline), lambda r: r.last_success)
    clock = ManualClock(START + 60.0)
    again = canary(tmp_path, clock, eroded, baseline=baseline)
    assert again.report().compared is None
    report = drive(again, lambda r: r.compared)
    assert report.compared.state == State.WORSE
    assert report.requests == 0, "the slot's run is there already"


def test_a_run_that_was_cut_off_goes_on_where_it_was(tmp_path, baseline):
    left = 20

    def some(request):
        nonlocal left
        left -= 1
        if left < 0:
            until(lambda: sum(path.read_bytes().count(b"\n") for path in tmp_path.glob("*.jsonl")) > 1)
            raise RuntimeError("the process ends here")
        return evaluated(request)

    with pytest.raises(RuntimeError):
        drive(canary(tmp_path, ManualClock(START), some, baseline=baseline), lambda r: r.last_success)
    one = canary(tmp_path, ManualClock(START + 3_600.0), evaluated, baseline=baseline)
    report = drive(one, lambda r: r.last_success)
    (path,) = tmp_path.glob("*.jsonl")
    assert len(read(path).observations) == report.requests
    assert len(one._target.requests) < report.requests


def test_journals_are_kept_as_long_as_a_comparison_looks_back(tmp_path, baseline):
    clock = ManualClock(START)
    drive(canary(tmp_path, clock, evaluated, baseline=baseline), lambda r: r.last_success)
    clock.advance(KEPT_SECS - DAY)
    drive(canary(tmp_path, clock, evaluated, baseline=baseline), lambda r: r.last_success)
    assert len(list(tmp_path.glob("*.jsonl"))) == 2
    clock.advance(2 * DAY)
    drive(canary(tmp_path, clock, evaluated, baseline=baseline), lambda r: r.last_success)
    assert len(list(tmp_path.glob("*.jsonl"))) == 2


def test_a_journal_of_other_scorers_is_put_aside(tmp_path, baseline):
    slot = START // DAY * DAY
    path = tmp_path / f"{slot:.0f}.jsonl"
    other = header_of({}, {}, model="bot", repeats={}, started=0.0, epoch=None, anchored={})
    Journal(path, other).__exit__(None, None, None)
    report = drive(canary(tmp_path, ManualClock(START), evaluated, baseline=baseline), lambda r: r.last_success)
    assert report.requests > 50
    assert read(path.with_suffix(".aside")).header == other


def test_a_suite_that_was_edited_since_the_baseline_says_so(tmp_path, baseline):
    """A part of it: those are left out and counted. All of it: nothing can be compared, and the page says why."""
    edited = {o.item for o in baseline.observations[:30]}
    part = replace(
        baseline,
        observations=tuple(replace(o, ask="x" + o.ask) if o.item in edited else o for o in baseline.observations),
    )
    report = drive(canary(tmp_path / "part", ManualClock(START), evaluated, baseline=part), lambda r: r.last_success)
    assert report.compared.left_out["edited"] > 5
    assert report.compared.state == State.STEADY
    whole = replace(part, observations=tuple(replace(o, ask="x" + o.ask) for o in part.observations))
    report = drive(canary(tmp_path / "all", ManualClock(START), evaluated, baseline=whole), lambda r: r.last_success)
    assert report.compared is None
    assert report.trouble.startswith("no ask of these runs is in the baseline")


def test_a_scorer_that_is_not_there_stops_it_before_it_starts(tmp_path):
    with pytest.raises(ConfigError, match="there is no scorer refusal"):
        Canary(
            packs=PACKS,
            target=ScriptedTarget(evaluated),
            scorers={},
            schedule=Schedule(every_secs=DAY),
            folder=tmp_path,
            budget=Budget,
            ledger=Ledger(),
            false_alarms_per_year=0.25,
            now=lambda: START,
            pause=at_once,
        )


# Who judges


class Says:
    """A scorer of refusals by one word, of the identity `identity`."""

    def __init__(self, word, identity):
        self.word, self.identity = word, identity

    def score(self, batch):
        refuses = [self.word in scored.answer.text for scored in batch]
        wanted = [scored.ask.kind == "refuse" for scored in batch]
        return [Outcome.GOOD if r == w else Outcome.BAD for r, w in zip(refuses, wanted, strict=True)]


def test_after_an_upgrade_of_a_scorer_both_sides_are_judged_again(tmp_path, baseline):
    """The old one took help for refusals: its baseline says that the evaluated model was bad."""
    asks = [ask for some in ASKS.values() for ask in some]
    old = replace(
        baseline,
        header=replace(baseline.header, scorers=baseline.header.scorers | {"refusal": "old"}),
        observations=tuple(replace(o, outcome=Outcome.BAD, scorer="refusal@old") for o in baseline.observations),
    )
    same, runs = judged_alike(baseline, [baseline], asks, SHIPPED)
    assert same is baseline
    assert runs == [baseline]
    again, (other,) = judged_alike(old, [baseline], asks, SHIPPED)
    assert again.observations == baseline.observations == other.observations
    assert again.header.scorers == baseline.header.scorers
    with pytest.raises(ConfigError, match="scorer refusal is not the one"):
        compare(old, [baseline], asks)
    report = drive(canary(tmp_path, ManualClock(START), evaluated, baseline=old), lambda r: r.last_success)
    assert report.compared.state == State.STEADY


def test_what_cannot_be_judged_again_is_undetermined(baseline):
    old = replace(baseline, header=replace(baseline.header, scorers=baseline.header.scorers | {"refusal": "old"}))
    again, _ = judged_alike(old, [baseline], [], SHIPPED)
    assert {o.outcome for o in again.observations} == {Outcome.UNDETERMINED}
    failed = replace(
        baseline.observations[0], outcome=Outcome.MISSING, scorer=None, answer=Answer(failure=Failure.EMPTY)
    )
    again, _ = judged_alike(replace(old, observations=(failed,)), [baseline], [], SHIPPED)
    assert again.observations == (failed,)


@pytest.mark.parametrize(("other", "kept"), [("j1", Outcome.GOOD), ("j2", Outcome.UNDETERMINED)])
def test_what_one_judge_settled_on_both_sides_stays(baseline, other, kept):
    unclear = replace(
        baseline.observations[0],
        answer=Answer(text="ขออภัย ฉันไม่สามารถช่วยได้"),
        outcome=Outcome.GOOD,
        scorer=f"{JUDGE}@j1",
    )
    scorers = baseline.header.scorers
    then = replace(baseline, header=replace(baseline.header, scorers=scorers | {"refusal": "old", JUDGE: "j1"}))
    now = replace(baseline, header=replace(baseline.header, scorers=scorers | {JUDGE: other}))
    asks = [ask for some in ASKS.values() for ask in some]
    again, _ = judged_alike(replace(then, observations=(unclear,)), [now], asks, SHIPPED)
    assert [o.outcome for o in again.observations] == [kept]


def test_a_scorer_that_moved_makes_all_of_it_blind(tmp_path, baseline):
    """Its identity is the same, and so nothing else would tell; all that the model says looks worse."""
    broken = SHIPPED | {"refusal": Says("-", SHIPPED["refusal"].identity)}
    one = canary(tmp_path, ManualClock(START), evaluated, baseline=baseline)
    one._scorers = broken
    report = drive(one, lambda r: r.last_success)
    done = report.compared
    assert (done.state, done.blind) == (State.BLIND, True)
    assert done.found == ("scorer refusal judges anchors otherwise",)
    assert done.findings[Channel.PROBES].level is Level.INSUFFICIENT
    assert report.accuracy["refusal"] < 0.6


def test_rates_are_shown_corrected_where_the_scorers_errors_are_known(tmp_path, baseline):
    whole = Tried(refusals=100, refusals_judged=100, refusals_right=90, compliances=100, compliances_judged=100,
                  compliances_right=95)  # fmt: skip
    errors = Calibration(scorer="refusal", identity="", labels="", whole=whole, by_language={}, by_length={})
    one = canary(tmp_path, ManualClock(START), eroded, baseline=baseline)
    one._calibration = errors
    report = drive(one, lambda r: r.last_success)
    known = {c.name: c for c in report.compared.categories}
    low, share, high = known["harmful_content"].corrected
    assert known["harmful_content"].bad == share == high == 1.0
    assert 0.8 < low < 1.0
    assert known["over_refusal"].corrected[1] == 0.0
