"""What docs/kubernetes.md shows is so."""

import re

import pytest
import yaml
from charting import ROOT, helm_python, rendered
from value_sets import CONFIG

PAGE = (ROOT / "docs" / "kubernetes.md").read_text(encoding="utf-8")
VALUES = re.findall(r"^```yaml\n# values\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
TEMPLATES = (ROOT / "helm" / "tidegauge" / "templates" / "_sidecar.tpl").read_text(encoding="utf-8")


def test_there_are_examples():
    assert len(VALUES) >= 7


@pytest.mark.parametrize("text", VALUES, ids=range(len(VALUES)))
def test_values_that_are_shown_render(text):
    assert rendered({"config": CONFIG} | yaml.safe_load(text))


def test_the_five_minutes_make_what_they_wait_for():
    given = helm_python.parse_set_string("baselines.volume.configMap.name=baselines")
    docs = rendered({"config": CONFIG} | given, name="support-bot")
    names = {(doc["kind"].lower(), doc["metadata"]["name"]) for doc in docs}
    for kind, name in re.findall(r"(statefulset|service)/(\S+)", PAGE):
        assert (kind, name) in names


def test_templates_that_are_shown_are_there():
    shown = set(re.findall(r'"(tidegauge\.sidecar\.\w+)"', PAGE))
    there = set(re.findall(r'define "(tidegauge\.sidecar\.\w+)"', TEMPLATES))
    assert shown == there - {"tidegauge.sidecar.container"}  # which the others are made of
