"""What the chart holds is whole and no copy is stale; a package of it has everything and renders the same."""

import tarfile

import write_chart as writer
import yaml
from charting import CHART, ROOT, helm, helm_python, needs_helm, rendered
from prometheus import alerts
from value_sets import full


def test_what_is_written_is_up_to_date():
    """`make chart` mends it."""
    stale = [path for path, text in writer.written().items() if not path.exists() or path.read_text() != text]
    assert not stale
    there = {path for path in (CHART / "files").rglob("*") if path.is_file()}
    assert there == set(writer.copies())


def test_every_value_is_explained():
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    explained = dict(writer.explained((CHART / "values.yaml").read_text(encoding="utf-8")))

    def unexplained(tree, path):
        for key, value in tree.items():
            if path + key in explained:
                assert explained[path + key].endswith("."), path + key
            elif isinstance(value, dict) and value:
                yield from unexplained(value, f"{path}{key}.")
            else:
                yield path + key

    assert not list(unexplained(values, ""))
    assert len(explained) > 100


def test_alerts_that_may_be_left_out_are_those_that_there_are():
    with helm_python.Chart.load(CHART) as chart:
        known = chart.schema["properties"]["prometheusRule"]["properties"]["disabledAlerts"]["items"]["enum"]
    assert known == sorted({rule["alert"] for rule in alerts()})


def test_nothing_is_a_link():
    assert not [path for path in (ROOT / "helm").rglob("*") if path.is_symlink()]


def _is_whole(packed):
    with tarfile.open(packed) as archive:
        names = {name.removeprefix("tidegauge/") for name in archive.getnames()}
    ignored = {".helmignore"}
    assert names - ignored == {str(path.relative_to(CHART)) for path in CHART.rglob("*") if path.is_file()} - ignored
    assert rendered(full("all at once"), folder=packed) == rendered(full("all at once"))


def test_a_package_has_all_files(tmp_path):
    _is_whole(helm_python.package(CHART, destination=tmp_path))


@needs_helm
def test_a_package_of_the_command_has_all_files(tmp_path):
    done = helm("package", CHART, "--destination", tmp_path)
    assert done.returncode == 0, done.stderr
    _is_whole(done.stdout.rpartition(": ")[2].strip())
