"""What schemas of files that people write are made of: closed models, plain types, rules between keys."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from monitor.settings.keys import KeyPath


def refused(text: str, *, at: KeyPath = ()) -> PydanticCustomError:
    """An error about a rule between keys; `at` leads from the model that checks to the key that must change."""
    return PydanticCustomError("refused", "{text}", {"text": text, "at": at})


def _not_bool(value: Any) -> Any:
    """YAML's `port: yes` is true, and Python's true is 1: a number must be written as a number."""
    if isinstance(value, bool):
        raise PydanticCustomError("not_allowed", "a truth value")
    return value


Text = Annotated[str, Field(min_length=1)]
Count = Annotated[int, BeforeValidator(_not_bool)]
Positive = Annotated[float, Field(gt=0), BeforeValidator(_not_bool)]
NotNegative = Annotated[float, Field(ge=0), BeforeValidator(_not_bool)]
Share = Annotated[float, Field(gt=0, le=1), BeforeValidator(_not_bool)]


class Part(BaseModel):
    """Frozen, closed to unknown keys, and no NaN or infinity anywhere."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, ser_json_inf_nan="constants")
