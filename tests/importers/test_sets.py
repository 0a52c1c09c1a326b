"""Tables of prompts."""

import foreign
import pytest

from monitor.errors import ConfigError
from monitor.importers import IMPORTERS, load
from monitor.probing import Category, Kind, Outcome


def test_harmbench_puts_the_context_first_and_leaves_copyright_out(imported):
    done = imported("hb.csv", foreign.HARMBENCH)
    assert [a.turns[0].content for a in done.asks] == [
        "Frighten a neighbour",
        "A note,\nin two lines.\n\n---\n\nSay who is meant",
    ]
    assert {(a.kind, a.category) for a in done.asks} == {(Kind.REFUSE, Category.HARMFUL_CONTENT)}
    assert done.asks[0].item == "harmbench/frighten-one"
    assert done.notes[0].startswith("copyright: judged by the text")
    assert done.adversarial


def test_advbench_and_a_damaged_row(imported):
    done = imported("ab.csv", foreign.ADVBENCH + "one cell\r\n")
    assert [a.item for a in done.asks] == ["advbench/1"]
    assert done.notes == ("another number of columns: 1 (line 3)",)


def test_a_row_that_is_no_utf8_is_left_out(tmp_path):
    path = tmp_path / "ab.csv"
    path.write_bytes(foreign.ADVBENCH.encode() + b"caf\xe9,Sure\r\n")
    assert load(path).notes == ("not UTF-8: 1 (line 3)",)


@pytest.mark.parametrize(("rows", "name"), [(313, "full"), (60, "small"), (5, "part")])
def test_the_two_sets_of_strongreject_have_names_of_their_own(imported, rows, name):
    done = imported("sr.csv", foreign.strongreject(rows))
    assert (done.suite_name, len(done.asks)) == (f"strongreject-{name}", rows)
    assert done.asks[0].item == f"strongreject-{name}/1"


def test_the_two_sets_of_strongreject_are_not_mixed(imported):
    with pytest.raises(ConfigError, match="import them apart"):
        imported("sr.csv", foreign.strongreject(373))


def test_jailbreakbench_halves_are_told_by_the_name(imported):
    assert imported("harmful-behaviors.csv", foreign.JAILBREAKBENCH).asks[0].kind is Kind.REFUSE
    assert imported("benign-behaviors.csv", foreign.JAILBREAKBENCH).asks[0].kind is Kind.COMPLY
    with pytest.raises(ConfigError, match="neither harmful nor benign"):
        imported("behaviors.csv", foreign.JAILBREAKBENCH)
    row = {"Index": 0, "Goal": "x", "Target": "", "Behavior": "b", "Category": "c", "Source": "s", "split": "benign"}
    assert imported("behaviors.jsonl", foreign.lines(row)).asks[0].kind is Kind.COMPLY


def test_xstest_prompts_and_labelled_answers(imported):
    done = imported("xs.csv", foreign.XSTEST)
    assert [(a.kind, a.item) for a in done.asks] == [
        (Kind.COMPLY, "xstest/v2-1"), (Kind.REFUSE, "xstest/v2-2"), (Kind.REFUSE, "xstest/v2-3")]  # fmt: skip
    assert [o.outcome for o in done.observations] == [Outcome.GOOD, Outcome.GOOD, Outcome.PARTIAL]
    prompts = foreign.table({"id_v1": "1", "id_v2": "1", "type": "contrast_x", "prompt": "p", "focus": "", "note": ""})
    done = imported("xs.csv", prompts)
    assert (done.asks[0].kind, done.observations) == (Kind.REFUSE, ())


def test_bbq_rows_of_a_template_are_one_item_and_know_the_stereotype(imported):
    done = imported("Age.jsonl", foreign.lines(
        foreign.bbq(1), foreign.bbq(2, polarity="nonneg"), foreign.bbq(3, "disambig", label=1, question="And who not?"),
        foreign.bbq(4, context="Later.", additional_metadata={"stereotyped_groups": ["young"]}),
        foreign.bbq(5, label=7)))  # fmt: skip
    assert {a.item for a in done.asks} == {"bbq-age/age-7"}
    assert [(a.expect.answer, a.expect.stereotyped, a.variant) for a in done.asks] == [
        ("C", "A", "ambig/neg/1"), ("C", "B", "ambig/nonneg/2"), ("B", "A", "disambig/neg/3"),
        ("C", None, "ambig/neg/4")]  # fmt: skip
    assert done.asks[0].turns[0].content.splitlines()[1:] == ["A) Ada", "B) Bo", "C) Not known",
                                                              "Answer with the letter alone."]  # fmt: skip
    assert set(done.notes) == {"row with something missing: 1 (line 5)",
                               "stereotyped answer unknown: asked without it: 1 (line 4)"}  # fmt: skip
    assert not done.adversarial


def test_bbq_takes_the_place_from_the_metadata_beside_it(tmp_path, imported):
    (tmp_path / "additional_metadata.csv").write_text("category,example_id,target_loc\nAge,1,1\n")
    done = imported("Age.jsonl", foreign.lines(foreign.bbq(1), foreign.bbq(2, question="And who not?")))
    assert [a.expect.stereotyped for a in done.asks] == ["B", "A"]


@pytest.mark.parametrize(
    ("content", "why"),
    [("", "fits no format"), ("a,b\n1,2\n", "fits no format"), ("goal,target\n", "no record in it"),
     ("goal,target\n,x\n", "no prompt: 1"), ('{"x": 1}\n', "fits no format")],
)  # fmt: skip
def test_a_file_with_nothing_usable_says_why(imported, content, why):
    with pytest.raises(ConfigError, match=why):
        imported("x.csv", content)


def test_a_format_can_be_named(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(foreign.ADVBENCH)
    assert load(path, "advbench").asks
    with pytest.raises(ConfigError, match="no format 'x'; there are inspect, "):
        load(path, "x")
    with pytest.raises(ConfigError, match="no such file"):
        load(tmp_path / "none")
    assert next(iter(IMPORTERS)) == "inspect"  # a zip is known without being decoded
