"""From a file of YAML to a checked pack."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from monitor.errors import ConfigError
from monitor.settings.document import read_document
from monitor.settings.keys import KeyPath, Keys, spelled
from monitor.settings.layers import Layers, Origin, Problem, laid_over
from monitor.settings.problems import found_by_types
from monitor.suites.compiled import ENDING, Compiled, Suite, read_compiled
from monitor.suites.expand import suite_hash
from monitor.suites.rules import BASE_KINDS, broken
from monitor.suites.schema import Pack, json_schema

_MOST_BYTES = 5 * 2**20
_FILE = "file://"
_ENDINGS = (".yaml", ".yml")


def shipped() -> Mapping[str, Path]:
    """The packs that come with Tidegauge, by name."""
    here = Path(__file__).parents[1]
    folder = here / "_packs"  # in an installed wheel
    if not folder.is_dir():
        folder = here.parent / "probes"  # in a checkout
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


def load_packs(names_or_paths: Iterable[str | Path], *, allow_adversarial: bool = False) -> tuple[Suite, ...]:
    """The packs, and suites of files that end in `.asks.jsonl`, in the order in which they are named. Raises one
    ConfigError with a line per problem of all of them, also when two have the same id, a trigger lies over an item of a
    pack that is not named, or a suite is adversarial and that is not allowed."""
    packs: list[tuple[Path, Pack, Layers]] = []
    loaded: list[Suite] = []
    wrong: list[str] = []
    for name in names_or_paths:
        try:
            if str(name).endswith(ENDING):
                loaded.append(_compiled(Path(name), allow_adversarial=allow_adversarial))
                continue
            path = _found(name)
            packs.append((path, *_read(path)))
            loaded.append(packs[-1][1])
        except ConfigError as error:
            wrong.append(str(error))
    if not wrong:  # else a pack may only seem to be missing
        wrong = [str(problem) for problem in _between(packs)]
        ids = [suite.id for suite in loaded]
        compiled = [suite.id for suite in loaded if isinstance(suite, Compiled)]
        wrong += [f'"{name}" is the id of two suites' for name in dict.fromkeys(compiled) if ids.count(name) > 1]
    if wrong:
        raise ConfigError("\n".join(wrong))
    return tuple(loaded)


def _compiled(path: Path, *, allow_adversarial: bool) -> Compiled:
    suite, expected = read_compiled(path)
    if suite_hash(suite.asks) != expected:
        raise ConfigError(f"{path}: its asks are not those that it was written with; import it again")
    if suite.adversarial and not allow_adversarial:
        raise ConfigError(
            f"{path}: its prompts are attacks, for which a provider may close an account; "
            "where the endpoint's owner allows them, put them with `probe run --allow-adversarial`"
        )
    return suite


def load_pack(name_or_path: str | Path) -> Pack:
    """One pack: the file at a path (it has a folder or ends in .yaml), else a shipped one by its name. The texts of
    files that it names are filled in. Raises one ConfigError with a line per problem, in the order in which they stand.
    Items of other packs that it names are not looked for; see `load_packs`."""
    return _read(_found(name_or_path))[0]


def _found(name: str | Path) -> Path:
    path = Path(name)
    if isinstance(name, Path) or path.suffix in _ENDINGS or len(path.parts) > 1:
        return path
    known = shipped()
    if name in known:
        return known[name]
    close = get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}; a file's name ends in .yaml"
    raise ConfigError(f"{name}: no such pack; {hint}")


def _read(path: Path) -> tuple[Pack, Layers]:
    top = Origin(rank=0, line=0, text=str(path))
    _check_size(path)
    given, repeated = read_document(path)
    if not given:
        raise ConfigError(f"{path}: empty; a pack begins with `canary_pack: 1`")
    layers = laid_over(given)
    problems = [*repeated, *layers.problems]
    for at, why in (*_filled_in(layers.tree, path.parent), *broken(layers.tree)):
        problems.append(Problem(layers.nearest_origin(at, top), f"{spelled(at)}: {why}"))
    pack = None
    try:
        pack = Pack.model_validate(layers.tree)
    except ValidationError as error:
        problems += found_by_types(error, layers, keys=_keys(), default=top)
    if pack is None or problems:
        said = "\n".join(str(problem) for problem in sorted(set(problems)))
        raise ConfigError(said.encode("utf-8", "backslashreplace").decode())
    return pack, layers


@cache
def _keys() -> Keys:
    return Keys(root=json_schema())


def _check_size(path: Path) -> None:
    try:
        size = path.stat().st_size
    except (OSError, ValueError):
        return  # told by whoever reads it
    if size > _MOST_BYTES:
        raise ConfigError(f"{path}: has {size:,} bytes; a pack has at most {_MOST_BYTES:,}: split it")


def _filled_in(tree: dict[str, Any], folder: Path) -> Iterator[tuple[KeyPath, str]]:
    """Puts the text of a file where the tree names one, and tells which cannot be used."""
    places: list[tuple[KeyPath, Any]] = [(("context",), tree.get("context"))]
    items = tree.get("items")
    places += [(("items", i), item) for i, item in enumerate(items if isinstance(items, list) else ())]
    for at, holder in places:
        for key in ("system", "system_append"):
            text = holder.get(key) if isinstance(holder, dict) else None
            if isinstance(text, str) and text.startswith(_FILE):
                holder[key], why = _text_of(folder, text.removeprefix(_FILE))
                if why:
                    yield (*at, key), why


def _text_of(folder: Path, name: str) -> tuple[str, str]:
    """The file's text without one trailing line end, and why it cannot be used ("" when it can)."""
    try:
        path = (folder / name).resolve()
        if not path.is_relative_to(folder.resolve()):
            return "unread", f"{name} is outside the pack's folder; put it beside the pack"
        if path.stat().st_size > _MOST_BYTES:
            return "unread", f"{name} has more than {_MOST_BYTES:,} bytes"
        return path.read_text(encoding="utf-8").removesuffix("\n"), ""
    except UnicodeDecodeError:
        return "unread", f"{name} is not UTF-8 text"
    except (OSError, ValueError, RuntimeError) as error:
        return "unread", f"{name} cannot be read: {getattr(error, 'strerror', None) or 'no such name'}"


def _between(packs: Sequence[tuple[Path, Pack, Layers]]) -> Iterator[Problem]:
    """What is wrong with packs that are right alone."""
    ids = [pack.id for _, pack, _ in packs]
    kinds = {f"{pack.id}/{item.id}": item.kind for _, pack, _ in packs for item in pack.items}
    for number, (path, pack, layers) in enumerate(packs):
        top = Origin(rank=0, line=0, text=str(path))
        if pack.id in ids[:number]:
            first = packs[ids.index(pack.id)][0]
            at: KeyPath = ("id",)
            yield Problem(layers.nearest_origin(at, top), f'id: "{pack.id}" is the id of {first} already')
        for place, item in enumerate(pack.items):
            for nth, name in enumerate(item.base):
                at = ("items", place, "base", nth)
                owner, slash, short = name.partition("/")
                if not slash:
                    continue  # of this pack, which is right alone
                if name not in kinds:
                    why = (
                        f'no {name}; {owner} has no item "{short}"' if owner in ids else f"no {name}; load {owner} too"
                    )
                elif kinds[name] not in BASE_KINDS:
                    why = f"{name} is of kind {kinds[name]}; a trigger is laid over {', '.join(BASE_KINDS)}"
                else:
                    continue
                yield Problem(layers.nearest_origin(at, top), f"{spelled(at)}: {why}")
