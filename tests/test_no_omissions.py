"""In CI a skipped test of a real part fails the run, in one process and in several."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[1] / "scripts"

HARMLESS = """\
import pytest

def test_passes():
    pass

def test_skips_itself():
    pytest.skip("no part of ours")

@pytest.mark.kafka
@pytest.mark.xfail(strict=True)
def test_fails_as_expected():
    assert False
"""
OF_A_PART = """\
import pytest

@pytest.mark.{}
def test_skips_itself():
    pytest.skip("not here")
"""
AS_A_WHOLE = """\
import pytest

pytest.importorskip("nowhere_to_be_found")
"""


@pytest.fixture(params=[0, 2], ids=["one process", "several"])
def run(request, tmp_path):
    """Runs these tests as CI does: exit code, and what was omitted."""

    def call(**files):
        (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n    kafka\n    served\n")
        for name, text in files.items():
            (tmp_path / f"test_{name}.py").write_text(text)
        command = [sys.executable, "-m", "pytest", "-p", "no_omissions", "-n", str(request.param), "--dist", "loadfile"]
        paths = os.pathsep.join(filter(None, (str(SCRIPTS), os.environ.get("PYTHONPATH"))))
        done = subprocess.run(
            command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": paths}, capture_output=True, text=True, check=False
        )
        return done.returncode, [line.split()[1] for line in done.stdout.splitlines() if line.startswith("OMITTED")]

    return call


def test_other_skips_do_not_matter(run):
    assert run(harmless=HARMLESS, more=HARMLESS) == (0, [])


def test_a_skipped_test_of_a_part_fails_the_run(run):
    """A module that skips itself as a whole does not tell of what part it is."""
    parts = {part: OF_A_PART.format(part) for part in ("kafka", "served")}
    code, omitted = run(harmless=HARMLESS, whole=AS_A_WHOLE, **parts)
    assert code == 1
    assert sorted(omitted) == [
        "test_kafka.py::test_skips_itself:",
        "test_served.py::test_skips_itself:",
        "test_whole.py:",
    ]
