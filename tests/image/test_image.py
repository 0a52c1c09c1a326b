"""The images, without an engine: the script that the Dockerfile runs builds an environment, and the Dockerfile's own
command runs from it as a container would."""

import json
import os
import re
import shlex
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

import pytest
from image.tools import tool
from prometheus import ROOT

from benchmarks.process import settings

MOST_MB = 240
"""Of the base image's packages. scipy and numpy alone are 168."""


def instructions():
    """(instruction, argument) of each line of the Dockerfile, continued ones joined."""
    text = re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return [tuple(line.split(maxsplit=1)) for line in text.splitlines() if line]


def stage(name):
    """The instructions of a stage, after those of the stages that it begins as."""
    found, parent, own = {}, {}, None
    for what, argument in instructions():
        if what == "FROM":
            image, _, own = argument.split()
            found[own], parent[own] = [], image
        elif own is not None:
            found[own].append((what, argument))
    return (stage(parent[name]) if parent[name] in found else []) + found[name]


def last(name, what):
    return [argument for instruction, argument in stage(name) if instruction == what][-1]


def environment(name, image):
    """What ENV sets, with the image's folder where this one lies."""
    told = " ".join(argument for what, argument in stage(name) if what == "ENV")
    pairs = dict(word.split("=", 1) for word in shlex.split(told))
    return {key: value.replace("/opt/tidegauge", str(image)).replace(":$PATH", "") for key, value in pairs.items()}


@pytest.fixture(scope="module")
def image(tmp_path_factory):
    """What the stage `base` copies from its builder."""
    place = tmp_path_factory.mktemp("image") / "tidegauge"
    copied = last("base", "COPY").split()
    assert copied == ["--from=builder", "/opt/tidegauge", "/opt/tidegauge"]
    command = [str(place) if word == "/opt/tidegauge" else word for word in json.loads(last("builder", "RUN"))]
    subprocess.run(command, cwd=ROOT, env=os.environ | {"PYTHON": sys.executable}, check=True)
    return place


@pytest.fixture(scope="module")
def packages(image):
    (found,) = image.glob("lib/python3*/site-packages")
    return found


def test_the_wheel_has_all_that_the_product_reads(packages):
    listed = subprocess.run(["git", "ls-files", "-z", "monitor", "probes"], cwd=ROOT, capture_output=True, check=True)
    for name in listed.stdout.decode().split("\0")[:-1]:
        inside = re.sub(r"^probes/", "monitor/_packs/", name)
        assert (packages / inside).read_bytes() == (ROOT / name).read_bytes(), name


def test_the_image_holds_what_the_product_needs_and_no_more(packages):
    names = {found.metadata["Name"].lower() for found in distributions(path=[str(packages)])}
    assert names >= {"tidegauge", "numpy", "kafka-python"}
    assert not names & {"pip", "setuptools", "pytest", "mypy", "ruff", "hypothesis", "torch", "cyclonedx-bom"}
    pinned = dict(re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "constraints.txt").read_text().lower(), re.MULTILINE))
    for found in distributions(path=[str(packages)]):
        name = found.metadata["Name"].lower()
        assert name == "tidegauge" or found.version == pinned[name]


def test_the_image_is_no_larger_than_promised(packages):
    size = sum(path.lstat().st_size for path in packages.rglob("*"))
    assert size / 1e6 < MOST_MB


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")
def test_the_command_runs_read_only_without_network_home_shell_or_name(image, tmp_path):
    config = settings(tmp_path)
    state = tmp_path / "state"
    state.chmod(0o775)  # of root's group, as the Dockerfile makes it
    root = tmp_path / "root"
    root.mkdir()
    python = Path(os.path.realpath(image / "bin" / "python"))
    # Python with its library, and the libraries of the system: of programs only this one.
    system = [path for path in ("/lib", "/lib64", "/usr/lib") if Path(path).is_dir()]
    system += [str(python)] if python.is_relative_to("/usr/bin") else [str(python.parents[1])]
    given = [str(tmp_path / name) for name in ("baseline", "monitor.yaml", "traffic.jsonl")]
    (program,), options = json.loads(last("base", "ENTRYPOINT")), json.loads(last("base", "CMD"))
    jail = {
        "root": str(root),
        "shown": [*system, str(image), *given],
        "writable": [str(state)],
        "command": [
            str(image / "bin" / program),
            *(str(config) if word == "/etc/tidegauge/monitor.yaml" else word for word in options),
        ],
        "environment": environment("base", image),
        "ask": ["/healthz", "/metrics", "/", "/page.css", "/api/v1/verdicts"],
    }
    command = ["unshare", "--mount", "--net", sys.executable, ROOT / "tests" / "image" / "jail.py", json.dumps(jail)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["answers"]["/healthz"] == [200, "ok\n"], told["said"]
    assert {status for status, _ in told["answers"].values()} == {200}
    assert told["ids"] == ["12345\t12345\t12345\t12345", "0\t0\t0\t0", ""]
    assert told["code"] == 0, told["said"]
    assert "the state is stored" in told["said"]
    assert told["stop_secs"] < 5
    assert (state / "tidegauge.db").stat().st_uid == 12345


def test_both_images_begin_as_the_same_and_end_with_their_own_packages():
    for name, builder in (("base", "builder"), ("neural", "neural-builder")):
        assert [what for what, _ in stage(name)].count("COPY") == 1
        assert last(name, "COPY") == f"--from={builder} /opt/tidegauge /opt/tidegauge"
        assert last(name, "USER") == "65532:0"
        assert last(name, "HEALTHCHECK") == "NONE"
        assert json.loads(last(name, "ENTRYPOINT")) == ["tidegauge"]
        assert environment(name, "/image")["OPENBLAS_NUM_THREADS"] == "1"
    assert json.loads(last("neural-builder", "RUN")) == ["scripts/image.sh", "/opt/tidegauge", "neural"]
    assert instructions()[-2][1].endswith(" AS base"), "what is built where no target is named"


def test_every_image_is_begun_from_a_version():
    (tag,) = [argument for what, argument in instructions() if what == "ARG" and argument.startswith("PYTHON=")]
    assert re.fullmatch(r"PYTHON=3\.\d+\.\d+-slim-\w+", tag)
    begun = [argument.split()[0] for what, argument in instructions() if what == "FROM"]
    assert {image for image in begun if ":" in image} == {"python:${PYTHON}"}


def test_the_builder_is_sent_what_it_needs():
    sent = (ROOT / ".dockerignore").read_text().split()
    needed = {"monitor", "probes", "pyproject.toml", "constraints.txt", "README.md", "LICENSE", "scripts/image.sh"}
    assert {word[1:] for word in sent if word.startswith("!")} >= needed
    assert "*" in sent


@pytest.mark.image
def test_hadolint_has_nothing_to_say():
    command = [tool("bin/hadolint"), "--failure-threshold", "style", ROOT / "Dockerfile"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_a_bill_of_materials_names_every_package(image, packages, tmp_path):
    """As `make sbom` does, over what is built here."""
    recipe = (ROOT / "Makefile").read_text().split("\nsbom:")[1].split("\n\n")[0].replace("\\\n", " ")
    (line,) = [line for line in recipe.splitlines() if "cyclonedx-py" in line]
    words = shlex.split(line.replace("$(BIN)/cyclonedx-py", f"{Path(sys.executable).parent}/cyclonedx-py"))
    bill = tmp_path / "bill.json"
    words = [
        {"build/tidegauge.cdx.json": bill, "build/image/bin/python": image / "bin/python"}.get(w, w) for w in words
    ]
    subprocess.run(words, cwd=ROOT, check=True)
    told = json.loads(bill.read_text())
    assert (told["bomFormat"], told["metadata"]["component"]["name"]) == ("CycloneDX", "tidegauge")
    named = {(part["name"].lower(), part["version"]) for part in [*told["components"], told["metadata"]["component"]]}
    held = {(found.metadata["Name"].lower(), found.version) for found in distributions(path=[str(packages)])}
    assert held <= named
