"""The benchmarks run, and say what they promise; how fast this machine is, no test asks."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
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
