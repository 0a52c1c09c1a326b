"""Bounds that hold however many requests are under way, over runs, days and processes."""

import subprocess
import sys

import pytest

from monitor.errors import ConfigError, TemporaryError
from monitor.interfaces import Request
from monitor.prober import Budget, Limits, Prices
from monitor.prober.budget import Spent
from monitor.probing import Answer, Failure, Sampling, Turn
from monitor.testing import ManualClock

REQUEST = Request((Turn("user", "Hello? " * 10),), Sampling(max_tokens=100))
DAY = 86_400.0


def test_what_is_reserved_is_settled_by_what_was_used():
    budget = Budget(Limits(tokens=500), prices=Prices(prompt=1.0, completion=10.0))
    reserved = budget.reserve(REQUEST, tries=3)
    assert reserved.spent.requests == 3
    assert reserved.spent.tokens >= 170
    assert budget.reserve(REQUEST, tries=3) is not None
    assert budget.reserve(REQUEST, tries=3) is None
    budget.settle(reserved, Answer(text="Hi", prompt_tokens=20, completion_tokens=5, tries=2))
    assert budget.spent.requests == 2 + 3
    assert budget.spent.cost == pytest.approx(20e-6 + 50e-6 + reserved.spent.cost)
    assert budget.reserve(REQUEST, tries=3) is not None


def test_as_many_tries_as_are_left():
    budget = Budget(Limits(requests=4))
    assert budget.reserve(REQUEST, tries=3).spent.requests == 3
    assert budget.reserve(REQUEST, tries=3).spent.requests == 1
    assert budget.reserve(REQUEST, tries=3) is None


@pytest.mark.parametrize(
    ("answer", "tokens"),
    [
        (Answer(text="Hi", prompt_tokens=20, completion_tokens=5), 25),
        (Answer(text="Hi"), None),  # a server that does not tell
        (Answer(failure=Failure.TIMEOUT), None),  # it may have been at work
        (Answer(failure=Failure.UNAUTHORIZED), 0),
        (Answer(failure=Failure.RATE_LIMITED), 0),
    ],
)
def test_what_nobody_tells_counts_as_the_most(answer, tokens):
    budget = Budget()
    reserved = budget.reserve(REQUEST, tries=1)
    budget.settle(reserved, answer)
    assert budget.spent.tokens == (reserved.spent.tokens if tokens is None else tokens)


def test_money_is_a_bound():
    budget = Budget(Limits(cost=0.01), prices=Prices(completion=40.0))
    assert [budget.reserve(REQUEST, tries=1) is not None for _ in range(3)] == [True, True, False]


def spend(path, clock, requests):
    """How many of so many requests the day's budget of 5 allows."""
    budget = Budget(day=Limits(requests=5), path=path, now=clock)
    return sum(budget.reserve(REQUEST, tries=1) is not None for _ in range(requests))


def test_a_day_is_a_day_whatever_the_clock_does(tmp_path):
    path, clock = tmp_path / "spent.json", ManualClock(20_000 * DAY + 1000.0)
    assert spend(path, clock, 3) == 3
    assert spend(path, clock, 3) == 2  # another run of the day
    clock.advance(DAY)
    assert spend(path, clock, 9) == 5
    clock.set(20_000 * DAY + 5.0)  # set back by a day: that one is spent
    assert spend(path, clock, 9) == 0
    clock.set(30_000 * DAY)  # years ahead, and back
    assert spend(path, clock, 9) == 5
    clock.set(20_001 * DAY)
    assert spend(path, clock, 9) == 0


def test_what_is_used_after_midnight_is_paid_by_the_day_that_set_it_aside(tmp_path):
    path, clock = tmp_path / "spent.json", ManualClock(20_000 * DAY - 10.0)
    budget = Budget(day=Limits(requests=5), path=path, now=clock)
    reserved = budget.reserve(REQUEST, tries=5)
    clock.advance(60.0)
    budget.settle(reserved, Answer(text="Hi", prompt_tokens=1))
    assert spend(path, clock, 9) == 5
    clock.set(20_000 * DAY - 10.0)
    assert spend(path, clock, 9) == 4


def test_processes_share_a_day(tmp_path):
    path = tmp_path / "spent.json"
    code = (
        "import sys; sys.path.insert(0, 'tests/prober'); from test_budget import *; from pathlib import Path;"
        f"print(spend(Path({str(path)!r}), ManualClock(1e9), 4))"
    )
    others = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) for _ in range(2)]
    assert sum(int(other.communicate()[0]) for other in others) == 5
    assert spend(path, ManualClock(1e9), 4) == 0


def test_what_a_crash_left_reserved_stays_spent(tmp_path):
    path, clock = tmp_path / "spent.json", ManualClock(1e9)
    assert Budget(day=Limits(requests=5), path=path, now=clock).reserve(REQUEST, tries=4).spent == Spent(4, 202, 0.0)
    assert spend(path, clock, 9) == 1


def test_a_file_that_cannot_be_used_is_told(tmp_path):
    path = tmp_path / "spent.json"
    path.write_text("{")
    with pytest.raises(ConfigError, match=r"spent\.json is damaged"):
        spend(path, ManualClock(), 1)
    with pytest.raises(TemporaryError, match="cannot be read or written"):
        spend(tmp_path / "none" / "spent.json", ManualClock(), 1)
