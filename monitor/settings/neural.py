"""The keys under `neural`: which networks read the exchanges."""

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from monitor.extractors import EXTRACTORS
from monitor.networks import DEFAULT_MODEL
from monitor.settings.parts import Many, Part, Text, each_once, refused

_WORD = re.compile(r"[a-z][a-z0-9_]*")

Precision = Literal["auto", "float32", "bfloat16"]

_MODEL = "Id at Hugging Face, or a folder."
_REVISION = "Branch, tag or commit of an id; a commit cannot change. null: `main`, and for a folder."
_PRECISION = "Of the arithmetic. `auto`: bfloat16 on a processor with tiles for it (AMX), else float32."


def _lower_case_word(name: str) -> str:
    if not _WORD.fullmatch(name):
        raise refused(f"{name} is no lower-case word (a-z, 0-9, _)")
    return name


class Encoder(Part):
    """Makes vectors of prompts and answers."""

    model: Text = Field(default=DEFAULT_MODEL, description=_MODEL)
    revision: Text | None = Field(default=None, description=_REVISION)
    precision: Precision = Field(default="auto", description=_PRECISION)
    most_tokens: Many | None = Field(
        default=None,
        description="Tokens that are read of a text: its head and its tail. null: what the model says, at most 512.",
    )


class Classifier(Part):
    """A signal: how likely an answer is of a class."""

    name: Annotated[Text, AfterValidator(_lower_case_word)] = Field(
        description="The signal's name, a lower-case word that no other signal has."
    )
    model: Text = Field(description=f"A sequence classifier. {_MODEL}")
    revision: Text | None = Field(default=None, description=_REVISION)
    labels: Annotated[tuple[Text, ...], AfterValidator(each_once)] = Field(
        min_length=1, description="Labels of the model whose probabilities are added up, as its `id2label` spells them."
    )
    pair: bool = Field(
        default=True,
        description="Whether the last message of the user is read with the answer. false: the answer alone, for models "
        "that were trained on single texts.",
    )
    harm: Literal["rise", "fall", "none"] = Field(
        default="none", description="The direction that does harm. `none`: both are just change."
    )
    rise: Text | None = Field(default=None, description="What a rise means, in words. null: `more` and the name.")
    fall: Text | None = Field(default=None, description="What a fall means, in words. null: `less` and the name.")
    precision: Precision = Field(default="auto", description=_PRECISION)


class Surprise(Part):
    """The signal `surprise`: how unlikely a small language model finds an answer."""

    model: Text = Field(description=f"A causal language model; 100 million weights are enough. {_MODEL}")
    revision: Text | None = Field(default=None, description=_REVISION)
    precision: Precision = Field(default="auto", description=_PRECISION)
    most_tokens: Many = Field(
        default=128, description="Tokens that are read of an answer, its first ones. Default 128: gibberish shows soon."
    )


class Names(Part):
    """The signal `new_name`: whether an answer names a person that no message of its conversation names."""

    model: Text = Field(description=f"A token classifier that tells persons. {_MODEL}")
    revision: Text | None = Field(default=None, description=_REVISION)
    precision: Precision = Field(default="auto", description=_PRECISION)
    labels: Annotated[tuple[Text, ...], Field(min_length=1), AfterValidator(each_once)] | None = Field(
        default=None,
        description="Labels of persons, as its `id2label` spells them. null: those that end in PER or PERSON, with a "
        "prefix such as B- or without.",
    )


def _names_are_free(classifiers: tuple[Classifier, ...]) -> tuple[Classifier, ...]:
    taken = set(_other_signals()) if classifiers else set()
    for index, classifier in enumerate(classifiers):
        if classifier.name in taken:
            raise refused(f"{classifier.name} is the name of another signal; choose another", at=(index, "name"))
        taken.add(classifier.name)
    return classifiers


def _other_signals() -> Iterator[str]:
    yield from ("on_topic", "surprise", "new_name")
    for make in EXTRACTORS.values():
        yield from (column.name for column in make().columns)


class Neural(Part):
    """Networks that read exchanges beside the traffic. They need the extra `neural`."""

    encoder: Encoder | None = Field(default=None, description="Makes vectors of texts. null: none are made.")
    classifiers: Annotated[tuple[Classifier, ...], AfterValidator(_names_are_free)] = Field(
        default=(), description="Signals by sequence classifiers; those that name the same model share it."
    )
    surprise: Surprise | None = Field(default=None, description="How unlikely answers are. null: is not measured.")
    names: Names | None = Field(default=None, description="Who is newly named in answers. null: is not measured.")
    offline: bool = Field(
        default=False,
        description="Whether models come from folders and the cache of Hugging Face alone, as with HF_HUB_OFFLINE=1. "
        "Default false: what is not there is brought once, at start.",
    )
    threads: Many | None = Field(
        default=None,
        description="Threads that compute. null: the processors that the container may use, the most in any case.",
    )
    queue: Many = Field(
        default=1024,
        description="Most exchanges that wait for the networks. What comes while it is full is left out where they say "
        "what prompts mean, else measured without them, and counted. Default 1024: a burst of some minutes, a few MB.",
    )

    @property
    def sharing(self) -> tuple[tuple[Classifier, ...], ...]:
        """The classifiers, those together that one reading by one model serves."""
        found: dict[tuple[object, ...], list[Classifier]] = {}
        for each in self.classifiers:
            found.setdefault((each.model, each.revision, each.pair, each.precision), []).append(each)
        return tuple(map(tuple, found.values()))
