"""`promptfooconfig.yaml` as a suite. Nothing that it names is run or fetched."""

from collections.abc import Iterator, Mapping
from itertools import islice, product
from pathlib import Path
from typing import Any

from monitor.errors import ConfigError
from monitor.importers.assertions import assertions_of, expected, filled, plugin_of
from monitor.importers.imported import UNKNOWN, Collector, Imported
from monitor.importers.promptfoo import providers, sampling_of
from monitor.importers.source import Source, at, conversation, listed, name_of, text
from monitor.probing import Sampling, Turn, digest
from monitor.settings.document import read_document
from monitor.settings.layers import laid_over

_MOST_BYTES = 5 * 2**20
_MOST_PRODUCT = 10_000
_FILE = "file://"
_READ = (".txt", ".json", ".md")


def fits(source: Source) -> bool:
    return source.path.suffix in (".yaml", ".yml")


def read(source: Source) -> Imported:
    """Prompts times tests, with variables filled in. There are no answers in it."""
    if source.size > _MOST_BYTES:
        raise ConfigError(f"{source.path}: has {source.size:,} bytes; at most {_MOST_BYTES:,} are read")
    given, repeated = read_document(source.path)
    if repeated:
        raise ConfigError(str(repeated[0]))
    config = laid_over(given).tree
    out = Collector("promptfoo-" + source.path.stem)
    if "redteam" in config and not listed(config.get("tests")):
        out.skip("redteam: its tests are not made yet; run `promptfoo redteam generate` and import what it writes")
    prompts = list(_prompts(config.get("prompts"), source.path.parent, out))
    tests = config.get("tests")
    if isinstance(tests, str):
        out.skip("tests in another file, or made by a program: not read")
    known = [sampling for provider in providers(config) if (sampling := sampling_of(provider))]
    sampling = known[0] if len(known) == len(providers(config)) == 1 else UNKNOWN
    for test in listed(tests):
        if isinstance(test, str):
            out.skip("tests in another file, or made by a program: not read")
        else:
            _test(test, config.get("defaultTest"), prompts, sampling, out)
    return out.done(source.path)


def _prompts(given: Any, folder: Path, out: Collector) -> Iterator[str]:
    for one in [given] if isinstance(given, str) else listed(given):
        said = text(one) or text(at(one, "raw")) or text(at(one, "id"))
        if said.startswith(_FILE):
            yield from _of_file(folder, said.removeprefix(_FILE), out)
        elif said:
            yield said


def _of_file(folder: Path, name: str, out: Collector) -> Iterator[str]:
    try:
        path = (folder / name).resolve()
        if path.suffix not in _READ or not path.is_relative_to(folder.resolve()):
            out.skip("prompt made by a program, or outside the folder: not read")
        elif path.stat().st_size > _MOST_BYTES:
            out.skip("prompt file too large")
        else:
            said = path.read_text(encoding="utf-8")
            yield from (part.strip("\n") for part in (said.split("\n---\n") if path.suffix == ".txt" else [said]))
    except (OSError, ValueError, RuntimeError):
        out.skip("prompt file that cannot be read")


def _test(test: Any, default: Any, prompts: list[str], sampling: Sampling, out: Collector) -> None:
    if at(test, "prompts") is not None or at(test, "providers") is not None:
        out.skip("test for some prompts or providers alone: put to none")
        return
    assertions = assertions_of(default, test)
    plugin = plugin_of(test) or plugin_of(default)
    for variables in _variables(test, default, out):
        wanted = expected(assertions, plugin, variables)
        if isinstance(wanted, str):
            out.skip(f"test with {wanted}")
            continue
        for kind in wanted.dropped:
            out.skip(f"assertion left out: {kind}")
        for prompt in prompts:
            turns = tuple(Turn(turn.role, filled(turn.content, variables)) for turn in conversation(prompt))
            if not turns or not all(turn.content.strip() for turn in turns):
                out.skip("prompt with more than plain variables, or one that no test fills")
                continue
            out.adversarial |= wanted.adversarial
            key = digest([wanted.kind, turns, wanted.expect])[:12]
            out.ask(key, wanted.kind, wanted.category, turns, expect=wanted.expect, sampling=sampling)


def _variables(test: Any, default: Any, out: Collector) -> Iterator[Mapping[str, str]]:
    """Lists stand for one test each, every combination of them."""
    given: dict[str, Any] = {}
    for one in (at(default, "vars"), at(test, "vars")):
        given |= one if isinstance(one, dict) else {}
    apart = not (at(test, "options", "disableVarExpansion") or at(default, "options", "disableVarExpansion"))
    values = {name: [_said(v) for v in (v if isinstance(v, list) and apart else [v])] for name, v in given.items()}
    if any(v is None for some in values.values() for v in some):
        out.skip("test with a variable that is no text, or in another file")
        return
    combinations = list(islice(product(*values.values()), _MOST_PRODUCT + 1))
    if len(combinations) > _MOST_PRODUCT:
        out.skip(f"test with more than {_MOST_PRODUCT:,} combinations of its variables")
        return
    for combination in combinations:
        yield {name: text(v) for name, v in zip(values, combination, strict=True)}


def _said(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    said = name_of(value)
    return said if (said or value == "") and not said.startswith(_FILE) else None
