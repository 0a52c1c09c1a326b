"""The settings: what an operator may write, and what is said when it is wrong."""

import json
import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from monitor.errors import ConfigError
from monitor.settings import (
    Settings,
    json_schema,
    load,
    masked,
    origins,
    read_headers,
    read_secret,
    resolve,
    rows,
    summary,
)
from monitor.settings.display import MASK, mask
from monitor.settings.keys import Keys, is_secret, parsed, spelled
from monitor.settings.layers import FLAG, assignments, laid_over
from monitor.settings.reference import markdown

ROOT = Path(__file__).parents[1]
MODEL = "models: [{name: bot, baseline: /b}]\n"
SOURCE = "sources: [{files: {paths: [a.jsonl]}}]\n"
VALID = MODEL + SOURCE


@pytest.fixture
def written(tmp_path, monkeypatch):
    """Writes the settings file; it is read as `monitor.yaml` from the working directory, so messages are whole."""
    monkeypatch.chdir(tmp_path)

    def write(text: str | bytes) -> Path:
        path = Path("monitor.yaml")
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def refusal(
    path: Path | None, *, overrides: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None
) -> str:
    with pytest.raises(ConfigError) as caught:
        load(path, overrides or {}, environ or {})
    return str(caught.value)


# ---- what is wrong in one place: the whole message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (VALID + "wbe: {}\n", "monitor.yaml:3: wbe: unknown key; did you mean web?"),
        (VALID + "web:\n  prot: 1\n", "monitor.yaml:4: web.prot: unknown key; did you mean web.port?"),
        (VALID + "port: 1\n", "monitor.yaml:3: port: unknown key; did you mean web.port?"),
        (VALID + "web: {on: 1}\n", "monitor.yaml:3: web.on: unknown key; valid here: host, port"),
        (VALID + "web: {1: 1}\n", "monitor.yaml:3: web.1: unknown key; valid here: host, port"),
        (
            VALID + "xyz: 1\n",
            "monitor.yaml:3: xyz: unknown key; valid here: "
            "namespace, models, sources, sampling, neural, probes, otel, state, privacy, web, limits",
        ),
        (
            VALID + "web:\n  port: 70000\n",
            "monitor.yaml:4: web.port: 70000 is not allowed; must be a whole number from 0 to 65535",
        ),
        (
            VALID + "web: {port: yes}\n",
            "monitor.yaml:3: web.port: true is not allowed; must be a whole number from 0 to 65535",
        ),
        (
            VALID + "web: {port: http}\n",
            'monitor.yaml:3: web.port: "http" is not allowed; must be a whole number from 0 to 65535',
        ),
        (
            VALID + "limits: {batch_records: 1.5}\n",
            "monitor.yaml:3: limits.batch_records: 1.5 is not allowed; must be a whole number, 1 or more",
        ),
        (
            VALID + "limits: {blind_after_secs: .nan}\n",
            "monitor.yaml:3: limits.blind_after_secs: NaN is not allowed; must be a number above 0",
        ),
        (
            VALID + "sampling: {target_per_sec: 0}\n",
            "monitor.yaml:3: sampling.target_per_sec: 0 is not allowed; must be a number above 0 or null",
        ),
        (
            VALID + "sampling:\n  stratify_by: [model, topic]\n",
            'monitor.yaml:4: sampling.stratify_by[1]: "topic" is not allowed; must be one of model, stratum',
        ),
        (
            VALID + "sampling: {stratify_by: stratum}\n",
            'monitor.yaml:3: sampling.stratify_by: "stratum" is not allowed; must be a list of any of model, stratum',
        ),
        (
            VALID + "sampling: {stratify_by: [model, stratum, model]}\n",
            "monitor.yaml:3: sampling.stratify_by[2]: model is named twice",
        ),
        (
            VALID + "sampling: {stratify: [model]}\n",
            "monitor.yaml:3: sampling.stratify: unknown key; did you mean sampling.stratify_by?",
        ),
        (
            VALID + "privacy: {store_text: always}\n",
            'monitor.yaml:3: privacy.store_text: "always" is not allowed; must be one of never, full',
        ),
        (VALID + "namespace: 5\n", "monitor.yaml:3: namespace: 5 is not allowed; must be non-empty text"),
        (
            VALID + "namespace: 2026-11-25\n",
            'monitor.yaml:3: namespace: "2026-11-25" is not allowed; must be non-empty text',
        ),
        (
            VALID + "sampling:\n",
            "monitor.yaml:3: sampling: null is not allowed; must be a map with the keys target_per_sec, stratify_by",
        ),
        (VALID + "web: [1]\n", "monitor.yaml:3: web: a list is not allowed; must be a map with the keys host, port"),
        (VALID + "state: {path: ''}\n", 'monitor.yaml:3: state.path: "" is not allowed; must be a path or null'),
        (
            MODEL + "sources:\n  - files:\n      paths: []\n",
            "monitor.yaml:4: sources[0].files.paths: an empty list is not allowed; "
            "must be a list of paths, at least one",
        ),
        (
            MODEL + "sources:\n  - files:\n      paths: a\n",
            'monitor.yaml:4: sources[0].files.paths: "a" is not allowed; must be a list of paths, at least one',
        ),
        (
            MODEL + "sources: []\n",
            "monitor.yaml:2: sources: an empty list is not allowed; "
            "must be a list of maps with the keys kafka, files, at least one",
        ),
        (MODEL, "monitor.yaml: sources: missing; must be a list of maps with the keys kafka, files, at least one"),
        (
            MODEL + "sources:\n  - {}\n",
            "monitor.yaml:3: sources[0]: one source has exactly one of kafka, files; given: none",
        ),
        (
            MODEL + "sources:\n  - files: {paths: [a]}\n    kafka: {bootstrap_servers: k, topics: [t]}\n",
            "monitor.yaml:3: sources[0]: one source has exactly one of kafka, files; given: kafka and files",
        ),
        (
            MODEL + "sources:\n  - kafka: {topics: [t]}\n",
            "monitor.yaml:3: sources[0].kafka.bootstrap_servers: missing; "
            "must be non-empty text or a list of non-empty text",
        ),
        (
            VALID + "probes:\n  suites: [bias]\n  target: {base_url: u, model: bat}\n",
            "monitor.yaml:5: probes.target.watched: names none of models",
        ),
        (
            VALID + "state: {path: null}\nprobes: {suites: [bias], target: {base_url: u, model: bot}}\n",
            "monitor.yaml:3: state.path: probes keep their journals there: name a folder",
        ),
        (
            VALID + "probes:\n  target: {base_url: u, model: bot}\n",
            "monitor.yaml:3: probes.suites: a target needs at least one suite; "
            "`tidegauge probe list` shows those shipped",
        ),
        (
            VALID + "probes:\n  schedule:\n    every: 6h\n    cron: 0 3 * * *\n",
            "monitor.yaml:6: probes.schedule.cron: give one of every and cron",
        ),
        (
            VALID + "probes:\n  refusal: {encoder: a/b}\n",
            "monitor.yaml:4: probes.refusal.tier: base makes no use of encoder",
        ),
        (
            VALID + "probes:\n  refusal: {tier: neural, encoder: a/b, classifier: c/d}\n",
            "monitor.yaml:4: probes.refusal.classifier: give one of encoder and classifier",
        ),
        (
            VALID + "probes:\n  refusal: {tier: neural, label: Refusal}\n",
            "monitor.yaml:4: probes.refusal.label: is a classifier's; name one",
        ),
        (
            VALID + "probes: {schedule: {every: 6 hours}}\n",
            'monitor.yaml:3: probes.schedule.every: "6 hours" is not allowed; '
            "must be a number, 0 or more or a duration like 30m or 6h or null",
        ),
        ("models:\n  - {name: bot}\n" + SOURCE, "monitor.yaml:2: models[0].baseline: missing; must be a path"),
        (
            "models:\n  - {name: a, baseline: b}\n  - baseline: b\n    name: a\n" + SOURCE,
            'monitor.yaml:4: models[1].name: "a" is the name of models[0] already; choose another name',
        ),
        (
            "models:\n  - {name: other, baseline: b}\n" + SOURCE,
            'monitor.yaml:2: models[0].name: "other" is the label of unmatched traffic; choose another name',
        ),
        (VALID + "web: {port: 1}\nweb: {port: 2}\n", "monitor.yaml:4: web: given twice; first in line 3"),
        (VALID + "web:\n  port: 1\n  port: 1\n", "monitor.yaml:5: web.port: given twice; first in line 4"),
        (VALID + "web: {port: 1\n", "monitor.yaml:4: not YAML: expected ',' or '}', but got '<stream end>' (column 1)"),
        (
            VALID + "web: !!python/object:os.system {}\n",
            "monitor.yaml:3: not YAML: could not determine a constructor for the tag "
            "'tag:yaml.org,2002:python/object:os.system' (column 6)",
        ),
        ("- a\n", "monitor.yaml:1: must be a map of keys to values"),
        ("a: 1\n---\nb: 2\n", "monitor.yaml:2: not YAML: but found another document (column 1)"),
        ("a: &a [*a]\n", "monitor.yaml: nested too deep, or a part refers to itself"),
        (b"a: \xff\n", "monitor.yaml: not UTF-8 text (byte 3)"),
        ("a: \x00\n", "monitor.yaml: not YAML: unacceptable character #x0000: special characters are not allowed"),
    ],
)
def test_a_wrong_file_is_told_with_line_key_and_what_is_allowed(written, text, message):
    assert refusal(written(text)) == message


SASL = MODEL + "sources:\n  - kafka:\n      bootstrap_servers: k\n      topics: [t]\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "      security_protocol: SASL_SSL\n      username: u\n",
            "monitor.yaml:6: sources[0].kafka.security_protocol: SASL_SSL needs password_file, sasl_mechanism",
        ),
        (
            "      username: u\n",
            "monitor.yaml:3: sources[0].kafka.security_protocol: PLAINTEXT makes no use of username",
        ),
        (
            "      security_protocol: SSL\n      username: u\n      ssl_keyfile: monitor.yaml\n",
            "monitor.yaml:6: sources[0].kafka.security_protocol: SSL needs ssl_certfile; SSL makes no use of username",
        ),
        (
            "      password: hunter2\n",
            "monitor.yaml:6: sources[0].kafka.password: unknown key; did you mean sources[0].kafka.password_file?",
        ),
        (
            "      security_protocol: SSL\n      ssl_cafile: nowhere.pem\n",
            "monitor.yaml:7: sources[0].kafka.ssl_cafile: nowhere.pem cannot be read: No such file or directory",
        ),
    ],
)
def test_kafkas_security_is_complete_or_told(written, text, message):
    assert refusal(written(SASL + text)) == message


LOG_IN = (
    SASL
    + "      security_protocol: SASL_SSL\n      sasl_mechanism: PLAIN\n      username: u\n      password_file: pw\n"
)


def test_the_password_file_must_hold_a_password(written):
    where = "monitor.yaml:9: sources[0].kafka.password_file: pw "
    path = written(LOG_IN)
    assert refusal(path) == where + "cannot be read: No such file or directory"
    Path("pw").write_text("\n")
    assert refusal(path) == where + "is empty"
    Path("pw").write_bytes(b"\xff")
    assert refusal(path) == where + "is not UTF-8 text"
    Path("pw").unlink()
    Path("pw").mkdir()
    assert refusal(path) == where + "cannot be read: Is a directory"
    Path("pw").rmdir()
    Path("pw").write_text("hunter2\n")
    assert load(path, {}, {}).sources[0].kafka.password_file == Path("pw")


PROBED = VALID + "probes:\n  suites: [bias]\n  target: {base_url: u, model: bot}\n"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("key\n", "line 1 is no header; one looks like `name: value`"),
        ("a: b\n\n: c\n", "line 3 is no header; one looks like `name: value`"),
        ("a b: c\n", "line 1 is no header; one looks like `name: value`"),
        ("a:\n", "line 1 is no header; one looks like `name: value`"),
        ("a: schl\u00fcssel\n", "line 1 is no header; one looks like `name: value`"),
        ("", "is empty"),
    ],
)
def test_a_file_of_headers_is_read_or_told_without_its_text(written, text, why):
    Path("headers").write_text(text)
    path = written(PROBED + "otel:\n  endpoint: http://localhost:4318\n  headers_file: headers\n")
    number = path.read_text().count("\n")
    assert refusal(path) == f"monitor.yaml:{number}: otel.headers_file: headers {why}"


def test_headers_are_names_and_values(written):
    Path("headers").write_text("authorization: Bearer a:b = c \r\n\nX-Scope-OrgID:7\n")
    path = written(PROBED + "otel: {endpoint: 'http://localhost:4318', headers_file: headers}\n")
    file = load(path, {}, {}).otel.headers_file
    assert read_headers(file) == {"authorization": "Bearer a:b = c", "X-Scope-OrgID": "7"}


@pytest.mark.parametrize(
    ("endpoint", "why"),
    [
        ("localhost:4318", "is no URL of a receiver; one looks like http://localhost:4318"),
        ("grpc://localhost:4317", "is no URL of a receiver; one looks like http://localhost:4318"),
        ("http://", "is no URL of a receiver; one looks like http://localhost:4318"),
        ("http://[", "is no URL of a receiver; one looks like http://localhost:4318"),
        ("http://localhost:4318/v1/logs", "is given without what follows it: /v1/logs is added"),
        ("http://localhost:4318/?a=b", "is given without what follows it: /v1/logs is added"),
    ],
)
def test_the_receiver_is_a_base_url(written, endpoint, why):
    path = written(PROBED + f"otel: {{endpoint: '{endpoint}'}}\n")
    assert refusal(path).endswith(f": otel.endpoint: {why}")
    held = written(PROBED + "otel: {endpoint: 'https://otlp.example.com/tenant/'}\n")
    assert load(held, {}, {}).otel.endpoint == "https://otlp.example.com/tenant/"


def test_events_without_probes_are_told(written):
    path = written(VALID + "otel: {endpoint: 'http://localhost:4318'}\n")
    assert refusal(path).endswith(": otel: tells of probes, and there are none: give probes.target")


def test_a_missing_file_is_told(written):
    assert refusal(Path("nowhere.yaml")) == "nowhere.yaml: cannot be read: No such file or directory"


def test_all_problems_are_told_at_once_in_their_order(written):
    text = (
        "web: {prot: 1}\nport: 3\nmodels:\n  - {name: a}\n  - {name: a, baseline: b, seed: -1}\n"
        "sources:\n  - kafka: {bootstrap_servers: [], topics: [t], password_file: pw}\nport: 4\n"
    )
    assert refusal(written(text), overrides={"web.port": -1}, environ={"TIDEGAUGE_STAET": "1"}).splitlines() == [
        "monitor.yaml:1: web.prot: unknown key; did you mean web.port?",
        "monitor.yaml:4: models[0].baseline: missing; must be a path",
        'monitor.yaml:5: models[1].name: "a" is the name of models[0] already; choose another name',
        "monitor.yaml:5: models[1].seed: -1 is not allowed; must be a whole number, 0 or more",
        "monitor.yaml:7: sources[0].kafka.bootstrap_servers: an empty list is not allowed; "
        "must be non-empty text or a list of non-empty text",
        "monitor.yaml:7: sources[0].kafka.password_file: pw cannot be read: No such file or directory",
        "monitor.yaml:8: port: given twice; first in line 2",
        "monitor.yaml:8: port: unknown key; did you mean web.port?",
        "environment TIDEGAUGE_STAET: staet: unknown key; did you mean state?",
        "flag: web.port: -1 is not allowed; must be a whole number from 0 to 65535",
    ]


def test_nothing_given_names_what_is_missing(written):
    lines = [
        "models: missing; must be a list of maps with the keys name, match, baseline, "
        "false_pages_per_month, exchanges_per_month, min_effect, seed, at least one",
        "sources: missing; must be a list of maps with the keys kafka, files, at least one",
    ]
    assert refusal(None).splitlines() == [f"settings: {line}" for line in lines]
    for empty in ("", "# nothing\n", "{}\n"):
        assert refusal(written(empty)).splitlines() == [f"monitor.yaml: {line}" for line in lines]


def test_a_long_value_is_cut_short(written):
    assert f'"{"x" * 59}... is not allowed' in refusal(written(VALID + f"web: {{port: {'x' * 100}}}\n"))


# ---- precedence and origins


def test_flag_over_environment_over_file_over_default(written):
    path = written(VALID + "web:\n  port: 1\n")
    environ = {"TIDEGAUGE_WEB__PORT": "2"}
    assert (
        load(None, {"models": [{"name": "m", "baseline": "b"}], "sources": [{"files": {"paths": ["a"]}}]}, {}).web.port
        == 9464
    )
    assert load(path, {}, {}).web.port == 1
    assert load(path, {}, environ).web.port == 2
    assert load(path, {"web.port": 3}, environ).web.port == 3
    told = [origins(path, {}, {}), origins(path, {}, environ), origins(path, {"web.port": 3}, environ)]
    assert [each["web.port"] for each in told] == ["monitor.yaml:4", "environment TIDEGAUGE_WEB__PORT", "flag"]
    assert [each["web.host"] for each in told] == ["default"] * 3


def test_every_effective_key_has_an_origin(written):
    path = written(VALID + "namespace: x\nstate: {path: null}\n")
    effective = resolve(path, {"models[0].seed": 7, "web.host": "::1"}, {"TIDEGAUGE_SOURCES__0__FILES__FOLLOW": "true"})
    given = {key: origin for key, origin in effective.origins.items() if origin != "default"}
    assert given == {
        "namespace": "monitor.yaml:3",
        "models[0].name": "monitor.yaml:1",
        "models[0].baseline": "monitor.yaml:1",
        "models[0].seed": "flag",
        "sources[0].files.paths": "monitor.yaml:2",
        "sources[0].files.follow": "environment TIDEGAUGE_SOURCES__0__FILES__FOLLOW",
        "state.path": "monitor.yaml:4",
        "web.host": "flag",
    }
    assert [row.key for row in rows(effective)] == list(effective.origins)
    assert {row.key: row.value for row in rows(effective)}["models[0].seed"] == "7"
    assert effective.settings.state.path is None


def test_yaml_anchors_and_merges_keep_their_meaning_and_lines(written):
    text = SOURCE + "models:\n  - &a\n    name: a\n    baseline: b\n    seed: 3\n  - <<: *a\n    name: c\n"
    path = written(text)
    assert [(model.name, model.seed) for model in load(path, {}, {}).models] == [("a", 3), ("c", 3)]
    told = origins(path, {}, {})
    assert (told["models[1].name"], told["models[1].seed"]) == ("monitor.yaml:8", "monitor.yaml:6")


# ---- environment


def test_lists_and_maps_come_from_the_environment_as_json(written):
    path = written(VALID)
    kafka = {"TIDEGAUGE_SOURCES": '[{"kafka": {"bootstrap_servers": ["a:1", "b:2"], "topics": ["t"]}}]'}
    assert load(path, {}, kafka).sources[0].kafka.bootstrap_servers == ("a:1", "b:2")
    assert load(path, {}, kafka).sources[0].files is None
    further = kafka | {
        "TIDEGAUGE_SOURCES__0__KAFKA__TOPICS": '["x", "y"]',
        "TIDEGAUGE_SOURCES__0__KAFKA__BOOTSTRAP_SERVERS": "c:3, d:4",
        "TIDEGAUGE_SOURCES__1__FILES__PATHS": '["more.jsonl"]',
    }
    settings = load(path, {}, further)
    assert settings.sources[0].kafka.topics == ("x", "y")
    assert settings.sources[0].kafka.bootstrap_servers == ("c:3", "d:4")
    assert settings.sources[1].files.paths == (Path("more.jsonl"),)
    listed = {"TIDEGAUGE_SOURCES__0__KAFKA__BOOTSTRAP_SERVERS": '["e:5"]'}
    assert load(path, {}, kafka | listed).sources[0].kafka.bootstrap_servers == ("e:5",)


def test_a_list_as_json_replaces_the_files_list_and_its_origins(written):
    path = written(MODEL + "sources: [{files: {paths: [a], follow: true}}, {files: {paths: [b]}}]\n")
    effective = resolve(path, {}, {"TIDEGAUGE_SOURCES": '[{"files": {"paths": ["c"]}}]'})
    assert [source.files.paths for source in effective.settings.sources] == [(Path("c"),)]
    assert effective.origins["sources[0].files.paths"] == "environment TIDEGAUGE_SOURCES"
    assert effective.origins["sources[0].files.follow"] == "default"


def test_a_map_as_json_is_laid_over_the_files(written):
    settings = load(written(VALID + "web: {port: 1, host: h}\n"), {}, {"TIDEGAUGE_WEB": '{"port": 2}'})
    assert (settings.web.host, settings.web.port) == ("h", 2)


def test_null_is_null_where_null_is_allowed(written):
    path = written(VALID + "state: {path: /x}\n")
    settings = load(path, {}, {"TIDEGAUGE_STATE__PATH": "null", "TIDEGAUGE_NAMESPACE": "null"})
    assert (settings.state.path, settings.namespace) == (None, "null")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("TIDEGAUGE_WEB_PORT", "9", "web_port: unknown key; did you mean web.port?"),
        ("TIDEGAUGE_WEB_PROT", "9", "web_prot: unknown key; did you mean web.port?"),
        ("TIDEGAUGE_WEB__PROT", "9", "web.prot: unknown key; did you mean web.port?"),
        ("TIDEGAUGE_WEB__PORT", "x", 'web.port: "x" is not allowed; must be a whole number from 0 to 65535'),
        ("TIDEGAUGE_STATE__PATH", "", 'state.path: "" is not allowed; must be a path or null'),
        ("TIDEGAUGE_SOURCES__3__FILES__PATHS", '["a"]', "sources[3]: no such place; the list has 1"),
        (
            "TIDEGAUGE_SOURCES__0__FILES__PATHS",
            "a",
            "sources[0].files.paths: must be written as JSON: Expecting value at character 1",
        ),
        (
            "TIDEGAUGE_MODELS__NAME",
            "a",
            "models: a map is not allowed; must be a list of maps with the keys name, match, "
            "baseline, false_pages_per_month, exchanges_per_month, min_effect, seed, at least one",
        ),
    ],
)
def test_a_wrong_variable_is_told_by_its_name(written, name, value, message):
    assert refusal(written(VALID), environ={name: value}) == f"environment {name}: {message}"


def test_variables_that_kubernetes_sets_for_a_service_are_not_settings(written):
    links = {
        "TIDEGAUGE_SERVICE_HOST": "10.0.0.1",
        "TIDEGAUGE_SERVICE_PORT": "9464",
        "TIDEGAUGE_SERVICE_PORT_METRICS": "9464",
        "TIDEGAUGE_PORT": "tcp://10.0.0.1:9464",
        "TIDEGAUGE_PORT_9464_TCP": "tcp://10.0.0.1:9464",
        "TIDEGAUGE_PORT_9464_TCP_PROTO": "tcp",
        "TIDEGAUGE_PORT_9464_TCP_PORT": "9464",
        "TIDEGAUGE_PORT_9464_TCP_ADDR": "10.0.0.1",
        "TIDEGAUGE_WEB_PORT": "tcp://10.0.0.2:80",
        "TIDEGAUGE_WEB_SERVICE_HOST": "10.0.0.2",
        "HOME": "/root",
    }
    assert load(written(VALID), {}, links) == load(written(VALID), {}, {})


# ---- secrets


def test_what_is_named_like_a_secret_is_never_shown():
    names = ["password", "api_key", "client_secret", "auth_token", "KEY", "password_files"]
    assert all(is_secret(("a", 0, name)) for name in names)
    files = ["password_file", "api_key_file", "ssl_keyfile", "ssl_cafile", "token_certfile"]
    assert not any(is_secret(("a", name)) for name in [*files, "port", "topics"])
    assert is_secret(("secrets", "port"))


def test_a_secrets_value_is_masked_and_null_stays():
    tree = {"a": [{"api_key": "hunter2", "password": None, "password_file": "pw"}], "tokens": {"x": 1, "y": [2]}}
    shown = {"a": [{"api_key": MASK, "password": None, "password_file": "pw"}], "tokens": {"x": MASK, "y": [MASK]}}
    assert mask(tree) == shown


def test_masked_is_plain_json_and_shows_only_the_secrets_file(written):
    path = written(LOG_IN)
    Path("pw").write_text("hunter2")
    settings = load(path, {}, {})
    plain = masked(settings)
    assert json.loads(json.dumps(plain)) == plain
    assert plain["sources"][0]["kafka"]["password_file"] == "pw"
    assert "files" not in plain["sources"][0]
    assert "hunter2" not in json.dumps(plain)
    assert MASK not in json.dumps(plain)
    assert Settings.model_validate(plain) == settings


def test_a_secret_loses_one_line_end_and_nothing_else(tmp_path):
    file = tmp_path / "secret"
    for kept, text in [
        ("pw", "pw"),
        ("pw", "pw\n"),
        ("pw\n", "pw\n\n"),
        ("pw", "pw\r\n"),
        (" pw ", " pw \n"),
        ("pw\r", "pw\r"),
    ]:
        file.write_bytes(text.encode())
        assert read_secret(file) == kept


# ---- schema, page, example


def test_the_schema_names_every_key_with_a_description():
    schema = json_schema()
    assert json.loads(json.dumps(schema)) == schema
    assert schema["additionalProperties"] is False
    leaves = dict(Keys(root=schema).leaves())
    assert [spelled(path) for path, leaf in leaves.items() if not leaf.get("description")] == []
    nullable = [path for path, leaf in leaves.items() if "anyOf" in leaf and {"type": "null"} in leaf["anyOf"]]
    assert [spelled(path) for path in nullable if "null: " not in leaves[path]["description"]] == []


@pytest.mark.parametrize(("said", "secs"), [("90s", 90), ("1.5h", 5_400), ("30 m", 1_800), ("7d", 604_800), (60, 60)])
def test_durations(written, said, secs):
    settings = load(written(VALID + f"probes: {{schedule: {{every: {said}}}}}\n"), {}, {})
    assert settings.probes.schedule.every == secs


def test_numbers_of_tokens_are_no_secrets():
    assert not is_secret(("probes", "budget", "tokens_per_day"))
    assert not is_secret(("neural", "encoder", "most_tokens"))
    assert is_secret(("probes", "target", "token"))


def test_the_page_is_up_to_date():
    assert (ROOT / "docs/configuration.md").read_text() == markdown(), "run: make docs-config"


def test_the_example_loads_and_names_every_section(monkeypatch):
    monkeypatch.chdir(ROOT)
    path = Path("examples/monitor.yaml")
    settings = load(path, {}, {})
    assert summary(settings, path) == "examples/monitor.yaml: valid; models: support-bot; sources: kafka"
    text = path.read_text()
    leaves = [leaf for leaf, _ in Keys(root=json_schema()).leaves()]
    assert [spelled(leaf) for leaf in leaves if f"{leaf[-1]}:" not in text] == []


def test_the_commented_lines_of_the_example_are_settings_too(written):
    text = (ROOT / "examples/monitor.yaml").read_text()
    lines = [line.replace("# ", "", 1) if _is_commented_key(line) else line for line in text.splitlines()]
    Path("secrets").mkdir()
    for name in ("kafka-password", "ca.pem"):
        Path("secrets", name).write_text("x")
    settings = load(written("\n".join(lines).replace("/secrets/", "secrets/")), {}, {})
    assert settings.sources[0].kafka.sasl_mechanism == "SCRAM-SHA-512"
    assert settings.sources[1].files.paths == (Path("traffic.jsonl"),)
    assert settings.limits == type(settings.limits)()


def _is_commented_key(line: str) -> bool:
    return re.match(r" *# +(- )?[a-z_]+:( |$)", line) is not None


# ---- small parts


def test_keys_are_spelled_and_parsed():
    path = ("models", 0, "match", "model")
    assert spelled(path) == "models[0].match.model"
    assert parsed("models[0].match.model") == parsed("models.0.match.model") == path


def test_without_a_glob_the_served_name_must_equal_the_models(written):
    text = "models:\n  - {name: 'a[1]*', baseline: b}\n  - {name: c, baseline: b, match: {model: 'c*'}}\n"
    exact, glob = load(written(text + SOURCE), {}, {}).models
    assert [fnmatchcase(name, exact.model_glob) for name in ("a[1]*", "a1x", "a[1]x")] == [True, False, False]
    assert fnmatchcase("c-7", glob.model_glob)


def test_settings_are_frozen(written):
    with pytest.raises(ValueError, match="frozen"):
        load(written(VALID), {}, {}).web.port = 1


def test_laying_over_leaves_the_assignments_as_they_were():
    given = list(assignments((), {"a": [{"b": 1}]}, FLAG))
    assert laid_over(given).tree == laid_over(given).tree == {"a": [{"b": 1}]}
