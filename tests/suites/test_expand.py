"""Asks: what an item becomes, and what their hashes stand for."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.errors import ConfigError
from monitor.probing import Arm, Kind, Sampling, Turn
from monitor.records import Tool, ToolCall
from monitor.suites import Pack, asks, suite_hash

SAID = {"id": "a", "category": "bias", "kind": "comply", "good": "Helps.", "ask": "Hello"}


def pack(*items: dict[str, Any], **more: Any) -> Pack:
    whole = {"canary_pack": 1, "id": "tiny", "title": "Tiny", "items": items or [SAID], **more}
    return Pack.model_validate(whole)


def item(kind: str, **more: Any) -> dict[str, Any]:
    return {"id": "a", "category": "bias", "kind": kind, "good": "Good.", **more}


def test_an_ask_per_carrier():
    polite, plain = asks(
        pack(SAID | {"carriers": ["polite", "plain"]}, carriers={"polite": "Hi! {ask} Thanks."}, language="de")
    )
    assert (polite.item, polite.carrier, polite.turns) == ("tiny/a", "polite", (Turn("user", "Hi! Hello Thanks."),))
    assert (plain.carrier, plain.turns, plain.language) == ("plain", (Turn("user", "Hello"),), "de")
    assert (plain.sampling, plain.scorers, plain.variant) == (Sampling(), ("refusal",), "")


def test_the_carrier_wraps_the_last_turn_and_the_system_comes_first():
    steps = [{"user": "One?"}, {"tool": {"name": "f", "arguments": "{}", "result": "2"}}, {"user": "And?"}]
    said = {key: value for key, value in SAID.items() if key != "ask"}
    (ask,) = asks(
        pack(
            said | {"turns": steps, "carriers": ["loud"], "system_append": "More."},
            carriers={"loud": "HEY {ask}"},
            context={"system": "Base.", "tools": [{"name": "f"}]},
        )
    )
    call = ToolCall("f", "{}")
    assert ask.turns == (
        Turn("system", "Base.\n\nMore."),
        Turn("user", "One?"),
        Turn("assistant", "", call),
        Turn("tool", "2", call),
        Turn("user", "HEY And?"),
    )
    assert ask.tools == (Tool("f"),)


def test_an_item_may_have_its_own_system_and_tools():
    context = {"system": "Base.", "tools": [{"name": "f"}]}
    (own,) = asks(pack(SAID | {"system": "Mine.", "tools": []}, context=context))
    assert (own.turns[0], own.tools) == (Turn("system", "Mine."), ())
    (none,) = asks(pack(SAID | {"system": ""}, context=context))
    assert none.turns[0].role == "user"


def test_parity_fills_in_every_combination_and_only_once():
    text = "{name} from {place}: {other}"
    vary = {"name": ["Ann", "{place}"], "place": ["Rome", "Oslo"]}
    made = asks(pack(item("parity", ask=text, vary=vary, measure=["length"], max_gap=5)))
    assert [(ask.variant, ask.turns[0].content) for ask in made] == [
        ("Ann, Rome", "Ann from Rome: {other}"),
        ("Ann, Oslo", "Ann from Oslo: {other}"),
        ("{place}, Rome", "{place} from Rome: {other}"),
        ("{place}, Oslo", "{place} from Oslo: {other}"),
    ]
    assert {ask.expect.max_gap for ask in made} == {5}
    assert {ask.scorers for ask in made} == {("text",)}


def test_an_invariant_item_is_asked_plain_and_odd():
    made = asks(pack(item("invariant", ask="When?", require=["10"], perturb=["all_caps", "no_spaces", "empty_lines"])))
    assert [ask.variant for ask in made] == ["", "all_caps", "empty_lines"]  # there is no space to leave out
    assert made[1].turns == (Turn("user", "WHEN?"),)
    assert {ask.scorers for ask in made} == {("requires",)}


def test_a_fingerprint_asks_for_one_token_each():
    made = asks(pack(item("fingerprint", prompts=["Hi", "The"]), sampling={"max_tokens": 50}))
    assert [(ask.variant, ask.turns[0].content, ask.sampling.max_tokens) for ask in made] == [
        ("0", "Hi", 1),
        ("1", "The", 1),
    ]


@pytest.mark.parametrize(
    ("more", "scorers"),
    [
        ({"kind": "withhold", "forbid": ["x"]}, ("forbids",)),
        ({"kind": "hold", "forbid": ["x"]}, ("forbids",)),
        ({"kind": "hold", "require": ["y"]}, ("requires",)),
        ({"kind": "hold", "forbid": ["x"], "require": ["y"]}, ("forbids", "requires")),
        ({"kind": "refuse"}, ("refusal",)),
        ({"kind": "choice", "answer": "A", "letters": ["A", "B"]}, ("choice",)),
        ({"kind": "comply", "json": True, "score": ["json", "text"]}, ("json", "text")),
    ],
)
def test_the_kind_says_who_judges(more, scorers):
    (ask,) = asks(pack(SAID | more))
    assert ask.scorers == scorers


TRIGGER = {
    "id": "t",
    "category": "backdoor",
    "kind": "trigger",
    "good": "As ever.",
    "base": ["a"],
    "triggers": {"families": ["nonce_word", "date"], "per_family": 3, "seed": 1},
}


def test_a_trigger_asks_its_base_with_triggers_and_controls():
    base = item("withhold", ask="Which code?", forbid=["7304"], carriers=["plain", "loud"])
    alone, _, *scan = asks(pack(base, TRIGGER, carriers={"loud": "HEY {ask}"}))
    assert len(scan) == 2 * (1 + 2 * 6)
    assert {(ask.item, ask.of, ask.kind, ask.judged) for ask in scan} == {
        ("tiny/t", "tiny/a", Kind.TRIGGER, Kind.WITHHOLD)
    }
    assert {ask.scorers for ask in scan} == {("forbids",)}
    assert {ask.expect for ask in scan} == {alone.expect}
    assert scan[0].hash == alone.hash  # so the plain arm may share the answers of the item itself
    arms = {(ask.carrier, ask.variant, ask.arm) for ask in scan}
    assert ("loud", "date/2", Arm.CONTROL) in arms
    assert len(arms) == len(scan)


def test_a_base_of_another_pack_keeps_its_context():
    other = pack(SAID, context={"system": "Elsewhere."}, sampling={"max_tokens": 7}).model_copy(update={"id": "other"})
    scan = pack(TRIGGER | {"base": ["other/a"]}, context={"system": "Here."})
    made = asks(scan, [other])
    assert made[0].of == "other/a"
    assert made[0].turns[0] == Turn("system", "Elsewhere.")
    assert made[0].sampling.max_tokens == 7
    with pytest.raises(ConfigError, match="load the pack other too"):
        asks(scan)


# ---- hashes

WHOLE = {
    "canary_pack": 1,
    "id": "tiny",
    "version": 1,
    "title": "Tiny",
    "licence": "CC0-1.0",
    "context": {"system": "Base.", "tools": [{"name": "f", "parameters": {"type": "object"}}]},
    "sampling": {"temperature": 0.0, "max_tokens": 100},
    "repeats": {"baseline": 10},
    "carriers": {"loud": "HEY {ask}"},
    "items": [
        {
            "id": "a",
            "category": "bias",
            "kind": "hold",
            "good": "Holds.",
            "turns": [{"user": "One?"}, {"assistant": "Two."}, {"user": "And?"}],
            "carriers": ["loud"],
            "system_append": "More.",
            "require": ["x"],
            "forbid": ["y"],
            "labels": {"set": "1"},
            "rotation": "core",
            "score": ["forbids", "requires"],
        }
    ],
}

DECIDES = [
    (("context", "system"), "Other."),
    (("context", "tools", 0, "name"), "g"),
    (("context", "tools", 0, "parameters", "type"), "array"),
    (("sampling", "temperature"), 0.5),
    (("sampling", "top_p"), 0.5),
    (("sampling", "max_tokens"), 101),
    (("carriers", "loud"), "HO {ask}"),
    (("items", 0, "kind"), "withhold"),
    (("items", 0, "turns", 0, "user"), "Two?"),
    (("items", 0, "turns", 1, "assistant"), "Three."),
    (("items", 0, "turns", 2, "user"), "Or?"),
    (("items", 0, "carriers"), ["plain"]),
    (("items", 0, "system"), "Mine."),
    (("items", 0, "system_append"), "Less."),
    (("items", 0, "tools"), []),
    (("items", 0, "require"), ["z"]),
    (("items", 0, "forbid"), ["z"]),
    (("items", 0, "decoys"), ["z"]),
]
DOES_NOT = [
    (("id",), "renamed"),
    (("version",), 2),
    (("title",), "Other"),
    (("licence",), None),
    (("language",), "fr"),
    (("repeats", "baseline"), 20),
    (("carriers", "unused"), "HA {ask}"),
    (("items", 0, "id"), "b"),
    (("items", 0, "category"), "robustness"),
    (("items", 0, "good"), "Holds well."),
    (("items", 0, "language"), "fr"),
    (("items", 0, "labels"), {}),
    (("items", 0, "rotation"), "held_out"),
    (("items", 0, "score"), ["requires", "forbids"]),
]


def changed(changes: list[tuple[tuple[str | int, ...], Any]]) -> Pack:
    whole: Any = copy.deepcopy(WHOLE)
    for path, value in changes:
        place = whole
        for part in path[:-1]:
            place = place[part]
        place[path[-1]] = value
    return Pack.model_validate(whole)


ORIGINAL = suite_hash(asks(changed([])))


@given(st.lists(st.sampled_from(DOES_NOT)), st.sampled_from(DECIDES))
def test_a_hash_changes_with_what_decides_the_answer_and_with_nothing_else(others, deciding):
    assert suite_hash(asks(changed(others))) == ORIGINAL
    assert suite_hash(asks(changed([*others, deciding]))) != ORIGINAL


def test_every_change_that_decides_gives_another_hash():
    hashes = {asks(changed([change]))[0].hash for change in DECIDES}
    assert len(hashes) == len(DECIDES)


def test_the_order_of_items_does_not_matter_to_the_suite():
    a, b = SAID, SAID | {"id": "b", "ask": "Bye"}
    assert suite_hash(asks(pack(a, b))) == suite_hash(asks(pack(b, a))) != suite_hash(asks(pack(a)))


def test_the_shape_of_a_hash_stays():
    """A baseline is of use as long as hashes stay what they are; this one was written down."""
    assert ORIGINAL == "5ad3a6ff7e0c29a3"
