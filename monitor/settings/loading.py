"""From a file, the environment and flags to checked settings, with the origin of each value."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from monitor.errors import ConfigError
from monitor.settings.document import read_document
from monitor.settings.environment import read_environment
from monitor.settings.keys import KeyPath, Keys, parsed, spelled
from monitor.settings.layers import FLAG, Layers, Origin, Problem, assignments, laid_over
from monitor.settings.problems import found_by_types
from monitor.settings.schema import Settings, json_schema, unusable_names
from monitor.settings.secret_files import unusable_files

DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class Effective:
    """Settings and, per key as in `models[0].name`, where its value came from: `monitor.yaml:12`,
    `environment TIDEGAUGE_WEB__PORT`, `flag` or `default`."""

    settings: Settings
    origins: Mapping[str, str]


def load(path: Path | None, overrides: Mapping[str, Any], environ: Mapping[str, str]) -> Settings:
    """The settings alone; see `resolve`."""
    return resolve(path, overrides, environ).settings


def origins(path: Path | None, overrides: Mapping[str, Any], environ: Mapping[str, str]) -> Mapping[str, str]:
    """The origins alone; see `resolve`."""
    return resolve(path, overrides, environ).origins


def resolve(path: Path | None, overrides: Mapping[str, Any], environ: Mapping[str, str]) -> Effective:
    """Flags win over the environment, that over the file, that over the defaults.

    `path` None: no file. `overrides` holds only the flags that were given, by key (`web.port`, `models[0].baseline`);
    None is null there. `environ` is usually `os.environ`; variables without the prefix `TIDEGAUGE_` are not looked at.
    Raises one ConfigError with a line per problem, in the order in which they stand.
    """
    keys = Keys(root=json_schema())
    in_file, file_problems = ([], []) if path is None else read_document(path)
    in_environment, environment_problems = read_environment(environ, keys)
    by_flag = chain.from_iterable(assignments(parsed(key), value, FLAG) for key, value in overrides.items())
    layers = laid_over(chain(in_file, in_environment, by_flag))
    top = Origin(rank=0, line=0, text="settings" if path is None else str(path))
    settings, type_problems = _checked(layers, keys=keys, top=top)
    problems = [*file_problems, *environment_problems, *layers.problems, *type_problems]
    problems += [*_names(layers, top), *_files(layers, top)]
    if settings is None or problems:
        raise ConfigError("\n".join(str(problem) for problem in sorted(set(problems))))
    return Effective(settings=settings, origins=_origins(settings, layers))


def _checked(layers: Layers, *, keys: Keys, top: Origin) -> tuple[Settings | None, list[Problem]]:
    try:
        return Settings.model_validate(layers.tree), []
    except ValidationError as error:
        return None, list(found_by_types(error, layers, keys=keys, default=top))


def _names(layers: Layers, top: Origin) -> Iterator[Problem]:
    """The types tell this only once everything else is right; here it is told together with the rest."""
    models = layers.tree.get("models")
    entries = models if isinstance(models, list) else []
    names = [entry.get("name") if isinstance(entry, dict) else None for entry in entries]
    for index, why in unusable_names(name if isinstance(name, str) else None for name in names):
        path: KeyPath = ("models", index, "name")
        yield Problem(layers.nearest_origin(path, top), f"{spelled(path)}: {why}")


def _files(layers: Layers, top: Origin) -> Iterator[Problem]:
    for path, why in unusable_files(layers.tree):
        yield Problem(layers.nearest_origin(path, top), f"{spelled(path)}: {why}")


def _origins(settings: Settings, layers: Layers) -> Mapping[str, str]:
    known = {path: origin.text for path, origin in layers.origins.items()}
    return {spelled(path): known.get(path, DEFAULT) for path, _ in values(settings.model_dump(mode="json"))}


def values(tree: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    """Every key that holds a value, with the value; a list without maps is one value."""
    if isinstance(tree, dict):
        for name, part in tree.items():
            yield from values(part, (*path, name))
    elif isinstance(tree, list) and any(isinstance(part, dict) for part in tree):
        for index, part in enumerate(tree):
            yield from values(part, (*path, index))
    else:
        yield path, tree
