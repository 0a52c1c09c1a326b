"""The settings file: YAML as assignments with line numbers. Same meaning as `yaml.safe_load`, but a key that is given
twice is an error, where YAML libraries silently keep the last."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from monitor.errors import ConfigError
from monitor.settings.keys import KeyPath, spelled
from monitor.settings.layers import Assignment, Origin, Problem

_MERGE = "tag:yaml.org,2002:merge"
_MOST_VALUES = 500_000  # a map that names another ten times, and so on, would grow without end
_SLIPS = (ValueError, LookupError, AttributeError, ArithmeticError)  # what PyYAML lets out of tags such as `!!bool x`


def read_document(path: Path) -> tuple[list[Assignment], list[Problem]]:
    """Raises ConfigError when there is no YAML map to look into; everything else is a problem in the answer."""
    text = _text(path)
    try:
        loader = yaml.SafeLoader(text)
        root = loader.get_single_node()
        if root is None:
            return [], []
        if not isinstance(root, yaml.MappingNode):
            raise ConfigError(f"{path}:{_line(root)}: must be a map of keys to values")
        if _size(root, {}) > _MOST_VALUES:
            raise ConfigError(f"{path}: more than {_MOST_VALUES:,} values once every `*name` is filled in; use fewer")
        problems = list(_repeated(root, path, ()))
        loader.construct_document(root)  # what safe_load refuses is refused for the whole file, with its place
        return list(_assigned(loader, root, path)), problems
    except yaml.MarkedYAMLError as error:
        raise ConfigError(_yaml_problem(error, path)) from None
    except RecursionError:
        raise ConfigError(f"{path}: nested too deep, or a part refers to itself") from None
    except (yaml.YAMLError, *_SLIPS) as error:
        told = isinstance(error, yaml.YAMLError | ValueError)
        why = str(error).splitlines()[0] if told else "a value does not fit its tag"
        raise ConfigError(f"{path}: not YAML: {why}") from None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: not UTF-8 text (byte {error.start})") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None


def _yaml_problem(error: yaml.MarkedYAMLError, path: Path) -> str:
    """Without YAML's excerpt of the line, which may show a secret."""
    mark = error.problem_mark or error.context_mark
    place = f"{path}:{mark.line + 1}" if mark else str(path)
    column = f" (column {mark.column + 1})" if mark else ""
    advice = "; indent with spaces, not tabs" if error.problem and r"'\t'" in error.problem else ""
    return f"{place}: not YAML: {error.problem or error.context}{column}{advice}"


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _origin(node: yaml.Node, path: Path) -> Origin:
    return Origin(rank=0, line=_line(node), text=f"{path}:{_line(node)}")


def _size(node: yaml.Node, known: dict[int, int]) -> int:
    """How many nodes there are once every alias is filled in. An endless one raises RecursionError."""
    if id(node) not in known:
        if isinstance(node, yaml.MappingNode):
            parts = [part for pair in node.value for part in pair]
        else:
            parts = node.value if isinstance(node, yaml.SequenceNode) else []
        known[id(node)] = 1 + sum(_size(part, known) for part in parts)
    return known[id(node)]


def _repeated(node: yaml.Node, path: Path, at: KeyPath) -> Iterator[Problem]:
    """Keys given twice in one map; looks at the nodes as written, before merges make repeats legal."""
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _repeated(item, path, (*at, index))
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, yaml.Node] = {}
        for key, value in node.value:
            name = str(key.value)
            here = (*at, name)
            if name in seen and key.tag != _MERGE:
                yield Problem(_origin(key, path), f"{spelled(here)}: given twice; first in line {_line(seen[name])}")
            seen.setdefault(name, key)
            yield from _repeated(value, path, here)


def _assigned(loader: yaml.SafeLoader, node: yaml.Node, path: Path, at: KeyPath = ()) -> Iterator[Assignment]:
    """`node` has been constructed, so merges (`<<`) are resolved and nothing in it refers to itself without end."""
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield from _entry(loader, item, path, at=(*at, index), origin=_origin(item, path))
    elif isinstance(node, yaml.MappingNode):
        last = {str(key.value): (key, value) for key, value in node.value}
        for name, (key, value) in last.items():
            yield from _entry(loader, value, path, at=(*at, name), origin=_origin(key, path))


def _entry(
    loader: yaml.SafeLoader, node: yaml.Node, path: Path, *, at: KeyPath, origin: Origin
) -> Iterator[Assignment]:
    empty: Any = {} if isinstance(node, yaml.MappingNode) else [] if isinstance(node, yaml.SequenceNode) else None
    if empty is None:
        yield Assignment(at, loader.construct_object(node), origin)
        return
    yield Assignment(at, empty, origin)
    yield from _assigned(loader, node, path, at)
