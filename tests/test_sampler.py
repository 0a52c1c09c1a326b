"""The sampler keeps the rate it was told, loses no rare kind, and decides by the record and those before it alone."""

import msgspec
import numpy as np
import pytest

from monitor.records import EVERY, Exchange, Message, Tool
from monitor.sampler import KINDS, Sampler, kind_of

ASKED = (Message("user", "Where is my parcel?"),)
TOOL = (Tool("search"),)


def request(i, time, *, tools=(), messages=ASKED):
    return Exchange(id=i, model="bot", messages=messages, response="Here.", time=time, tools=tools)


def stream(per_sec, secs, *, start=1.7e9, prefix="", **kind):
    return [request(f"{prefix}r-{i}", start + i / per_sec, **kind) for i in range(round(per_sec * secs))]


def merged(*streams):
    return sorted((e for one in streams for e in one), key=lambda e: e.time)


def kept(sampler, exchanges):
    return [(e, draw) for e in exchanges if (draw := sampler.draw(e)) is not None]


def ids(drawn):
    return [e.id for e, _ in drawn]


def test_without_a_target_all_are_kept():
    drawn = kept(Sampler(None, by_kind=True), stream(50, 10))
    assert [draw for _, draw in drawn] == [EVERY] * 500


@pytest.mark.parametrize("by_kind", [False, True])
@pytest.mark.parametrize("per_sec", [5, 20, 200, 1_000])
def test_the_target_is_met_once_the_rate_is_known(per_sec, by_kind):
    sampler = Sampler(20.0, by_kind=by_kind)
    kept(sampler, stream(per_sec, 20))
    n = len(kept(sampler, stream(per_sec, 60, start=1.7e9 + 20, prefix="later-")))
    want = min(per_sec, 20) * 60
    assert abs(n - want) <= 4 * np.sqrt(want) + per_sec / 10
    assert sampler.chance == pytest.approx(min(1.0, 20 / per_sec), rel=0.05)


def test_an_id_has_one_fate_at_one_chance():
    records = stream(500, 40)
    assert ids(kept(Sampler(20.0), records)) == ids(kept(Sampler(20.0), records))


@pytest.mark.parametrize("by_kind", [False, True])
@pytest.mark.parametrize("wrong", [0.0, 4e9])
def test_a_wrong_time_is_forgotten_with_the_next_look(wrong, by_kind):
    sampler = Sampler(20.0, by_kind=by_kind)
    kept(sampler, stream(200, 30))
    sampler.draw(request("wrong", wrong))
    kept(sampler, stream(200, 30, start=1.7e9 + 30, prefix="a-"))
    assert sampler.chance == pytest.approx(0.1, rel=0.1)


def test_records_without_a_time_are_judged_at_the_present_chance():
    sampler = Sampler(20.0)
    kept(sampler, stream(200, 30))
    n = len(kept(sampler, [request(f"x-{i}", None) for i in range(2_000)]))
    assert abs(n - 200) < 60


def long_talk(turns, characters):
    return tuple(Message("assistant" if i % 2 else "user", "x" * characters) for i in range(turns))


# Eight kinds, from 300 a second to one in 20 s; more than twenty times the target.
MANY = {
    "a": (300.0, {}),
    "b": (80.0, {"messages": long_talk(1, 500)}),
    "c": (30.0, {"messages": long_talk(3, 50)}),
    "d": (10.0, {"messages": long_talk(3, 5_000)}),
    "e": (3.0, {"tools": TOOL}),
    "f": (1.0, {"messages": (Message("system", "Help."), *ASKED)}),
    "g": (0.3, {"messages": (Message("system", "Help."), *long_talk(7, 500))}),
    "h": (0.05, {"tools": TOOL, "messages": (Message("developer", "Help."), *long_talk(7, 5_000))}),
}


def many(secs, *, start=1.7e9):
    return merged(
        *(stream(rate, secs, start=start, prefix=f"{name}-{start:.0f}-", **kind) for name, (rate, kind) in MANY.items())
    )


@pytest.fixture(scope="module")
def drawn():
    """What is kept of three minutes of many kinds, once their rates are known."""
    sampler = Sampler(20.0, by_kind=True)
    kept(sampler, many(60))
    return kept(sampler, many(180, start=1.7e9 + 60))


def test_the_kinds_of_these_streams_are_different():
    kinds = {kind_of(request("x", 0.0, **kind)) for _, kind in MANY.values()}
    assert len(kinds) == len(MANY)
    assert kinds <= set(range(KINDS))
    most = (Message("system", ""), *long_talk(50, 50_000))
    assert kind_of(request("x", 0.0, tools=TOOL, messages=most)) == KINDS - 1
    assert kind_of(request("x", 0.0, messages=())) == 0


def test_the_target_is_met_over_many_kinds(drawn):
    assert len(drawn) == pytest.approx(20 * 180, rel=0.1)


def test_rare_kinds_are_kept_whole_and_common_ones_thinned(drawn):
    per_sec = {name: sum(e.id.startswith(name) for e, _ in drawn) / 180 for name in MANY}
    for name in "fgh":
        assert per_sec[name] == pytest.approx(MANY[name][0], abs=0.001), name
    # Half of the target is shared in proportion; beyond that the common kinds are alike.
    assert per_sec["a"] == pytest.approx(10 * 300 / 424.35, rel=0.1)
    assert per_sec["c"] == pytest.approx(per_sec["b"], rel=0.2)
    assert all(0 < draw.chance <= 1 for _, draw in drawn)


def test_weights_give_the_traffic_back(drawn):
    for name, (rate, _) in MANY.items():
        weight = sum(1 / draw.chance for e, draw in drawn if e.id.startswith(name))
        assert weight / 180 == pytest.approx(rate, rel=0.15), name
    weights = np.array([1 / draw.chance for _, draw in drawn])
    assert weights.max() <= 2.2 * weights.mean()
    assert weights.sum() ** 2 / np.square(weights).sum() >= 0.5 * len(drawn)


def test_the_even_part_is_as_mixed_as_the_traffic(drawn):
    even = [e for e, draw in drawn if draw.even]
    total = sum(rate for rate, _ in MANY.values())
    assert len(even) > 0.4 * len(drawn)
    for name, (rate, _) in MANY.items():
        want = len(even) * rate / total
        assert abs(sum(e.id.startswith(name) for e in even) - want) <= 4 * np.sqrt(want) + 1, name


def test_a_restart_changes_nothing():
    records = many(60)
    whole = kept(Sampler(20.0, by_kind=True), records)
    sampler, parts = Sampler(20.0, by_kind=True), []
    for start in range(0, len(records), 977):
        stored = msgspec.json.decode(msgspec.json.encode(sampler.dump()))
        sampler = Sampler(20.0, by_kind=True)
        sampler.restore([float("nan") if x is None else x for x in stored])
        parts += kept(sampler, records[start : start + 977])
    assert parts == whole
    assert len({len(Sampler(20.0, by_kind=True).dump()), len(sampler.dump())}) == 1


def test_state_of_a_sampler_with_other_kinds_is_not_used():
    one = Sampler(20.0)
    kept(one, stream(200, 30))
    other = Sampler(20.0, by_kind=True)
    other.restore(one.dump())
    assert other.chance == 1.0


def test_a_kind_that_comes_anew_is_kept_whole_until_its_rate_is_known():
    sampler = Sampler(20.0, by_kind=True)
    kept(sampler, stream(200, 30))
    drawn = kept(sampler, stream(1, 5, start=1.7e9 + 30, prefix="new-", tools=TOOL))
    assert [draw.chance for _, draw in drawn] == [1.0] * 5
    kept(sampler, stream(2_000, 30, start=1.7e9 + 35, tools=TOOL))
    n = len(kept(sampler, stream(2_000, 30, start=1.7e9 + 65, prefix="later-", tools=TOOL)))
    assert n == pytest.approx(600, rel=0.1)


def test_the_target_is_met_also_when_every_kind_is_rare_and_comes_at_random():
    """A look counts some four of each of 36 kinds, and those with few by chance would be kept whole in the next."""
    rng = np.random.default_rng(8)
    shapes = [
        {"tools": tools, "messages": (*system, *long_talk(turns, characters))}
        for tools in ((), TOOL)
        for system in ((), (Message("system", "Help."),))
        for turns in (1, 3, 7)
        for characters in (50, 500, 5_000)
    ]
    times = 1.7e9 + np.cumsum(rng.exponential(1 / 14.4, 14_400))
    drawn = kept(
        Sampler(7.0, by_kind=True),
        [request(f"r-{i}", float(t), **shapes[rng.integers(len(shapes))]) for i, t in enumerate(times)],
    )
    secs = times[-1] - times[0] - 200
    assert sum(e.time > times[0] + 200 for e, _ in drawn) / secs == pytest.approx(7.0, rel=0.07)
