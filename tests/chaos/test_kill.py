"""Records in a real Kafka, a monitor that is killed at random moments: nothing is lost and nothing counts twice.

`make chaos` runs it with 100,000 records and ten kills; the ordinary suite with fewer. CHAOS_SEED chooses the moments.
"""

import os
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing

import numpy as np
import pytest
import yaml
from broker import kafka_home
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic
from lives import ROOT, Life, left_behind, until, was_cut_in_a_save
from stream import records
from traffic import exchanges, line

RECORDS = int(os.environ.get("CHAOS_RECORDS", "8000"))
KILLS = int(os.environ.get("CHAOS_KILLS", "3"))
SEED = int(os.environ.get("CHAOS_SEED", "1"))

pytestmark = [
    pytest.mark.kafka_restart,
    pytest.mark.skipif(kafka_home() is None, reason="no Kafka: set KAFKA_HOME or run `make kafka-home`; needs Java 17"),
]


@pytest.fixture(scope="module")
def values():
    return records(RECORDS, SEED)


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory):
    """The baseline, built by the command."""
    place = tmp_path_factory.mktemp("evaluated")
    (place / "run.jsonl").write_bytes(b"".join(line(e).replace(b"!", b".") + b"\n" for e in exchanges(0, 400)))
    build = ("baseline", "build", place / "run.jsonl", "--out", place / "baseline")
    subprocess.run(
        [sys.executable, "-m", "monitor", *build], cwd=ROOT, check=True, timeout=60, stdout=subprocess.DEVNULL
    )
    return place / "baseline"


@pytest.fixture
def topic(bootstrap, values, request):
    """topic(partitions): a fresh topic that holds all records, dealt out in turn."""

    def create(partitions):
        name = f"chaos-{os.getpid()}-{partitions}"
        with closing(KafkaAdminClient(bootstrap_servers=bootstrap)) as admin:
            admin.create_topics([NewTopic(name, partitions, 1)])
        with closing(KafkaProducer(bootstrap_servers=bootstrap, linger_ms=20, batch_size=2**18)) as producer:
            for i, value in enumerate(values):
                producer.send(name, key=b"%d" % i, value=value, partition=i % partitions)
            producer.flush()
        return name

    return create


class Run:
    """A monitor's place, its lives in order of time, and what its group has committed."""

    def __init__(self, folder, evaluated, bootstrap, topic, *, target_per_sec=None, **kafka):
        self.folder, self.lives = folder, []
        group = f"{topic}-{folder.name}"
        kafka |= {"bootstrap_servers": bootstrap, "topics": [topic], "group_id": group}
        kafka |= {"auto_offset_reset": "earliest", "max_poll_records": 100}
        self._settings = {
            "models": [{"name": "bot", "baseline": str(evaluated)}],
            "sources": [{"kafka": kafka}],
            "sampling": {"target_per_sec": target_per_sec},
            "web": {"host": "127.0.0.1", "port": 0},
        }
        self._asking = KafkaConsumer(bootstrap_servers=bootstrap, group_id=group, enable_auto_commit=False)
        self._partitions = [TopicPartition(topic, p) for p in sorted(self._asking.partitions_for_topic(topic))]
        folder.mkdir()

    def live(self, *, snapshot_secs):
        state = {"path": str(self.folder / "state"), "snapshot_secs": snapshot_secs}
        (self.folder / "monitor.yaml").write_text(yaml.safe_dump(self._settings | {"state": state}))
        self.lives.append(Life(self.folder))
        return self.lives[-1]

    def committed(self):
        offsets = {p: self._asking.committed(p, timeout_ms=5_000) for p in self._partitions}
        return {f"{p.topic}/{p.partition}": offset or 0 for p, offset in offsets.items()}

    def reached(self, goal):
        self.lives[-1].check()
        return sum(self.committed().values()) >= goal

    def finish(self):
        """Waits until every record has its outcome, then tells it to stop: what it showed and what it left behind."""
        life = self.lives[-1]
        until(lambda: life.records() >= RECORDS, "not every record has an outcome")
        counters, api = life.counters(), life.api()
        life.stop()
        stored, letters = left_behind(self.folder)
        assert self.committed() == stored.positions["kafka"], "what is stored at the end is committed"
        return counters, api, stored, letters

    def close(self):
        self._asking.close()
        for life in self.lives:
            life.end()


@pytest.fixture
def run(tmp_path, evaluated, bootstrap):
    """run(name, topic, ...): a Run in a folder of its own, closed at the end of the test."""
    runs = []

    def start(name, topic, **options):
        runs.append(Run(tmp_path / name, evaluated, bootstrap, topic, **options))
        return runs[-1]

    yield start
    for one in runs:
        one.close()


def kill_often(run, *, until_a_save_is_cut=False):
    """Lets it live up to a random record, again and again, and kills it in a save, at any moment, or as it starts. One
    more life goes on."""
    rng, found, started = np.random.default_rng(SEED), Counter(), time.monotonic()
    goals = [int(share * 0.9 * RECORDS) for share in (np.arange(KILLS) + rng.random(KILLS)) / KILLS]
    for number, goal in enumerate(goals):
        manner = ("in a save", "at any moment", "at its start")[number % 3]
        found += kill(run, goal, manner, rng)
        print(f"  {time.monotonic() - started:5.1f} s: killed {manner}, {sum(run.committed().values())} committed")
    while until_a_save_is_cut and not found["save cut"]:
        assert found["kill"] < KILLS + 20, "no kill cuts a save"
        found += kill(run, goals[-1], "in a save", rng)
    print(f"  {dict(found)}")
    run.live(snapshot_secs=2.0)


def kill(run, goal, manner, rng):
    """One life and its end; counts what it left behind."""
    life = run.live(snapshot_secs=0.001)
    if manner != "at its start":
        until(lambda: run.reached(goal), f"record {goal} was not committed")
    if manner == "in a save":
        life.kill_in_a_save(rng.uniform(0, 0.003))
    else:
        time.sleep(rng.uniform(0, 1.5 if manner == "at its start" else 0.1))
        life.kill()
    committed, stored = run.committed(), left_behind(run.folder)[0].positions.get("kafka", {})
    assert all(offset <= stored.get(name, 0) for name, offset in committed.items()), "committed before stored"
    ahead = sum(committed.values()) < sum(stored.values())
    return Counter({"kill": 1, "save cut": was_cut_in_a_save(run.folder), "stored, not yet committed": ahead})


def test_killed_and_uninterrupted_are_equal_to_the_last_bit(run, topic):
    """One partition, so the records come in one order. Sampling is on, and the rate of the traffic is measured."""
    topic = topic(1)
    whole = run("whole", topic, target_per_sec=2.5)
    whole.live(snapshot_secs=2.0)
    killed = run("killed", topic, target_per_sec=2.5, group_instance_id="killed")
    kill_often(killed, until_a_save_is_cut=True)
    counters, api, stored, letters = killed.finish()
    expected_counters, expected_api, expected, expected_letters = whole.finish()

    assert counters == expected_counters
    assert api == expected_api
    assert letters == expected_letters
    assert (stored.positions, stored.counts) == (expected.positions, expected.counts)
    (baseline_id, snapshot), (expected_id, expected_snapshot) = stored.models["bot"], expected.models["bot"]
    assert (baseline_id, snapshot.keys()) == (expected_id, expected_snapshot.keys())
    assert [n for n, array in snapshot.items() if array.tobytes() != expected_snapshot[n].tobytes()] == []
    check_the_course(api["verdicts"][0])


def check_the_course(model):
    """There was something to lose: a move of the answers and one of the prompts, each over again."""
    incidents = [(i["channel"], i["opened"], i["closed"]) for i in model["incidents"]]
    print(f"  {model['exchanges']} measured, incidents {incidents}")
    assert {channel for channel, _, closed in incidents if closed} >= {"behaviour", "inputs"}


def test_killed_over_three_partitions_every_record_counts_once(run, topic):
    """Between partitions the order is the broker's, so evidence may differ; counts may not. The group gives the
    partitions of the dead member away only after its session."""
    topic = topic(3)
    whole = run("whole", topic)
    whole.live(snapshot_secs=2.0)
    killed = run("killed", topic, session_timeout_ms=1_000)
    kill_often(killed)
    counters, _, stored, letters = killed.finish()
    expected_counters, _, expected, expected_letters = whole.finish()

    assert without_incidents(counters) == without_incidents(expected_counters)
    assert stored.positions == expected.positions
    assert sum(stored.positions["kafka"].values()) == RECORDS
    assert sorted(letters, key=place) == sorted(expected_letters, key=place)


def without_incidents(counters):
    return {name: n for name, n in counters.items() if not name.startswith("tidegauge_incidents_total{")}


def place(letter):
    return letter.partition, letter.offset
