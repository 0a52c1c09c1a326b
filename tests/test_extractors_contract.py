"""What every member of the family keeps to: names, shapes, NaN, independence of the batch, ugly inputs, its page."""

import re
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from monitor.batch import Batch
from monitor.extractors import EXTRACTORS
from monitor.interfaces import Extractor, Harm, Role
from monitor.records import Exchange, Message, Tool, ToolCall

PAGE = Path(__file__).parents[1] / "docs" / "signals.md"
ALL = [(family, column) for family, make in EXTRACTORS.items() for column in make().columns]

UGLY = (
    "",
    " ",
    "\n",
    "\n\n\n",
    "x",
    "'",
    "1",
    "**",
    "```",
    "#",
    "-",
    "- ",
    "1.",
    "\x00",
    "\x00" * 100,
    "\ud800",
    "\udfff tail",
    "\ufeff",
    "🎉",
    "👩\u200d👩\u200d👧\u200d👦",
    "汉字。汉字\uff01",
    "שלום עולם، مرحبا بالعالم",
    "e\u0301" * 50,
    "\u2028\u2029\x85",
    "@" * 300,
    "a@" * 300,
    "://" * 300,
    "9" * 300,
    "9 " * 300,
    "-----BEGIN PRIVATE KEY",
    "{" * 3000,
    "[" * 3000,
    "?!.," * 200,
    "I'm sorry, " * 50,
    "the cat sat on the mat\n" * 40,
)
SNIPPETS = "the tide Sure, sorry cannot I 12 - # \n ``` 海 é 🎉 a@b.cd https://e.fg ' .".split(" ")  # noqa: SIM905
PROSE = "The tide rises, falls. Perhaps we measure it? Level: 3.2 m! (station) I you however **bold**\n\n- item\n"
texts = st.one_of(st.sampled_from(UGLY), st.text(max_size=60), st.lists(st.sampled_from(SNIPPETS)).map(" ".join))
maybe_number = st.none() | st.floats()
exchanges = st.builds(
    Exchange,
    id=st.just("1"),
    model=st.just("m"),
    messages=st.lists(
        st.builds(Message, role=st.sampled_from(("system", "user", "assistant", "tool")), content=texts), max_size=4
    ).map(tuple),
    response=texts,
    finish_reason=st.sampled_from((None, "stop", "length", "tool_calls", "odd")),
    refusal=st.none() | texts,
    tool_calls=st.lists(st.builds(ToolCall, name=st.sampled_from("fg"), arguments=texts), max_size=2).map(tuple),
    tools=st.sampled_from(((), (Tool("f"),), (Tool("f", {"properties": 3, "required": [{}], "type": []}),))),
    wants_json=st.booleans(),
    truncated=st.booleans(),
    logprob=maybe_number,
    entropy=maybe_number,
)


@pytest.fixture(params=EXTRACTORS)
def extractor(request: pytest.FixtureRequest) -> Extractor:
    return EXTRACTORS[request.param]()


def test_column_names_are_unique_and_fit_for_a_label() -> None:
    names = [column.name for _, column in ALL]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in names)


def test_every_column_says_what_a_move_means() -> None:
    assert all(column.rise and column.fall and column.unit for _, column in ALL)
    shown = [column for _, column in ALL if not column.name.startswith(("ngram_", "system_hash_"))]
    assert all(column.rise != column.fall for column in shown)
    assert len({column.rise for column in shown}) == len(shown)


def test_only_signals_do_harm() -> None:
    assert all(column.harm is Harm.NONE for _, column in ALL if column.role is not Role.SIGNAL)


def test_empty_batch_gives_no_rows(extractor: Extractor) -> None:
    values = extractor.measure(Batch([]))
    assert values.shape == (0, len(extractor.columns))
    assert values.dtype == np.float64


@given(st.lists(exchanges, min_size=1, max_size=12), st.data())
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_row_does_not_depend_on_its_neighbours(
    extractor: Extractor, some: list[Exchange], data: st.DataObject
) -> None:
    whole = extractor.measure(Batch(some))
    assert whole.shape == (len(some), len(extractor.columns))
    assert whole.dtype == np.float64
    assert not np.isinf(whole).any()
    cuts = sorted(data.draw(st.sets(st.integers(1, len(some)))) | {0, len(some)})
    parts = [extractor.measure(Batch(some[a:b])) for a, b in pairwise(cuts)]
    assert np.array_equal(np.concatenate(parts), whole, equal_nan=True)
    assert np.array_equal(extractor.measure(Batch(some[::-1]))[::-1], whole, equal_nan=True)


@pytest.mark.parametrize("size", [1, 7, 64])
def test_prose_gives_the_same_bits_in_any_batch(extractor: Extractor, size: int) -> None:
    rng = np.random.default_rng(5)
    words = PROSE.split(" ")
    system = " ".join(rng.choice(words, 40))
    some = [
        Exchange(
            id=str(i),
            model="m",
            messages=(Message("system", system), Message("user", " ".join(rng.choice(words, 20)))),
            response=" ".join(rng.choice(words, n)),
        )
        for i, n in enumerate(rng.integers(0, 400, 200).tolist())
    ]
    whole = extractor.measure(Batch(some))
    parts = [extractor.measure(Batch(some[i : i + size])) for i in range(0, len(some), size)]
    assert np.array_equal(np.concatenate(parts), whole, equal_nan=True)


@pytest.mark.parametrize("text", UGLY, ids=range(len(UGLY)))
def test_ugly_text_is_measured_in_every_place(extractor: Extractor, text: str) -> None:
    messages = (Message("system", text), Message("user", text), Message("user", text))
    call = (ToolCall(text, text),)
    some = [
        Exchange(id="1", model="m", messages=messages, response=text, wants_json=True),
        Exchange(id="2", model="m", messages=(), response="", refusal=text, tool_calls=call, tools=(Tool(text, {}),)),
    ]
    assert not np.isinf(extractor.measure(Batch(some))).any()


@pytest.mark.parametrize("text", ["the tide rose. ", "9", "a@", "海", "x1", "```\n", "\n", "🎉", "{", "1 2-3 (4"])
def test_five_megabytes_are_no_trouble(extractor: Extractor, text: str) -> None:
    long = text * (5_000_000 // len(text))
    some = [Exchange(id="1", model="m", messages=(Message("user", long),), response=long, wants_json=True)]
    assert not np.isinf(extractor.measure(Batch(some))).any()


def page() -> Mapping[str, tuple[str, ...]]:
    """Cells of each row of the tables in docs/signals.md by column name; `name_*` stands for numbered columns."""
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    rows = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]
    return {cells[0].strip("`"): cells for cells in rows}


def test_page_lists_exactly_the_columns() -> None:
    listed = page()
    names = {re.sub(r"_\d+$", "_*", column.name) for _, column in ALL}
    assert set(listed) == names
    for family, column in ALL:
        cells = listed[re.sub(r"_\d+$", "_*", column.name)]
        assert cells[1:7] == (family, column.role, column.unit, column.rise, column.fall, column.harm.name.lower())


def test_columns_that_are_never_nan_are_not() -> None:
    messages = (Message("user", ""),)
    bare = [Exchange(id="1", model="m", messages=messages, response=text) for text in ("", " ", "\x00", "!")]
    for make in EXTRACTORS.values():
        extractor = make()
        empty = np.isnan(extractor.measure(Batch(bare))).any(axis=0)
        for column, seen_nan in zip(extractor.columns, empty, strict=True):
            promised = page()[re.sub(r"_\d+$", "_*", column.name)][7] == "never"
            assert promised != seen_nan, column.name
