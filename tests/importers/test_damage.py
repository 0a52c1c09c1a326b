"""Whatever a file holds: a result or a ConfigError, never anything else."""

import foreign
import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from monitor import suites
from monitor.errors import ConfigError
from monitor.importers import IMPORTERS, load

FILES = {
    "a.report.jsonl": foreign.garak(foreign.attempt(status=1), foreign.attempt()).encode(),
    "results.json": foreign.promptfoo(foreign.result(), foreign.result(output={"a": 1})).encode(),
    "config.yaml": foreign.CONFIG.encode(),
    "log.json": foreign.inspect_json(foreign.sample(), foreign.sample(epoch=2)).encode(),
    "samples_x.jsonl": foreign.lines(foreign.generated(), foreign.by_likelihood()).encode(),
    "harmful.csv": foreign.JAILBREAKBENCH.encode(),
    "hb.csv": foreign.HARMBENCH.encode(),
    "xs.csv": foreign.XSTEST.encode(),
    "bbq.jsonl": foreign.lines(foreign.bbq(), foreign.bbq(2)).encode(),
}
VALUES = [b"null", b"[]", b"{}", b"NaN", b"1e999", b"-1", b'"\\ud800"', b"true", b'""', b"[" * 2000, b"9" * 5000,
          b"\xff", b"\x00", b'"', b",", b"\n", b"{{", b"!!int x", b"*a"]  # fmt: skip
EDITS = st.lists(st.tuples(st.floats(0, 1), st.integers(0, 12), st.sampled_from(VALUES) | st.binary(max_size=3)),
                 min_size=1, max_size=4)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("damaged")
    foreign.inspect_eval(path / "whole.eval", ("samples/g-01_epoch_1.json", foreign.sample()))
    foreign.inspect_zstandard(path / "zstandard.eval", foreign.sample())
    return path


def mutated(raw, edits):
    for place, cut, put in edits:
        start = int(place * len(raw))
        raw = raw[:start] + put + raw[start + cut :]
    return raw


def survives(path, name=None):
    try:
        done = load(path, name)
    except ConfigError as error:
        str(error).encode()
    else:
        msgspec.json.encode(done)
        assert len({ask.hash for ask in done.asks}) == len(done.asks) > 0
        assert {o.ask for o in done.observations} <= {ask.hash for ask in done.asks}


@pytest.mark.parametrize("name", [*FILES, "whole.eval", "zstandard.eval"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edits=EDITS)
@example(edits=[])
def test_damaged_files(folder, name, edits):
    raw = FILES[name] if name in FILES else (folder / name).read_bytes()
    path = folder / f"damaged-{name}"
    path.write_bytes(mutated(raw, edits))
    survives(path)


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("\ud800"),
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
                    max_leaves=6)  # fmt: skip
RECORDS = {
    "garak": (foreign.attempt(), foreign.garak),
    "promptfoo": (foreign.result(), foreign.promptfoo),
    "inspect": (foreign.sample(), foreign.inspect_json),
    "lm-eval": (foreign.generated(), foreign.lines),
    "bbq": (foreign.bbq(), foreign.lines),
}


def replaced(value, path, new):
    """The value at a drawn path, which ends early where there is nothing below it."""
    if not path or not isinstance(value, dict | list) or not value:
        return new
    keys = list(value) if isinstance(value, dict) else range(len(value))
    key = keys[path[0] % len(keys)]
    changed = value.copy()
    changed[key] = replaced(value[key], path[1:], new)
    return changed


@pytest.mark.parametrize("name", RECORDS)
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.lists(st.integers(0, 40), min_size=1, max_size=5), new=JSON)
def test_records_with_any_value_anywhere(folder, name, path, new):
    record, write = RECORDS[name]
    file = folder / f"samples_{name}.jsonl"
    file.write_text(write(replaced(record, path, new)), encoding="utf-8")
    survives(file, name)


@pytest.mark.parametrize("name", IMPORTERS)
@given(raw=st.binary(max_size=200))
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_that_is_something_else(folder, name, raw):
    path = folder / "other.yaml"
    path.write_bytes(raw)
    survives(path, name)


@given(edits=EDITS)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_suite(folder, edits):
    whole, path = folder / "whole.asks.jsonl", folder / "damaged.asks.jsonl"
    if not whole.exists():
        asks = load(folder / "whole.eval").asks
        suites.write_compiled(whole, suites.Compiled("mine", asks, title="x"), suites.suite_hash(asks))
    path.write_bytes(mutated(whole.read_bytes(), edits))
    try:
        (suite,) = suites.load_packs([path])
    except ConfigError:
        return
    assert suites.suite_hash(suite.asks) == suites.suite_hash(suites.load_packs([whole])[0].asks)


def test_a_foreign_word_moves_no_terminal_and_many_reasons_are_cut_short(folder):
    path = folder / "results.json"
    attacks = [foreign.result(asserts=[{"type": f"promptfoo:redteam:{i}\x1b[2J\n" + "x" * 999}]) for i in range(60)]
    path.write_text(foreign.promptfoo(foreign.result(), *attacks))
    notes = load(path).notes
    assert all(note.isprintable() and len(note) < 250 for note in notes)
    assert (len(notes), notes[-1]) == (41, "20 reasons more")
