"""The sampler keeps the rate it was told, by ids alone, and a wrong time does not stop it."""

import numpy as np
import pytest

from monitor.sampler import Sampler


def stream(per_sec, secs, *, start=1.7e9, prefix=""):
    return [(f"{prefix}r-{i}", start + i / per_sec) for i in range(int(per_sec * secs))]


def kept(sampler, records):
    return [i for i, t in records if sampler.keeps(i, t)]


def test_without_a_target_all_are_kept():
    assert len(kept(Sampler(None), stream(50, 10))) == 500


@pytest.mark.parametrize("per_sec", [5, 20, 200, 1_000])
def test_the_target_is_met_once_the_rate_is_known(per_sec):
    sampler = Sampler(20.0)
    kept(sampler, stream(per_sec, 20))
    n = len(kept(sampler, stream(per_sec, 60, start=1.7e9 + 20, prefix="later-")))
    want = min(per_sec, 20) * 60
    assert abs(n - want) <= 4 * np.sqrt(want) + per_sec / 10
    assert sampler.chance == pytest.approx(min(1.0, 20 / per_sec), rel=0.05)


def test_an_id_has_one_fate_at_one_chance():
    records = stream(500, 40)
    assert kept(Sampler(20.0), records) == kept(Sampler(20.0), records)
    sampler, again = Sampler(20.0), Sampler(20.0)
    first = kept(sampler, records[:9_000])
    again.restore(sampler.dump())
    assert first + kept(again, records[9_000:]) == kept(Sampler(20.0), records)


@pytest.mark.parametrize("wrong", [0.0, 4e9])
def test_a_wrong_time_is_forgotten_with_the_next_look(wrong):
    sampler = Sampler(20.0)
    kept(sampler, stream(200, 30))
    sampler.keeps("wrong", wrong)
    kept(sampler, stream(200, 30, start=1.7e9 + 30, prefix="a-"))
    assert sampler.chance == pytest.approx(0.1, rel=0.1)


def test_records_without_a_time_are_judged_at_the_present_chance():
    sampler = Sampler(20.0)
    kept(sampler, stream(200, 30))
    n = len(kept(sampler, [(f"x-{i}", None) for i in range(2_000)]))
    assert abs(n - 200) < 60
