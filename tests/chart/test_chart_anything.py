"""Whatever values the schema lets through: they render, or are refused in words, and no pod is ever less restricted."""

import json

import pytest
import yaml
from charting import CHART, chart, helm_python, pods, rendered, unrestricted
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schema_values import ANY, values_of
from value_sets import CONFIG, ELSEWHERE, FLEET, NOTHING_KEPT

SCHEMA = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
OF_OTHERS = (
    "extraContainers",
    "extraInitContainers",
    "extraVolumes",
)  # what a user adds is as restricted as he makes it

RIGHT = st.sampled_from([CONFIG, FLEET, NOTHING_KEPT, ELSEWHERE])
READ = st.sampled_from(["web", "state", "sources"])  # what the chart itself looks at
SETTINGS = st.text(max_size=20) | st.dictionaries(READ, ANY, min_size=1).map(yaml.safe_dump)


def _some(keys):
    """Values of some of the keys, each as its part of the schema lets it be; every second time with right settings."""
    parts = {key: values_of(SCHEMA["properties"][key], SCHEMA) for key in keys}
    return st.booleans().flatmap(
        lambda right: st.fixed_dictionaries({"config": RIGHT if right else SETTINGS}, optional=parts)
    )


ANYTHING = _some([key for key in SCHEMA["properties"] if key not in ("config", "global")])


def _try(values):
    try:
        return rendered(values)
    except helm_python.HelmRenderError as error:
        refusal = str(error)
    # What `fail` says, at a place; what crashes says `error calling`, `nil pointer` or `wrong type`.
    assert "execution error at (" in refusal
    assert "error calling" not in refusal
    return []


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(values=ANYTHING)
def test_whatever_the_schema_takes_renders_or_is_refused_in_words(values):
    docs = _try(values)
    for doc in docs:
        assert isinstance(doc["metadata"]["name"], str)
    if not any(values.get(key) for key in OF_OTHERS):
        assert not [why for pod in pods(docs) for why in unrestricted(pod)]


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(text=st.text(max_size=60) | SETTINGS)
def test_settings_come_through_as_they_stand(text):
    docs = _try({"config": text})
    if docs:
        (own,) = (doc for doc in docs if doc["kind"] == "ConfigMap")
        assert own["data"]["monitor.yaml"] == text


def test_every_default_is_in_the_schema():
    """No key is free: each object that the chart itself reads says what it takes."""

    def look(values, schema, path):
        if "$ref" in schema:
            schema = SCHEMA["definitions"][schema["$ref"].rpartition("/")[2]]
        for key, value in values.items():
            assert key in schema["properties"], f"{path}{key}"
            if isinstance(value, dict) and "properties" in schema["properties"][key]:
                assert schema["properties"][key]["additionalProperties"] is False
                look(value, schema["properties"][key], f"{path}{key}.")

    look(yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8")), SCHEMA, "")
    assert set(SCHEMA["properties"]) == set(chart().values) | {"global"}


@pytest.mark.parametrize("key", [key for key in SCHEMA["properties"] if key not in ("config", "global")])
def test_each_key_alone_may_be_anything_that_the_schema_takes(key):
    strategy = values_of(SCHEMA["properties"][key], SCHEMA)

    @settings(max_examples=5, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(value=strategy)
    def tried(value):
        _try({"config": CONFIG, key: value})

    tried()
