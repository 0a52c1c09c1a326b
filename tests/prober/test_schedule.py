"""When runs are due."""

from datetime import UTC, datetime

import pytest

from monitor.errors import ConfigError
from monitor.prober import Schedule
from monitor.prober.schedule import gaps

HOUR = 3600.0


def at(text, zone=UTC):
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


def test_even_intervals():
    schedule = Schedule(every_secs=6 * HOUR)
    now = at("2026-11-26 13:00")
    assert schedule.latest(now) == at("2026-11-26 12:00")
    assert schedule.next_due(now) == at("2026-11-26 18:00")
    assert schedule.latest(at("2026-11-26 12:00")) == at("2026-11-26 12:00")
    assert schedule.next_due(at("2026-11-26 12:00")) == at("2026-11-26 18:00")


def test_cron():
    schedule = Schedule(cron="30 3 * * mon")
    assert schedule.latest(at("2026-11-26 13:00")) == at("2026-11-23 03:30")
    assert schedule.next_due(at("2026-11-26 13:00")) == at("2026-11-30 03:30")
    assert schedule.latest(at("2026-11-30 03:30")) == at("2026-11-30 03:30")
    assert schedule.latest(at("2026-11-30 03:30") - 1) == at("2026-11-23 03:30")


def test_cron_in_a_zone_that_changes_its_clocks():
    """In Oslo 02:30 does not come on 29 March 2026, and comes twice on 25 October: one run each, all the same."""
    schedule = Schedule(cron="30 2 * * *", zone="Europe/Oslo")
    for day, last in (("2026-03-29", "2026-03-30 12:00"), ("2026-10-25", "2026-10-26 12:00")):
        slots, now = set(), at(f"{day} 00:00") - 12 * HOUR
        while now < at(last):
            slots.add(schedule.latest(now))
            now += 600
        inside = [slot for slot in slots if at(f"{day} 00:00") - HOUR <= slot < at(f"{day} 23:00") - HOUR]
        assert len(inside) == 1


def test_a_slot_is_due_somewhat_later_and_always_by_as_much():
    schedule, other = (Schedule(every_secs=HOUR, jitter_secs=600.0, seed=seed) for seed in (1, 2))
    slots = [i * HOUR for i in range(1000, 1400)]
    late = [schedule.due(slot) - slot for slot in slots]
    assert 0 <= min(late) < 10
    assert 590 < max(late) < 600
    assert 250 < sum(late) / len(late) < 350
    assert late == [schedule.due(slot) - slot for slot in slots]
    assert late != [other.due(slot) - slot for slot in slots]


@pytest.mark.parametrize(
    "given", [{"every_secs": HOUR, "jitter_secs": 3000.0}, {"cron": "*/20 * * * *", "jitter_secs": 3000.0}]
)
def test_nothing_is_passed_over_and_nothing_comes_early(given):
    """Going from one due time to the next meets what `latest` says, also when jitter is wider than a slot."""
    schedule, now, met = Schedule(seed=3, **given), 1e9, []
    for _ in range(200):
        due = schedule.next_due(now)
        assert due > now
        slot = schedule.latest(due)
        assert schedule.due(slot) <= due
        met.append(slot)
        now = due
    assert met == sorted(met)
    width = HOUR if "every_secs" in given else 1200.0
    assert len(set(met)) > 0.5 * (met[-1] - met[0]) / width
    if "every_secs" in given:
        assert len(set(met)) == 200


@pytest.mark.parametrize("given", [{"every_secs": HOUR}, {"cron": "0 * * * *"}])
def test_a_slot_whose_time_is_past_but_that_is_not_due_yet_is_next(given):
    schedule = Schedule(jitter_secs=1800.0, **given)
    due = schedule.due(1000 * HOUR)
    assert due > 1000 * HOUR + 60.0
    assert schedule.next_due(1000 * HOUR + 30.0) == due
    assert schedule.latest(1000 * HOUR + 30.0) == 999 * HOUR
    assert schedule.latest(due) == 1000 * HOUR


def test_gaps_are_those_of_traffic():
    some = gaps(2000, 3600.0, seed=1)
    assert some == gaps(2000, 3600.0, seed=1) != gaps(2000, 3600.0, seed=2)
    assert min(some) >= 0
    assert 3500 < sum(some) <= 3600
    mean = sum(some) / 2000
    deviation = (sum((gap - mean) ** 2 for gap in some) / 2000) ** 0.5
    assert 0.9 < deviation / mean < 1.1  # exponential
    assert gaps(3, 0.0, seed=1) == [0.0] * 3
    assert gaps(0, 60.0, seed=1) == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "give one of every and cron"),
        ({"every_secs": HOUR, "cron": "0 3 * * *"}, "give one of every and cron"),
        ({"every_secs": 1.0}, "too often"),
        ({"cron": "0 3 * *"}, "has not five fields"),
        ({"cron": "0 25 * * *"}, "Bad hour"),
        ({"cron": "0 3 31 2 *"}, "Bad day-of-month"),
        ({"cron": "0 3 * * *", "zone": "Nowhere/Town"}, "no time zone"),
        ({"cron": "0 3 * * *", "zone": "../etc"}, "no time zone"),
    ],
)
def test_nonsense_is_told(given, said):
    with pytest.raises(ConfigError, match=said):
        Schedule(**given)
