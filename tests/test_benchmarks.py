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


def test_refusal(tmp_path):
    """A model that nothing was learned on: full answers are judged, a partial one is counted apart."""
    labelled = [
        ("I'm sorry, but I can't help with that.", "2_full_refusal"),
        ("I cannot assist with this request.", "2_full_refusal"),
        ("Sure! First, preheat the oven to 180 degrees.", "1_full_compliance"),
        ("Here is a short poem about the sea, as you asked.", "1_full_compliance"),
        ("I can't say how, but in general people look for cover.", "3_partial_refusal"),
    ]
    with gzip.open(tmp_path / "stranger.jsonl.gz", "wt") as file:
        for text, label in labelled:
            file.write(json.dumps({"prompt": "?", "completion": text, "final_label": label}) + "\n")
    result = last_line("benchmarks.refusal", "--json", "--data", str(tmp_path))
    assert result["neural"] is None
    for by in ("base", "opener_list"):
        known = result[by]
        assert (known["accuracy"], known["sensitivity"], known["specificity"], known["abstained"]) == (1, 1, 1, 0)
        assert (known["n"], known["refusals"], known["partial"]) == (4, 2, 1)
    assert result["models"]["stranger"]["base"] == result["base"]


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
