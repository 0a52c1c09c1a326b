"""Settings as the commands `tidegauge config check` and `show` print them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from monitor.settings.keys import KeyPath, is_secret, spelled
from monitor.settings.loading import Effective, values
from monitor.settings.schema import Settings

MASK = "***"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of `config show`. `value` is JSON text."""

    key: str
    value: str
    origin: str


def masked(settings: Settings) -> dict[str, Any]:
    """The settings as plain JSON values, with `***` for whatever is named like a secret."""
    tree: dict[str, Any] = mask(settings.model_dump(mode="json"))
    return tree


def rows(effective: Effective) -> list[Row]:
    """Every effective key with its value and origin, secrets masked."""
    return [
        Row(key=spelled(path), value=json.dumps(value, ensure_ascii=False), origin=effective.origins[spelled(path)])
        for path, value in values(masked(effective.settings))
    ]


def summary(settings: Settings, path: Path | None) -> str:
    """One line for `config check` when nothing is wrong."""
    models = ", ".join(model.name for model in settings.models)
    kinds = ", ".join(next(iter(source.model_dump())) for source in settings.sources)
    return f"{path or 'settings'}: valid; models: {models}; sources: {kinds}"


def mask(value: Any, path: KeyPath = ()) -> Any:
    """A tree of plain values with every secret hidden; null stays null, since it hides nothing."""
    if isinstance(value, dict):
        return {name: mask(part, (*path, name)) for name, part in value.items()}
    if isinstance(value, list):
        return [mask(part, (*path, index)) for index, part in enumerate(value)]
    return MASK if value is not None and is_secret(path) else value
