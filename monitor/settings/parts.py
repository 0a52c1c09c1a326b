"""What schemas of files that people write are made of: closed models, plain types, rules between keys."""

import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from monitor.settings.keys import KeyPath


def refused(text: str, *, at: KeyPath = ()) -> PydanticCustomError:
    """An error about a rule between keys; `at` leads from the model that checks to the key that must change."""
    return PydanticCustomError("refused", "{text}", {"text": text, "at": at})


def each_once(values: tuple[str, ...]) -> tuple[str, ...]:
    """The values; an error at the place of one that was there before."""
    for index, value in enumerate(values):
        if value in values[:index]:
            raise refused(f"{value} is named twice", at=(index,))
    return values


def _not_bool(value: Any) -> Any:
    """YAML's `port: yes` is true, and Python's true is 1: a number must be written as a number."""
    if isinstance(value, bool):
        raise PydanticCustomError("not_allowed", "a truth value")
    return value


def _not_blank(value: Any) -> Any:
    """An empty path would mean the working directory: more likely a variable that was not set."""
    if value == "":
        raise PydanticCustomError("not_allowed", "an empty path")
    return value


_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d)")
_SECS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


def _secs(value: Any) -> Any:
    """`6h` in seconds."""
    if isinstance(value, bool):
        raise PydanticCustomError("not_allowed", "a truth value")
    if isinstance(value, str) and (found := _DURATION.fullmatch(value.strip())):
        return float(found[1]) * _SECS[found[2]]
    return value


Text = Annotated[str, Field(min_length=1)]
File = Annotated[Path, BeforeValidator(_not_blank)]
Count = Annotated[int, BeforeValidator(_not_bool)]
Many = Annotated[int, Field(ge=1), BeforeValidator(_not_bool)]
Positive = Annotated[float, Field(gt=0), BeforeValidator(_not_bool)]
NotNegative = Annotated[float, Field(ge=0), BeforeValidator(_not_bool)]
DurationText = Annotated[str, Field(pattern=rf"^{_DURATION.pattern}$")]
Duration = Annotated[
    float, Field(ge=0), BeforeValidator(_secs, json_schema_input_type=Annotated[float, Field(ge=0)] | DurationText)
]
"""Seconds, as a number or with a unit: 90s, 30m, 6h, 7d."""
Share = Annotated[float, Field(gt=0, le=1), BeforeValidator(_not_bool)]


class Part(BaseModel):
    """Frozen, closed to unknown keys, and no NaN or infinity anywhere."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, ser_json_inf_nan="constants")
