"""Another baseline, and a newer version: positions and counts go on, evidence begins anew, what was seen stays."""

import logging
import sqlite3
from contextlib import closing

import pytest
from traffic import exchanges, line

from monitor import baseline
from monitor.bank import EPOCHS
from monitor.baseline import Gauge
from monitor.errors import ConfigError
from monitor.service import Monitor
from monitor.settings import Settings
from monitor.state import SCHEMA
from monitor.verdict import Verdict
from monitor.web.page import render

BASELINES = 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Baselines of the model `bot`, each of another evaluation."""
    place = tmp_path_factory.mktemp("epochs")
    for i in range(BASELINES):
        members = baseline.build(exchanges(10 + i, 150), model="bot", data={}, gauge=Gauge.standard())
        baseline.write(members, place / f"baseline-{i}")
    return place


@pytest.fixture
def watch(folder, tmp_path):
    """watch(baseline, seed): the report after a monitor over that baseline has read what was added to its traffic."""
    traffic = tmp_path / "traffic.jsonl"
    traffic.write_bytes(b"")

    def run(of, seed):
        with traffic.open("ab") as file:
            file.write(b"".join(line(e) + b"\n" for e in exchanges(seed, 40)))
        tree = {
            "models": [{"name": "bot", "baseline": folder / f"baseline-{of}"}],
            "sources": [{"files": {"paths": [traffic]}}],
            "state": {"path": tmp_path / "state"},
            "web": {"host": "127.0.0.1", "port": 0},
        }
        monitor = Monitor(Settings.model_validate(tree))
        monitor.run()
        return monitor.board.latest()

    run.database = tmp_path / "state" / "tidegauge.db"
    return run


def ids(report):
    return [epoch.baseline_id for epoch in report.models[0].epochs]


def test_another_baseline_begins_an_epoch_and_the_old_one_stays(watch, caplog):
    first = watch(0, 1)
    assert ids(first) == []
    with caplog.at_level(logging.WARNING):
        second = watch(1, 2)
    assert "it starts anew" in caplog.text
    model = second.models[0]
    assert model.exchanges == 40, "evidence starts anew"
    assert second.records["files", "measured"] == 80, "what was read is not read again, and counters go on"
    (epoch,) = model.epochs
    assert (epoch.baseline_id, epoch.exchanges) == (first.models[0].baseline_id, 40)
    assert epoch.spans == first.models[0].spans
    assert epoch.baseline_id in render(second)
    assert ids(watch(1, 3)) == ids(second), "a restart keeps it"
    third = watch(2, 4)
    assert ids(third) == [first.models[0].baseline_id, model.baseline_id]
    assert third.models[0].epochs[1].exchanges == 80


def test_epochs_are_bounded(watch):
    for i in range(EPOCHS + 2):
        last = watch(i % 2, i)
    assert len(ids(last)) == EPOCHS


def as_written_by(schema, database):
    """The state as a version of that schema wrote it: the tables of 2 are those of 3, without memory of epochs."""
    with closing(sqlite3.connect(database)) as db:
        db.execute(f"PRAGMA user_version = {schema}")
        db.commit()


def test_state_of_the_previous_schema_is_migrated(watch):
    first = watch(0, 1)
    as_written_by(SCHEMA - 1, watch.database)
    second = watch(0, 2)
    assert second.records["files", "measured"] == 80
    model = second.models[0]
    assert model.exchanges == 40
    assert model.verdict in (Verdict.STEADY, Verdict.INSUFFICIENT)
    (epoch,) = model.epochs
    assert epoch.baseline_id == f"{first.models[0].baseline_id} (state {SCHEMA - 1})"
    with closing(sqlite3.connect(watch.database)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA,)


def test_a_snapshot_that_cannot_be_read_loses_its_course_alone(watch, caplog):
    watch(0, 1)
    with closing(sqlite3.connect(watch.database)) as db:
        db.execute("UPDATE model SET snapshot = (SELECT snapshot FROM model), baseline = 'other'")
        raw = db.execute("SELECT snapshot FROM model").fetchone()[0]
        db.execute("UPDATE model SET snapshot = ?", (raw.replace(b"course.npy", b"curse_.npy"),))
        db.commit()
    with caplog.at_level(logging.WARNING):
        second = watch(0, 2)
    assert "what was seen against other cannot be read" in caplog.text
    assert ids(second) == []
    assert second.records["files", "measured"] == 80


@pytest.mark.parametrize("schema", [1, SCHEMA + 1])
def test_state_that_nobody_can_migrate_is_refused(watch, schema):
    watch(0, 1)
    as_written_by(schema, watch.database)
    with pytest.raises(ConfigError, match=f"has state schema {schema}, this version reads {SCHEMA}"):
        watch(0, 2)
