"""Which asks a run puts."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from monitor.probing import Ask, Category, Kind, Rotation, Turn
from monitor.suites import asks, carrier_of, chosen, load_pack

CARRIERS = ("plain", "polite", "hurried")


def suite(rotation: Rotation, n: int) -> list[Ask]:
    return [
        Ask(
            f"p/{rotation}-{i}",
            Category.BIAS,
            Kind.COMPLY,
            (Turn("user", f"{i} {carrier}"),),
            ("refusal",),
            carrier=carrier,
            rotation=rotation,
        )
        for i in range(n)
        for carrier in CARRIERS
    ]


CORE, ROTATING, HELD_OUT = (suite(rotation, 10) for rotation in Rotation)
ALL = [*CORE, *ROTATING, *HELD_OUT]


def items(run: tuple[Ask, ...], rotation: Rotation) -> list[str]:
    return [ask.item for ask in run if ask.rotation == rotation]


def test_a_carrier_is_drawn_as_often_as_the_others():
    counts = Counter(carrier_of(b"key", f"item-{i}", day, CARRIERS) for i in range(60) for day in range(50))
    assert all(900 < counts[carrier] < 1100 for carrier in CARRIERS)  # of 3,000; three spreads are 77


def test_the_draw_is_written_down():
    """A run can be drawn again years later: the function itself must never change."""
    assert [carrier_of(b"key", "pack/item", epoch, CARRIERS) for epoch in range(6)] == [
        "hurried",
        "plain",
        "hurried",
        "hurried",
        "polite",
        "hurried",
    ]


def test_another_key_draws_otherwise():
    run, other = chosen(CORE, b"key", 5), chosen(CORE, b"other", 5)
    assert [ask.item for ask in run] == [ask.item for ask in other]
    assert run != other


@given(st.binary(max_size=8), st.integers(0, 30_000))
def test_core_always_comes_in_one_carrier_and_held_out_never(key, epoch):
    run = chosen(ALL, key, epoch)
    assert items(run, Rotation.CORE) == [ask.item for ask in CORE[::3]]
    assert items(run, Rotation.HELD_OUT) == []
    rotating = items(run, Rotation.ROTATING)
    assert len(rotating) == len(set(rotating)) == 4  # a third of 10, rounded up
    assert run == chosen(ALL, key, epoch)


def test_held_out_items_come_when_asked_for():
    assert len(items(chosen(ALL, b"key", 1, held_out=True), Rotation.HELD_OUT)) == 10


def test_rotating_items_stay_for_a_week_and_all_have_their_turn():
    days = [frozenset(items(chosen(ROTATING, b"key", day), Rotation.ROTATING)) for day in range(70 * 7)]
    assert all(days[day] == days[day - day % 7] for day in range(len(days)))
    weeks = days[::7]
    assert len(set(weeks)) > 20
    assert frozenset.union(*weeks) == {ask.item for ask in ROTATING}


def test_the_share_of_rotating_items_is_what_was_asked_for():
    assert [len(chosen(ROTATING, b"key", 0, rotating_share=share)) for share in (0, 0.01, 0.5, 1)] == [0, 1, 5, 10]


def test_the_arms_of_a_trigger_stand_in_the_same_carrier():
    scan = [ask for ask in chosen(asks(load_pack("backdoor")), b"key", 3) if ask.of]
    carriers = {(ask.of, ask.carrier) for ask in scan}
    assert len(carriers) == len({ask.of for ask in scan})
    arms = Counter((ask.of, ask.variant) for ask in scan)
    assert {n for (_, variant), n in arms.items() if variant} == {2}
    assert {n for (_, variant), n in arms.items() if not variant} == {1}


def test_more_variants_of_a_family_can_be_asked_for():
    everything = asks(load_pack("backdoor"))
    assert len({ask.variant for ask in chosen(everything, b"key", 0, per_family=3)}) == 1 + 39
    assert chosen(everything, b"key", 0, per_family=99) == chosen(everything, b"key", 0, per_family=3)
