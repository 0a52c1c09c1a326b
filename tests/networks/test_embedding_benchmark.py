"""The benchmark runs, and says what it promises; how fast this machine is, no test asks."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.neural
def test_the_last_line_is_one_object(minilm, tmp_path):
    lines = [
        {"id": str(i), "model": "bot", "prompt": f"Where is order {i}?", "response": f"On its way {i}. " * 9 * i}
        for i in range(1, 4)
    ]
    with gzip.open(tmp_path / "bot.jsonl.gz", "wt") as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)
    command = ("--data", tmp_path, "--model", minilm, "--json", "--rounds", "1")
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.embedding", *command], cwd=ROOT, stdout=subprocess.PIPE, check=True
    )
    (line,) = ran.stdout.splitlines()
    found = json.loads(line)
    assert found["texts"] == 6
    assert found["loop"]["texts_per_sec"] > 0
    assert found["loop_one_thread"]["texts_per_sec"] > 0
    assert found["float32"]["ratio"] > 0
    assert found["float32"]["cosine_error"] < 1e-5
    assert found["bfloat16"]["cosine_error"] < 1e-3
