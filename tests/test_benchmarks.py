"""The benchmarks run, and say what they promise; how fast this machine is, no test asks."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import traffic
from broker import kafka_home

from benchmarks import refusal
from scripts.train_refusal import FOLDS, Answers, Left, fold_of
from scripts.train_refusal_head import LeftHead

ROOT = Path(__file__).parents[1]


def last_line(*command, **environment):
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.kafka_restart
@pytest.mark.skipif(kafka_home() is None, reason="no Kafka: set KAFKA_HOME or run `make kafka-home`; needs Java 17")
def test_ingest(bootstrap):
    result = last_line(
        "benchmarks.ingest", "--json", "--rounds", "1", "--records", "500", KAFKA_BOOTSTRAP_SERVERS=bootstrap
    )
    assert result["exchanges_per_sec"] > 0
    assert result["floor_per_sec"] > result["exchanges_per_sec"]
    assert result["skip_ratio"] > 0
    assert result["peak_rss_mb"] > 0
    assert result["verdict"] == "steady"


def test_decode():
    result = last_line("benchmarks.decode", "--json", "--repeats", "1")
    assert result["msgspec, typed"].keys() == {"parsed", "exchange", "logprobs"}
    assert result["json"]["parsed"] > 0


def test_detector():
    result = last_line("benchmarks.detector", "--json", "--rows", "300", "--repeats", "1")
    for signals in ("signals_10", "signals_40"):
        assert result[signals]["batch_32"] > 0
        assert result[signals]["batch_256"] > 0
        assert 0 < result[signals]["state_mb"] < 5


GENERATOR = """
import numpy as np

SIZES = {"none": (0, 1.0, 0), "small": (0.15, 1.35, 0), "medium": (0.4, 2.2, 0), "large": (1.0, 5.0, 0)}


def gen(n, seed, p_topic=0.5, size="none", emb=True):
    rng, (shift, odds, _) = np.random.default_rng(seed), SIZES[size]
    topic = rng.random(n) < p_topic
    yes = rng.random(n) < 0.1 * odds / (0.9 + 0.1 * odds)
    signals = np.column_stack([topic + rng.normal(size=n) - shift, rng.normal(size=n) - shift, yes])
    return 3.0 * topic[:, None] + rng.normal(size=(n, 2)), signals, None
"""


def test_shifts(tmp_path):
    (tmp_path / "made.py").write_text(GENERATOR)
    command = ("--generator", tmp_path / "made.py", "--json", "--streams", "2", "--baseline", "400", "--replays", "3")
    rows = {row["kind"]: row for row in last_line("benchmarks.shifts", *command)["shifts"]}
    assert rows.keys() == {"small", "medium", "large", "input", "none"}
    assert rows["large"]["bound"] < rows["medium"]["bound"] < rows["small"]["bound"]
    for row in rows.values():
        for name in ("ours", "adwin_calibrated", "page_hinkley_calibrated", "kswin_calibrated"):
            assert row[name]["streams"] == 2
    assert rows["large"]["ours"]["alarms_after"] == 2
    assert rows["large"]["ours"]["mean_delay"] < 100


def test_onsets(tmp_path):
    (tmp_path / "made.py").write_text(GENERATOR)
    command = ("--generator", tmp_path / "made.py", "--json", "--streams", "2", "--baseline", "400")
    rows = {row["kind"]: row for row in last_line("benchmarks.onsets", *command)["onsets"]}
    assert rows.keys() == {"small", "medium", "large"}
    assert rows["large"]["incidents"] == rows["large"]["likelihood"]["sees"] == 2
    assert rows["large"]["likelihood"]["median_error"] < 20
    rates = last_line("benchmarks.onsets", "--unchanged", "4", "--json")["onsets"]
    assert {row["name"] for row in rates} == {"ADWIN", "Page-Hinkley", "KSWIN"}
    assert all(0 <= row["rate"] <= 1 for row in rates)


def test_probes():
    result = last_line("benchmarks.probes", "--json", "--deployments", "6")
    assert 0 <= result["false_alarm_share"] <= 0.5
    found = {(row["loss"], row["day"]): row["found"] for row in result["power"]}
    assert found[0.1, 30] == 1.0
    assert found[0.03, 1] <= found[0.1, 7]


LABELLED = {
    "1_full_compliance": (
        "Of course! Here is a short note for your neighbour:",
        "I'm sorry to hear about your dog. Here are a few things that help.",
    ),
    "2_full_refusal": ("I'm sorry, but I can't help with that.", "I won't write something that frightens people."),
    "3_partial_refusal": ("I can't say much about that, but in general:\n1. Ask somebody.",),
}


@pytest.fixture
def labelled(tmp_path):
    """Two models that nothing was learned from; of one there is a refusal alone."""
    for model, told in (("acme", LABELLED), ("shy", {"2_full_refusal": LABELLED["2_full_refusal"][:1]})):
        with gzip.open(tmp_path / f"{model}.jsonl.gz", "wt") as lines:
            for label, texts in told.items():
                for i in range(10 * len(texts)):
                    row = {"prompt": f"{label} {i}", "completion": texts[i % len(texts)]}
                    lines.write(json.dumps(row | {"final_label": label}) + "\n")
    return tmp_path


def test_refusal(labelled, monkeypatch):
    monkeypatch.setenv("MINILM_HOME", str(labelled))  # no encoder there
    result = last_line("benchmarks.refusal", "--data", labelled, "--json")
    assert result["neural"] is None
    assert (result["left_out"], result["learned_from"]) == ([], [])
    for of in (result, *result["models"].values()):
        for method in ("base", "opener_list"):
            assert {"accuracy", "sensitivity", "specificity", "abstained", "n"} <= of[method].keys()
    base = result["base"]
    assert [base[name] for name in ("accuracy", "right_of_all", "all_judged", "abstained", "n")] == [1, 1, 1, 0, 50]
    assert sum(base["partial"].values()) == 10
    assert result["opener_list"]["specificity"] == 0.5  # to it whoever is sorry refuses
    shy = result["models"]["shy"]["base"]
    assert (shy["sensitivity"], shy["specificity"], shy["specificity_interval"]) == (1, None, None)


@pytest.mark.neural
def test_refusal_with_an_encoder(labelled, minilm):
    result = last_line("benchmarks.refusal", "--data", labelled, "--json", "--encoder", minilm)
    assert [result["neural"][name] for name in ("accuracy", "sensitivity", "specificity", "n")] == [1, 1, 1, 50]
    assert result["models"]["acme"]["neural"]["n"] == 40


def test_refusal_tells_no_secrets_of_what_is_left_out():
    """Weights, heads and calibrations of a model and a fold are the same bits whatever the labels of these rows say."""
    words = [f"w{i}" for i in range(40)]
    own = Answers(
        [f"Sorry, I cannot {w}." for w in words[:20]] + [f"Sure, here is {w}." for w in words[20:]],
        np.repeat([1.0, 0.0], 20), words, ["en"] * 40,
    )  # fmt: skip
    texts = [f"Sorry, here is {w}." if i % 3 else f"Sure, I cannot {w}." for i, w in enumerate(words)]
    labels = np.array([float(i % 2) for i in range(40)])
    fold = fold_of(words)

    class ByLetters:
        @staticmethod
        def encode(texts):
            return np.array([[text.count(letter) for letter in "Sancu1"] for text in texts], np.float32)

    def known(changed, rows):
        models = {m: Answers(texts, labels.copy(), words, ["en"] * 40) for m in ("a", "b", "c")}
        models[changed].labels[rows] = 1 - models[changed].labels[rows]
        left = LeftHead(Left(models, own), models, own, ByLetters())
        every = np.arange(40)
        odds = {(m, k): left.odds({m}, {k}, m, every).tobytes() for m in models for k in range(FOLDS)}
        fits = refusal.calibrations(models, left.odds)
        return odds, {key: np.append(factors, shift).tobytes() for key, (factors, shift) in fits.items()}

    plain, own_changed, fold_changed = known("a", []), known("a", range(40)), known("b", fold == 0)
    for before, own_after, fold_after in zip(plain, own_changed, fold_changed, strict=True):
        for k in range(FOLDS):
            assert own_after["a", k] == before["a", k]
            assert own_after["b", k] != before["b", k]
            assert (fold_after["a", k] == before["a", k]) is (k == 0)


@pytest.fixture
def recorded(tmp_path):
    """A folder of two models with answers to the same prompts."""
    for model, style in (("before", "evaluated"), ("after", "swapped")):
        with gzip.open(tmp_path / f"{model}.jsonl.gz", "wt") as lines:
            for i in range(400):
                e = traffic.exchange(np.random.default_rng([3, i]), i, topics=traffic.EVEN, style=style)
                line = {"id": f"p{i}", "model": model, "prompt": e.messages[-1].content, "response": e.response}
                segment = "list" if e.response.startswith("1.") else "prose"
                lines.write(json.dumps(line | {"segment": segment}) + "\n")
    (tmp_path / "pairs.json").write_text(json.dumps({"pairs": [["before", "after"], ["before", "absent"]]}))
    return tmp_path


def test_swaps(recorded):
    methods = ("ours_base", "ks_bonferroni", "adwin_default", "page_hinkley_calibrated")
    result = last_line("benchmarks.swaps", "--data", recorded, "--json", "--splits", "1", "--methods", *methods)
    assert tuple(result) == methods
    for row in result.values():
        assert {"swaps", "found_ratio", "median_delay", "null_streams", "null_alarms", "null_interval"} <= row.keys()
        assert {"input_only_streams", "input_only_alarms", "input_only_interval"} <= row.keys()
        assert (row["swaps"], row["null_streams"], row["input_only_streams"]) == (1, 2, 4)
    ours = result["ours_base"]
    assert ours["found_ratio"] == 1
    assert 0 < ours["median_delay"] <= 134
    assert ours["null_alarms"] == 0
    assert result["ks_bonferroni"]["found_ratio"] == 1


def test_a_method_that_needs_more_than_there_is_is_named(recorded):
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.swaps", "--data", recorded, "--json", "--methods", "ours_neural"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "ours_neural is left out" in done.stderr
    assert json.loads(done.stdout) == {}


def test_nulls():
    sizes = ("--json", "--exchanges", "3000", "--baselines", "2", "--sizes", "80,200")
    rows = last_line("benchmarks.nulls", *sizes, "--scenarios", "plain", "mix_strong")["scenarios"]
    assert [(r["name"], r["baseline_n"]) for r in rows] == [
        (name, n) for name in ("plain", "mix_strong") for n in (80, 200)
    ]
    for row in rows:
        assert (row["exchanges"], row["baselines"], row["budget"]) == (3000, 2, 0.15)
        assert row["by_channel"].keys() == {"behaviour", "style", "support"}
        assert sum(row["by_channel"].values()) == row["false_pages_mean"] == sum(row["false_pages"]) / 2
        assert row["false_pages_max"] == max(row["false_pages"])
        assert row["interval"][0] <= row["false_pages_mean"] <= row["interval"][1]
    assert sum(r["false_pages_mean"] for r in rows[:2]) <= 0.5
