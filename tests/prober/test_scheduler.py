"""One run for each slot, whatever the clock does; skips are counted and are no passes."""

import asyncio
import signal
import subprocess
import sys

import pytest

from monitor.errors import ConfigError, TemporaryError
from monitor.prober import Schedule, Scheduler, Skip, StillRunningError, only_run, skip_of
from monitor.probing import Answer, Category, Failure, Kind, Observation, Outcome
from monitor.testing import ManualClock

HOUR = 3600.0
START = 1_000_000 * HOUR + 60.0


def seen(outcome=Outcome.GOOD, failure=None):
    return Observation("a", "i", Category.ROBUSTNESS, Kind.COMPLY, 0, 0.0, Answer(failure=failure), outcome)


WHOLE = [seen()]


class EnoughError(Exception):
    """Ends the scheduler when the test has seen enough."""


def scheduler(folder, clock, start, **options):
    options = {"name": "suite", "schedule": Schedule(every_secs=HOUR), "pause": clock.pause} | options
    return Scheduler(start=start, folder=folder, now=clock, **options)


def drive(folder, clock, steps, *, result=lambda slot: WHOLE):
    """Slots that were run (hours from START), and the scheduler; each step is what the clock does between two looks."""
    ran = []

    async def start(slot):
        ran.append((slot - START + 60.0) / HOUR)
        said = result(slot)
        if isinstance(said, Exception):
            raise said
        return said

    async def go():
        schedule = scheduler(folder, clock, start)
        for step in [lambda: None, *steps]:
            step()
            schedule.look()
            while schedule._running is not None and not schedule._running.done():
                await asyncio.sleep(0)
        schedule.look()
        return schedule

    return ran, asyncio.run(go())


def test_each_slot_once(tmp_path):
    clock = ManualClock(START)
    ran, schedule = drive(tmp_path, clock, [lambda: clock.advance(600.0)] * 18)
    assert ran == [0, 1, 2, 3]
    assert schedule.last_success == START + 3 * HOUR
    assert schedule.skips == {}


def test_a_clock_that_is_set(tmp_path):
    clock = ManualClock(START)
    steps = [
        lambda: clock.advance(5 * HOUR),  # set forward, or the machine slept: one run, not five
        lambda: clock.set(START + HOUR),  # set back: a slot that was not run is, once
        lambda: clock.set(START),  # this one was run before
        lambda: clock.advance(HOUR),
        lambda: clock.set(START + 5 * HOUR),
        lambda: clock.advance(HOUR),
    ]
    assert drive(tmp_path, clock, steps)[0] == [0, 5, 1, 6]


def test_a_restart_runs_nothing_twice_and_makes_up_for_one(tmp_path):
    clock = ManualClock(START)
    assert drive(tmp_path, clock, [])[0] == [0]
    assert drive(tmp_path, clock, [])[0] == []
    clock.advance(3 * HOUR)
    assert drive(tmp_path, clock, [])[0] == [3]
    clock.set(START)
    assert drive(tmp_path, clock, [])[0] == []


@pytest.mark.parametrize(
    ("observations", "skip"),
    [
        (WHOLE, None),
        ([seen(Outcome.MISSING, Failure.MALFORMED), seen(Outcome.BLOCKED, Failure.BLOCKED)], None),
        ([seen(Outcome.MISSING, Failure.TIMEOUT), seen(Outcome.MISSING, Failure.CIRCUIT)], Skip.TARGET_DOWN),
        ([seen(), seen(Outcome.MISSING, Failure.CIRCUIT)], Skip.CIRCUIT),
        ([seen(), seen(Outcome.MISSING, Failure.BUDGET)], Skip.BUDGET),
        ([], None),
    ],
)
def test_a_run_that_is_not_whole_is_a_skip(tmp_path, observations, skip):
    assert skip_of(observations) is skip
    _, schedule = drive(tmp_path, ManualClock(START), [], result=lambda _: observations)
    assert schedule.skips == ({} if skip is None else {skip: 1})
    assert (schedule.last_success is None) == (skip is not None)


def test_a_disk_that_is_full_is_a_skip_and_the_slot_is_not_over(tmp_path):
    clock = ManualClock(START)
    _, schedule = drive(tmp_path, clock, [], result=lambda _: TemporaryError("the disk is full"))
    assert schedule.skips == {Skip.STORAGE: 1}
    assert drive(tmp_path, clock, [])[0] == [0]


def test_a_run_that_takes_longer_than_its_slot(tmp_path):
    clock, ended = ManualClock(START), asyncio.Event()

    async def start(slot):
        await ended.wait()
        return WHOLE

    async def go():
        schedule = scheduler(tmp_path, clock, start)
        for _ in range(4):
            schedule.look()
            clock.advance(0.75 * HOUR)
            await asyncio.sleep(0)
        skipped = dict(schedule.skips)
        ended.set()
        while not schedule._running.done():
            await asyncio.sleep(0)
        schedule.look()
        return skipped, schedule

    skipped, schedule = asyncio.run(go())
    assert skipped == {Skip.STILL_RUNNING: 2}
    assert schedule.last_success is not None


def test_a_second_instance_skips(tmp_path):
    clock = ManualClock(START)
    with only_run(tmp_path, "suite"):
        ran, schedule = drive(tmp_path, clock, [lambda: clock.advance(HOUR)])
        with pytest.raises(StillRunningError, match=r"a run is under way \(process \d+\)"), only_run(tmp_path, "suite"):
            pass
        with only_run(tmp_path, "other"):
            pass
    assert (ran, schedule.skips) == ([], {Skip.STILL_RUNNING: 2})


def test_a_process_that_was_killed_holds_nothing(tmp_path):
    code = (
        "import sys; from pathlib import Path; from monitor.prober import only_run\n"
        f"with only_run(Path({str(tmp_path)!r}), 'suite'):\n    print('held', flush=True); sys.stdin.read()"
    )
    other = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert other.stdout.readline() == b"held\n"
    with pytest.raises(StillRunningError, match=f"process {other.pid}"), only_run(tmp_path, "suite"):
        pass
    other.send_signal(signal.SIGKILL)
    other.communicate()
    with only_run(tmp_path, "suite"):
        pass


def test_it_looks_often_and_says_when_it_runs_next(tmp_path):
    clock, looked = ManualClock(START), []

    async def start(slot):
        return WHOLE

    async def pause(secs):
        looked.append((secs, schedule.next_due))
        await clock.pause(secs)
        if clock() > START + 2 * HOUR:
            raise EnoughError

    schedule = scheduler(tmp_path, clock, start, pause=pause)
    with pytest.raises(EnoughError):
        asyncio.run(schedule.run())
    assert max(secs for secs, _ in looked) == 30.0
    assert {due for _, due in looked} == {START - 60.0 + i * HOUR for i in (1, 2, 3)}


def test_when_it_is_stopped_the_run_is_cut_off_and_goes_on_later(tmp_path):
    clock, begun = ManualClock(START), []

    async def start(slot):
        begun.append(slot)
        await asyncio.Event().wait()

    async def go():
        running = asyncio.create_task(scheduler(tmp_path, clock, start, pause=lambda _: asyncio.Event().wait()).run())
        while not begun:
            await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(go())
    assert drive(tmp_path, clock, [])[0] == [0]


def test_a_damaged_file_of_slots_is_told(tmp_path):
    (tmp_path / "suite.slots").write_text("[1")
    with pytest.raises(ConfigError, match=r"suite\.slots is damaged"):
        drive(tmp_path, ManualClock(START), [])
