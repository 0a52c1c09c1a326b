"""What a monitor costs as a process. Bounds are for a busy machine; exact figures stand in docs/images.md."""

import subprocess
import sys

import pytest

from benchmarks.process import measure, settings

ONLY_FOR_SOME = {"scipy.stats", "scipy.optimize", "scipy.spatial", "scipy.linalg", "scipy.sparse", "river", "httpx"}


def test_a_start_loads_nothing_that_only_building_a_baseline_an_incident_or_probes_need():
    code = "import sys, monitor.cli; print(*(name for name in sys.argv[1:] if name in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code, *ONLY_FOR_SOME, "numpy"], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["numpy"]


@pytest.fixture(scope="module")
def figures(tmp_path_factory):
    config = settings(tmp_path_factory.mktemp("process"))
    return measure([sys.executable, "-m", "monitor"], config, starts=2, settle_secs=2, idle_secs=5)


def test_it_starts_and_stops_soon(figures):
    assert 0 < figures.best_start_secs < 8
    assert figures.start_cpu_secs < 3
    assert figures.stop_secs < 5


def test_idle_it_costs_next_to_nothing(figures):
    assert 0 < figures.rss_mb < 130
    assert figures.cpu_percent < 4
