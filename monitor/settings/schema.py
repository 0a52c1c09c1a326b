"""Every key of the settings: its type, its default and why, and what null means. Values only: nothing here reads a
file or the environment, so a test may build `Settings` directly."""

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from glob import escape
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from monitor.settings.neural import Neural
from monitor.settings.parts import Count, File, Part, Positive, Text, each_once, refused
from monitor.settings.probes import Probes

OTHER = "other"
"""The label value of all traffic that no entry of `models` matches."""


def _split(value: Any) -> Any:
    """`a:9092,b:9092` is how Kafka's own tools write several servers."""
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


Servers = Annotated[
    tuple[Text, ...], Field(min_length=1), BeforeValidator(_split, json_schema_input_type=Text | tuple[Text, ...])
]


class Match(Part):
    """Which traffic belongs to a model."""

    model: Text | None = Field(
        default=None,
        description="Glob (`*`, `?`, `[...]`, case counts) over the served model's name as the record carries it. "
        "null: it must equal the model's `name`, the usual case.",
    )
    adapter: Text | None = Field(
        default=None,
        description="Glob over the adapter's name (LoRA and the like). null: any adapter, and none.",
    )


class Model(Part):
    """One monitored model."""

    name: Text = Field(description=f"Label `model` of its series. Unique; `{OTHER}` is kept for unmatched traffic.")
    match: Match = Field(
        default=Match(), description="Which traffic is this model's; the first entry that matches wins."
    )
    baseline: File = Field(
        description="The baseline artefact (folder or zip), from `tidegauge baseline build`. A relative path starts at "
        "the working directory."
    )
    false_pages_per_month: Positive = Field(
        default=1.0,
        description="The one error budget, in expected false pages per 30 days, split over all tests of this model. "
        "Default 1: what a person on call bears.",
    )
    exchanges_per_month: Positive | None = Field(
        default=None,
        description="Expected traffic in exchanges per 30 days, to turn the budget into thresholds. "
        "null: measured from the traffic, the usual case.",
    )
    min_effect: Mapping[str, Positive] = Field(
        default={},
        description="Per signal the smallest change of its mean that matters, in the signal's unit: a smaller one "
        "never pages for this signal, however long it lasts. A signal without one: any change that is certain enough.",
    )
    seed: Count = Field(
        default=0,
        ge=0,
        description="Seed of the tests' tie breaking. Fixed by default, so that a replay gives the same evidence.",
    )

    @property
    def model_glob(self) -> str:
        """The glob that the served name must match: `match.model`, else exactly `name`."""
        return escape(self.name) if self.match.model is None else self.match.model


class Kafka(Part):
    """Topics of a Kafka cluster, read as a member of a consumer group."""

    bootstrap_servers: Servers = Field(
        description="Where to find the cluster: `host:port`, several as a list or separated by commas."
    )
    topics: tuple[Text, ...] = Field(min_length=1, description="Topics to read.")
    group_id: Text = Field(
        default="tidegauge",
        description="Consumer group; its members share the partitions. "
        "Two monitors that must each see everything need two groups.",
    )
    format: Text = Field(
        default="auto",
        description="Wire format of the records. `auto`: told from each record, since topics mix formats.",
    )
    auto_offset_reset: Literal["latest", "earliest"] = Field(
        default="latest",
        description="Where to start in a partition without a kept position. `latest`: a first start monitors "
        "from now on; `earliest`: also what the topic still holds.",
    )
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        default="PLAINTEXT", description="Encryption (SSL) and log-in (SASL). PLAINTEXT is Kafka's own default."
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = Field(
        default=None, description="How to log in; needed with SASL_PLAINTEXT and SASL_SSL. null: no log-in."
    )
    username: Text | None = Field(default=None, description="User name of the log-in. null: no log-in.")
    password_file: File | None = Field(
        default=None,
        description="File that holds the password, so that no secret stands here; one trailing line end is dropped. "
        "It may change while the monitor runs. null: no log-in.",
    )
    ssl_cafile: File | None = Field(
        default=None, description="PEM file of the authorities to trust. null: those of the system."
    )
    ssl_certfile: File | None = Field(
        default=None, description="PEM file of the client's certificate (mutual TLS). null: none is shown."
    )
    ssl_keyfile: File | None = Field(
        default=None, description="PEM file of the certificate's key. null: it stands in `ssl_certfile`."
    )
    ssl_check_hostname: bool = Field(
        default=True, description="Whether the broker's certificate must name the host that was asked."
    )
    client_id: Text = Field(default="tidegauge", description="Name shown in the broker's logs and quotas.")
    group_instance_id: Text | None = Field(
        default=None,
        description="Static membership: a stable name per replica, so that a restart moves no partitions. "
        "null: dynamic membership.",
    )
    max_poll_records: Count = Field(
        default=500, ge=1, description="Most records of one poll. 500 is Kafka's own default."
    )
    session_timeout_ms: Count = Field(
        default=45000,
        ge=1,
        description="Milliseconds without a heartbeat after which the group gives this member's partitions to others. "
        "45000 is Kafka's own default.",
    )

    @model_validator(mode="after")
    def _security_is_complete(self) -> Self:
        log_in, tls = ("sasl_mechanism", "username", "password_file"), ("ssl_cafile", "ssl_certfile", "ssl_keyfile")
        given = {key for key in (*log_in, *tls) if getattr(self, key) is not None}
        needed = set(log_in if self.security_protocol.startswith("SASL") else ())
        if "ssl_keyfile" in given:
            needed.add("ssl_certfile")
        idle = given - needed - set(tls if self.security_protocol.endswith("SSL") else ())
        missing = needed - given
        said = [f"{self.security_protocol} needs {', '.join(sorted(missing))}"] if missing else []
        said += [f"{self.security_protocol} makes no use of {', '.join(sorted(idle))}"] if idle else []
        if said:
            raise refused("; ".join(said), at=("security_protocol",))
        return self


class Files(Part):
    """Files with one record per line."""

    paths: tuple[File, ...] = Field(
        min_length=1, description="Files to read, in this order. A relative path starts at the working directory."
    )
    follow: bool = Field(
        default=False,
        description="Whether to wait for more at the end of a file, like `tail -F`. "
        "Default false: the files are read once.",
    )
    format: Text = Field(default="auto", description="Wire format of the records. `auto`: told from each record.")


class Source(Part):
    """Where records come from: exactly one kind."""

    kafka: Kafka | None = Field(default=None, description="A Kafka cluster. null: this source is of another kind.")
    files: Files | None = Field(default=None, description="Files. null: this source is of another kind.")

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        kinds = [kind for kind in type(self).model_fields if getattr(self, kind) is not None]
        if len(kinds) != 1:
            given = " and ".join(kinds) or "none"
            raise refused(f"one source has exactly one of {', '.join(type(self).model_fields)}; given: {given}")
        return self

    @model_serializer(mode="wrap")
    def _only_its_kind(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {kind: value for kind, value in plain(self).items() if value is not None}


class Sampling(Part):
    """How much of the traffic is measured."""

    target_per_sec: Positive | None = Field(
        default=None,
        description="Most exchanges measured per second of record time, of each model or of all (`stratify_by`); the "
        "others are counted, not measured. null: all are measured.",
    )
    stratify_by: Annotated[tuple[Literal["model", "stratum"], ...], AfterValidator(each_once)] = Field(
        default=("model", "stratum"),
        description="How the target is shared. `model`: each monitored model has it for itself, so that a busy one "
        "takes nothing from a quiet one; without it all models share one. `stratum`: rare kinds of requests (by system "
        "prompt, tools, number of turns, length of the prompt) are kept whole and common ones thinned; without it all "
        "have one chance. Default both: nothing rare is lost, and what is shown is weighted back to the traffic.",
    )


def _receiver(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise refused("is no URL of a receiver; one looks like http://localhost:4318")
    if parts.path.rstrip("/").endswith("/v1/logs") or parts.query or parts.fragment:
        raise refused("is given without what follows it: /v1/logs is added")
    return url


class Otel(Part):
    """Where events of judged probes go, by OTLP over HTTP. Needs the extra `otel`."""

    endpoint: Annotated[Text, AfterValidator(_receiver)] = Field(
        description="The receiver's base URL, as `OTEL_EXPORTER_OTLP_ENDPOINT` has it: http://localhost:4318; "
        "`/v1/logs` is added."
    )
    headers_file: File | None = Field(
        default=None,
        description="File with HTTP headers to send along, a line `name: value` each, as for a key. null: none are.",
    )


class State(Part):
    """What survives a restart."""

    path: File | None = Field(
        default=Path("/var/lib/tidegauge"),
        description="Folder for evidence, positions and dead letters, written by this process alone. "
        "null: nothing is kept, for demonstrations and tests.",
    )
    snapshot_secs: Positive = Field(
        default=2.0,
        description="Seconds between two snapshots: what a crash replays from the source. Default 2: soon done.",
    )


class Privacy(Part):
    """What is kept of people's text."""

    store_text: Literal["never", "full"] = Field(
        default="never",
        description="`never`: no text of a prompt or an answer is stored or logged. "
        "`full`: dead letters keep the record's body.",
    )


class Web(Part):
    """The HTTP face."""

    host: Text = Field(
        default="0.0.0.0",  # noqa: S104 - a scraped service
        description="Address to listen on. Default: all, since Prometheus scrapes from outside the pod.",
    )
    port: Count = Field(
        default=9464, ge=0, le=65535, description="TCP port. 9464 is the usual port of exporters; 0: any free one."
    )


class Limits(Part):
    """Bounds that keep memory and silence in check."""

    max_record_bytes: Count = Field(
        default=10485760,
        ge=1,
        description="Bytes; a larger record is counted as malformed. 10 MiB holds a long context with its answer.",
    )
    batch_records: Count = Field(
        default=256,
        ge=1,
        description="Most records measured together: more is faster, fewer is sooner. "
        "Default 256: large enough for columnar work, small enough to hold in memory many times over.",
    )
    blind_after_secs: Positive = Field(
        default=900.0,
        description="Seconds without a measured exchange after which the verdict is `blind`. "
        "Default 900: 15 minutes outlast a deployment.",
    )
    dead_letters: Count = Field(
        default=10000,
        ge=0,
        description="Most malformed records kept for a look at them. Default 10000: enough to see every kind. 0: none.",
    )


def unusable_names(names: Iterable[str | None]) -> Iterator[tuple[int, str]]:
    """Per model whose name cannot be its label: its place in `models` and why. None: a name that is not known."""
    first: dict[str, int] = {}
    for index, name in enumerate(names):
        if name is None:
            continue
        if name == OTHER:
            yield index, f'"{OTHER}" is the label of unmatched traffic; choose another name'
        elif name in first:
            yield index, f'"{name}" is the name of models[{first[name]}] already; choose another name'
        first.setdefault(name, index)


def _names_are_usable(models: tuple[Model, ...]) -> tuple[Model, ...]:
    for index, why in unusable_names(model.name for model in models):
        raise refused(why, at=(index, "name"))
    return models


class Settings(Part):
    """All settings of one monitor."""

    namespace: Text = Field(
        default="default",
        description="Label `namespace` of every series; tells apart monitors that watch models of the same name.",
    )
    models: Annotated[tuple[Model, ...], AfterValidator(_names_are_usable)] = Field(
        min_length=1, description="The monitored models."
    )
    sources: tuple[Source, ...] = Field(
        min_length=1, description="Where records come from: one map per source, its key is the kind."
    )
    sampling: Sampling = Field(default=Sampling(), description="How much of the traffic is measured.")
    neural: Neural = Field(default=Neural(), description="Networks that read exchanges beside the traffic.")
    probes: Probes = Field(default=Probes(), description="Fixed prompts that are put to the monitored models.")
    otel: Otel | None = Field(
        default=None, description="Events of judged probes for OpenTelemetry. null: none are sent."
    )
    state: State = Field(default=State(), description="What survives a restart.")
    privacy: Privacy = Field(default=Privacy(), description="What is kept of people's text.")
    web: Web = Field(default=Web(), description="The HTTP face: metrics, health, status page, API.")
    limits: Limits = Field(default=Limits(), description="Bounds that keep memory and silence in check.")

    @model_validator(mode="after")
    def _probes_have_their_place(self) -> Self:
        if self.probes.target is None:
            if self.otel is not None:
                raise refused("tells of probes, and there are none: give probes.target", at=("otel",))
            return self
        if self.state.path is None:
            raise refused("probes keep their journals there: name a folder", at=("state", "path"))
        if self.probed is None:
            raise refused("names none of models", at=("probes", "target", "watched"))
        return self

    @property
    def probed(self) -> str | None:
        """Name of the entry of `models` that the probes' target is; None: there is none."""
        target = self.probes.target
        if target is None:
            return None
        if target.watched is not None:
            return next((m.name for m in self.models if m.name == target.watched), None)
        return next((m.name for m in self.models if fnmatchcase(target.model, m.model_glob)), None)


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the settings file, as editors and `helm lint` understand it."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | Settings.model_json_schema()
