"""What a pack may say: every key, its type, its default and what it means. Values only: nothing here reads a file."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from monitor.probing import Category, Kind, Rotation
from monitor.settings.parts import Count, NotNegative, Part, Positive, Share, Text, refused
from monitor.suites.markers import Family
from monitor.suites.perturb import Perturbation
from monitor.suites.rules import broken, is_json, is_language, is_name
from monitor.suites.triggers import MOST_VARIANTS

PLAIN = "plain"
"""The carrier that every pack has, unless it says otherwise under this name: the ask and nothing else."""


def _name(value: str) -> str:
    if not is_name(value):
        raise refused("must be of small letters a-z, digits and hyphens, and not begin with a hyphen")
    return value


def _language(value: str) -> str:
    if not is_language(value):
        raise refused('must be a language tag such as "en" or "pt-BR"')
    return value


def _plain_values(value: Any) -> Any:
    if not is_json(value):
        raise refused("must hold what JSON can say: text, finite numbers, true, false, null, lists and maps")
    return value


Name = Annotated[Text, AfterValidator(_name), WithJsonSchema({"type": "string", "pattern": "^[a-z0-9][a-z0-9-]*$"})]
Language = Annotated[
    Text, AfterValidator(_language), WithJsonSchema({"type": "string", "pattern": "^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$"})
]
Texts = tuple[Text, ...]
Judge = Literal["refusal", "forbids", "requires", "choice", "json", "text", "pii"]
Measure = Literal["refusal", "length", "words", "sentiment"]


class Tool(Part):
    """A function that the model is offered."""

    name: Text = Field(description="Its name.")
    parameters: Annotated[Mapping[str, Any], AfterValidator(_plain_values)] | None = Field(
        default=None, description="JSON schema of its arguments. null: it declares none."
    )


class ToolUse(Part):
    """A call of a tool by the assistant, and what the tool answered."""

    name: Text = Field(description="The tool that was called.")
    arguments: str = Field(default="{}", description="The arguments as the model wrote them, usually JSON.")
    result: str = Field(description="What the tool answered.")


class Step(Part):
    """One step of a conversation: exactly one of these."""

    user: Text | None = Field(
        default=None,
        description="What the user says. Followed by another user's step it is put to the model, whose answer stands "
        "between the two.",
    )
    assistant: Text | None = Field(default=None, description="What the assistant is said to have answered.")
    tool: ToolUse | None = Field(default=None, description="A call of a tool and its result.")

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        kinds = [kind for kind in type(self).model_fields if getattr(self, kind) is not None]
        if len(kinds) != 1:
            given = " and ".join(kinds) or "none"
            raise refused(f"a step has exactly one of {', '.join(type(self).model_fields)}; given: {given}")
        return self


class Context(Part):
    """What production sends along with every request."""

    system: str | None = Field(
        default=None,
        description="System prompt, or `file://` and the name of a file in the pack's folder that holds it. "
        "null: none is sent.",
    )
    tools: tuple[Tool, ...] = Field(default=(), description="Tools that are offered.")


class Sampling(Part):
    """How answers are drawn."""

    temperature: NotNegative | None = Field(default=0.0, description="Temperature. null: the target's own default.")
    top_p: Share | None = Field(
        default=None, description="Share of the likeliest tokens to draw from. null: the target's own default."
    )
    max_tokens: Count = Field(default=160, ge=1, description="Most tokens of an answer.")


class Repeats(Part):
    """How often each ask is put."""

    baseline: Count = Field(default=10, ge=1, description="For a baseline. Fewer than 10 cost much of the power.")
    scheduled: Count = Field(default=1, ge=1, description="In a scheduled run.")
    confirm: Count = Field(default=10, ge=1, description="To confirm an alarm, on fresh answers.")


class Triggers(Part):
    """Which triggers are laid over the base items."""

    families: tuple[Family, ...] = Field(min_length=1, description="Families of triggers.")
    per_family: Count = Field(default=8, ge=1, le=MOST_VARIANTS, description="Variants of each family.")
    seed: Count = Field(default=0, ge=0, description="Another seed gives other variants.")


class Item(Part):
    """One thing to ask, and what a good answer does."""

    id: Name = Field(description="Its name, unique in the pack.")
    category: Category = Field(description="What it is about; the label `category`.")
    kind: Kind = Field(description="What is expected, and so how answers are compared with the baseline's.")
    good: Text = Field(description="What a good answer does, in a sentence for people.")
    ask: Text | None = Field(default=None, description="What the user says. Exactly one of this and `turns`.")
    turns: tuple[Step, ...] = Field(default=(), description="A conversation; its last step is a user's.")
    carriers: tuple[str, ...] = Field(
        default=(), description="Names of the carriers that it is asked in. None given: `plain` alone."
    )
    language: Language | None = Field(default=None, description="Language of the item. null: that of the pack.")
    labels: Mapping[str, Text] = Field(default={}, description="Free labels, only shown.")
    twin_of: str | None = Field(default=None, description="The item that this one is the counterpart of.")
    rotation: Rotation = Field(
        default=Rotation.CORE,
        description="`core`: asked in every run. `rotating`: in some weeks. `held_out`: only to confirm an alarm.",
    )
    system: str | None = Field(default=None, description="Instead of the context's `system`.")
    system_append: Text | None = Field(default=None, description="Put after the system prompt, on its own lines.")
    tools: tuple[Tool, ...] | None = Field(default=None, description="Instead of the context's `tools`.")
    require: Texts = Field(default=(), description="Texts that a good answer has, all of them.")
    forbid: Texts = Field(default=(), description="Texts that a good answer has not, none of them.")
    decoys: Texts = Field(
        default=(), description="Values never shown to the model, made like the forbidden: how often chance alone hits."
    )
    answer: Text | None = Field(default=None, description="The letter of the right choice.")
    letters: Texts = Field(default=(), description="All letters of a choice.")
    stereotyped: Text | None = Field(default=None, description="The letter that follows the stereotype.")
    as_json: bool = Field(default=False, alias="json", description="Whether a good answer is JSON.")
    vary: Mapping[str, Annotated[Texts, Field(min_length=2)]] = Field(
        default={}, description="Per `{name}` in the text the values to fill in; one ask for each, all else alike."
    )
    measure: tuple[Measure, ...] = Field(default=(), description="What must be alike over those values.")
    max_gap: Positive | None = Field(
        default=None,
        description="By how much the measures may differ at most, in their unit. null: no more than in the baseline.",
    )
    perturb: tuple[Perturbation, ...] = Field(
        default=(), description="Odd ways to write the request; each is asked beside the plain one."
    )
    base: Texts = Field(
        default=(),
        description="Items whose behaviour a trigger may change: `item` of this pack or `pack/item`.",
    )
    triggers: Triggers | None = Field(default=None, description="The triggers.")
    prompts: Texts = Field(default=(), description="Prompts of which only the first token of the answer counts.")
    score: tuple[Judge, ...] = Field(
        default=(),
        description="Scorers that judge the answers, in order: the first that is sure decides. None given: by kind.",
    )


class Pack(Part):
    """A pack of items: one file."""

    canary_pack: Literal[1] = Field(description="Version of this format.")
    id: Name = Field(description="Its name; unique among the packs that run together.")
    version: Count = Field(default=1, ge=1, description="Counts changes, for people; asks are compared by their hash.")
    title: Text = Field(description="What it is, in a few words.")
    language: Language = Field(default="en", description="Language of the items that do not say another.")
    licence: Text | None = Field(default=None, description="Licence of the texts, as SPDX writes it. null: not said.")
    context: Context = Field(default=Context(), description="What is sent along with every request.")
    sampling: Sampling = Field(default=Sampling(), description="How answers are drawn.")
    repeats: Repeats = Field(default=Repeats(), description="How often each ask is put.")
    carriers: Mapping[str, Text] = Field(
        default={}, description="Harmless wrappings by name; each holds `{ask}` once. `plain` is there in any case."
    )
    items: tuple[Item, ...] = Field(min_length=1, description="The items.")

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        for path, why in broken(self.model_dump(mode="json", by_alias=True)):
            raise refused(why, at=path)
        return self


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of a pack, as editors understand it."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema"} | Pack.model_json_schema()
