"""The keys under `probes`: what is put to which endpoint, when, and how much of it."""

from typing import Literal, Self

from pydantic import Field, model_validator

from monitor.networks import DEFAULT_MODEL
from monitor.settings.parts import Duration, File, Many, NotNegative, Part, Positive, Text, refused


class Target(Part):
    """The endpoint that is probed: anything with OpenAI's API."""

    base_url: Text = Field(description="The endpoint, up to and with `/v1`.")
    model: Text = Field(description="Name of the model that is asked for.")
    watched: Text | None = Field(
        default=None,
        description="Name of the entry of `models` that answers here: its verdict hears of the probes. "
        "null: the first entry that `model` matches.",
    )
    api: Literal["chat", "completions"] = Field(
        default="chat", description="Chat completions, or the legacy completions of base models."
    )
    stream: bool = Field(default=False, description="Whether answers are streamed, as for users.")
    serves: Text | None = Field(
        default=None,
        description="Glob that the model named in an answer must match; another one is `wrong_model`. null: any.",
    )
    api_key_file: File | None = Field(
        default=None, description="File that holds the endpoint's key; read anew when it changes. null: none is sent."
    )
    allow_adversarial: bool = Field(
        default=False,
        description="Whether suites that were imported from red-team tools may be put to it. Default false: their "
        "prompts may break a provider's rules.",
    )
    timeout: Duration = Field(default=60.0, description="For one try, from connecting to the last byte.")
    concurrency: Many = Field(default=4, description="Most requests at once; fewer while the endpoint falls behind.")


class Endpoint(Part):
    """Another model that is asked beside the target. Its requests count in the day's budget."""

    base_url: Text = Field(description="The endpoint, up to and with `/v1`.")
    model: Text = Field(description="Name of the model that is asked for.")
    api_key_file: File | None = Field(
        default=None, description="File that holds the endpoint's key; read anew when it changes. null: none is sent."
    )


class Reference(Endpoint):
    """A model that the target is compared with."""

    baseline: File | None = Field(
        default=None,
        description="How it answered beside the evaluated model, from `tidegauge probe baseline`: then only what moved "
        "since counts. null: it should answer as the target does.",
    )


class Schedule(Part):
    """When runs are due."""

    every: Duration | None = Field(
        default=None,
        description="Even intervals, counted from midnight UTC; a minute or more. null: by `cron`, or once a day.",
    )
    cron: Text | None = Field(
        default=None,
        description="Five fields as Debian reads them: `0 3 * * *` is every night at three. null: `every`.",
    )
    zone: Text = Field(default="UTC", description="Time zone of `cron`.")
    jitter: Duration = Field(default=1_800.0, description="Each run begins by up to so much later.")
    spread: Duration = Field(
        default=3_600.0,
        description="A run puts its requests over so long, with gaps like those of traffic; 0: at once.",
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.every is not None and self.cron is not None:
            raise refused("give one of every and cron", at=("cron",))
        return self


class Budget(Part):
    """The most that probes may use. null: no bound."""

    requests_per_day: Many | None = Field(
        default=5_000,
        description="Requests in a day (UTC), tries included. Default 5000: some seven runs of all shipped suites. "
        "null: no bound.",
    )
    tokens_per_day: Many | None = Field(
        default=2_000_000,
        description="Tokens of prompts and answers in a day. Default 2000000: what so many requests take. "
        "null: no bound.",
    )
    cost_per_day: Positive | None = Field(
        default=None, description="Money in a day, in the unit of the prices. null: no bound."
    )
    requests_per_run: Many | None = Field(
        default=None, description="Requests in a run, tries included. null: no bound."
    )
    tokens_per_run: Many | None = Field(
        default=None, description="Tokens of prompts and answers in a run. null: no bound."
    )
    cost_per_run: Positive | None = Field(
        default=None, description="Money in a run, in the unit of the prices. null: no bound."
    )
    prompt_price: NotNegative = Field(default=0.0, description="Money for a million tokens of prompts.")
    completion_price: NotNegative = Field(default=0.0, description="Money for a million tokens of answers.")


class Refusal(Part):
    """What tells refusals."""

    tier: Literal["base", "neural"] = Field(
        default="base", description="`base`: what ships, without torch. `neural`: a network, with the extra `neural`."
    )
    encoder: Text | None = Field(
        default=None,
        description="Sentence encoder of tier `neural`, id at Hugging Face or folder; the head that ships belongs to "
        f"one. null: that one, `{DEFAULT_MODEL}`, or `classifier`.",
    )
    classifier: Text | None = Field(
        default=None,
        description="Sequence classifier of tier `neural` in place of the encoder, id or folder. null: the encoder.",
    )
    label: Text | None = Field(
        default=None,
        description="The classifier's label that counts, as its `id2label` spells it. null: its one label that means a "
        "refusal.",
    )
    revision: Text | None = Field(
        default=None, description="Branch, tag or commit of an id; a commit cannot change. null: `main`, or a folder."
    )
    offline: bool = Field(
        default=False,
        description="Whether models come from folders and the cache of Hugging Face alone, as with HF_HUB_OFFLINE=1. "
        "Default false: what is not there is brought once, at start.",
    )

    @model_validator(mode="after")
    def _one_model_of_its_tier(self) -> Self:
        given = [key for key in ("encoder", "classifier", "label", "revision") if getattr(self, key) is not None]
        if self.tier == "base" and given:
            raise refused(f"base makes no use of {', '.join(given)}", at=("tier",))
        if self.encoder is not None and self.classifier is not None:
            raise refused("give one of encoder and classifier", at=("classifier",))
        if self.label is not None and self.classifier is None:
            raise refused("is a classifier's; name one", at=("label",))
        return self


class Probes(Part):
    """Fixed prompts that are put to a model on a schedule."""

    suites: tuple[Text, ...] = Field(
        default=(),
        description="Packs, by name or path. Records whose last message is a prompt of theirs are counted, not "
        "measured, for they are no user's.",
    )
    target: Target | None = Field(
        default=None, description="The endpoint that is probed. null: another process puts the probes, or nobody."
    )
    baseline: File | None = Field(
        default=None,
        description="How the evaluated model answered: the journal that `tidegauge probe baseline` wrote. "
        "null: outcomes are counted, and compared with nothing.",
    )
    calibration: File | None = Field(
        default=None,
        description="How often the refusal scorer errs, from `tidegauge scorer evaluate --out`: rates are shown "
        "corrected for it too. null: as they were judged.",
    )
    refusal: Refusal | None = Field(
        default=None, description="What tells whether an answer refuses. null: what ships, without torch."
    )
    draw_key_file: File | None = Field(
        default=None,
        description="File with a secret that draws wordings and items, so that nobody can tell which come next. "
        "null: anybody can.",
    )
    reference: Reference | None = Field(
        default=None,
        description="A model that is asked the same in each run, as the adapter that was evaluated: what both have in "
        "common cancels out. null: the baseline alone is compared with.",
    )
    judge: Endpoint | None = Field(
        default=None,
        description="A model that is asked about answers that no scorer is sure of. null: these stay undetermined.",
    )
    schedule: Schedule = Field(default=Schedule(), description="When runs are due.")
    budget: Budget = Field(default=Budget(), description="The most that probes may use.")

    @model_validator(mode="after")
    def _target_has_suites(self) -> Self:
        if self.target is not None and not self.suites:
            raise refused(
                "a target needs at least one suite; `tidegauge probe list` shows those shipped", at=("suites",)
            )
        return self
