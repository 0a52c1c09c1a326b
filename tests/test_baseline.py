"""The artefact: built the same from the same, verified at every opening, damaged or foreign ones refused by name."""

import json
import shutil
import zipfile

import msgspec
import numpy as np
import pytest
from traffic import TOPICS, exchanges

from monitor import baseline
from monitor.baseline import Gauge, open_baseline
from monitor.errors import BaselineError

GAUGE = Gauge.standard()


def built(seed=0, n=300):
    return baseline.build(exchanges(seed, n), model="bot", data={"run.jsonl": "ab"}, gauge=GAUGE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("baselines") / "bot"
    baseline.write(built(), place)
    return place


def test_says_what_it_is(folder):
    opened = open_baseline(folder, GAUGE)
    manifest = opened.manifest
    assert (manifest.model, manifest.exchanges, manifest.data) == ("bot", 300, {"run.jsonl": "ab"})
    assert (manifest.first_time, manifest.last_time) == (1.7e9, 1.7e9 + 3 * 299)
    assert sum(t.share for t in manifest.topics) == pytest.approx(1, abs=1e-3)
    words = {word for t in manifest.topics for word in t.name.split(", ")}
    assert words & {word for topic in TOPICS.values() for word in topic.split()}
    assert np.isnan(opened.signals).mean() < 0.6


def test_the_same_run_gives_the_same_bytes():
    assert built() == built()
    assert built()["manifest.json"] != built(seed=1)["manifest.json"]


def test_holds_no_text(folder):
    """No whole prompt or answer stands in any member; names of topics hold single words that several prompts used."""
    contents = b"".join(p.read_bytes() for p in folder.iterdir())
    for e in exchanges(0, 300):
        assert e.response.encode() not in contents
        assert e.messages[-1].content.encode() not in contents


def test_a_zip_of_the_folder_opens_alike(folder, tmp_path):
    archive = tmp_path / "bot.zip"
    with zipfile.ZipFile(archive, "w") as z:
        for p in folder.iterdir():
            z.write(p, p.name)
    assert open_baseline(archive, GAUGE).id == open_baseline(folder, GAUGE).id


@pytest.mark.parametrize("member", ["exchanges.npz", "conditional.npz"])
def test_a_changed_or_missing_member_is_named(folder, tmp_path, member):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    raw = bytearray((copy / member).read_bytes())
    raw[len(raw) // 2] ^= 1
    (copy / member).write_bytes(raw)
    with pytest.raises(BaselineError, match=f"{member} does not match the digest"):
        open_baseline(copy, GAUGE)
    (copy / member).unlink()
    with pytest.raises(BaselineError, match=f"cannot read {member}"):
        open_baseline(copy, GAUGE)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"schema": 99}, "has baseline schema 99, this version reads 4"),
        ({"signals": ["x"]}, "other signals than this version measures"),
        ({"exchanges": "many"}, "is not a baseline's manifest"),
    ],
)
def test_a_manifest_of_another_kind_is_refused(folder, tmp_path, change, said):
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    manifest = json.loads((copy / "manifest.json").read_text())
    (copy / "manifest.json").write_text(json.dumps(manifest | change))
    with pytest.raises(BaselineError, match=said):
        open_baseline(copy, GAUGE)


def test_a_baseline_is_never_overwritten(folder):
    with pytest.raises(BaselineError, match="already holds a baseline"):
        baseline.write(built(), folder)


def test_too_few_exchanges_are_refused_with_the_number_needed():
    with pytest.raises(
        BaselineError,
        match="59 usable exchanges with prompts of their own are too few for a baseline: give at least 60",
    ):
        built(n=59)


def test_the_summary_says_how_much_inputs_explain(folder):
    summary = baseline.summary(open_baseline(folder, GAUGE))
    known = summary["signal_statistics"]["answer_length"]
    assert known["applies"] == 1
    assert known["explained_by_inputs"] > 0.35
    json.dumps(summary, allow_nan=False)


def test_one_answer_to_each_prompt_is_taken_and_the_rest_is_said():
    once = exchanges(0, 100)
    thrice = [msgspec.structs.replace(e, id=f"{e.id}-{k}") for e in once for k in range(3)]
    manifest = json.loads(baseline.build(thrice, model="bot", data={}, gauge=GAUGE)["manifest.json"])
    assert (manifest["exchanges"], manifest["repeats"]) == (100, 200)
    with pytest.raises(BaselineError, match="20 usable exchanges with prompts of their own"):
        baseline.build([e for e in once[:20] for _ in range(9)], model="bot", data={}, gauge=GAUGE)
