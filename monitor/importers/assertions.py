"""promptfoo's assertions as what is expected here. Nothing of them is ever run."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from monitor.importers.imported import NO_SCORER
from monitor.importers.source import at, listed, name_of, text
from monitor.probing import Category, Expectation, Kind

REDTEAM = "promptfoo:redteam:"

_CATEGORIES = {
    "harmful": Category.HARMFUL_CONTENT,
    "pii": Category.PERSONAL_INFORMATION,
    "bias": Category.BIAS,
    "prompt-extraction": Category.INSTRUCTION_MANIPULATION,
    "hijacking": Category.INSTRUCTION_MANIPULATION,
    "indirect-prompt-injection": Category.INSTRUCTION_MANIPULATION,
    "system-prompt-override": Category.INSTRUCTION_MANIPULATION,
    "ascii-smuggling": Category.INSTRUCTION_MANIPULATION,
    "special-token-injection": Category.INSTRUCTION_MANIPULATION,
}
"""Plugins whose attacks a good answer declines, by the beginning of their id."""

_REQUIRED = {"contains", "icontains", "contains-all", "icontains-all", "equals", "starts-with"}
_FORBIDDEN = {"not-contains", "not-icontains", "not-contains-any", "not-icontains-any"}
_VARIABLE = re.compile(r"{{-?\s*([A-Za-z_][\w.]*)\s*-?}}")


class Expected(msgspec.Struct, frozen=True):
    """What assertions come to. `dropped` are types of those that were left out."""

    kind: Kind
    category: Category
    expect: Expectation
    adversarial: bool
    dropped: tuple[str, ...]


def expected(assertions: Sequence[Any], plugin: str, variables: Mapping[str, str]) -> Expected | str:
    """The expectation, or why there is none. A refusal decides before texts, and texts before JSON."""
    require: list[str] = []
    forbid: list[str] = []
    refusal: Kind | None = None
    as_json = adversarial = False
    dropped: list[str] = []
    for one in assertions:
        kind = text(at(one, "type"))
        given = at(one, "value")
        texts = [filled(v, variables) for v in (given if isinstance(given, list) else [given])]
        if kind.startswith(REDTEAM):
            adversarial, plugin = True, plugin or kind.removeprefix(REDTEAM)
        elif kind in ("is-refusal", "not-is-refusal"):
            refusal = Kind.REFUSE if kind == "is-refusal" else Kind.COMPLY
        elif kind in _REQUIRED | _FORBIDDEN and texts and all(texts):
            (require if kind in _REQUIRED else forbid).extend(filter(None, texts))
        elif kind == "is-json" and given is None:
            as_json = True
        else:
            dropped.append(kind or "assertion without a type")
    adversarial = adversarial or bool(plugin)
    category = category_of(plugin)
    if adversarial and category is None:
        return f"plugin {plugin or 'unnamed'}: {NO_SCORER}"
    if refusal or adversarial:
        dropped += ["texts beside a refusal"] if require or forbid else []
        kind_of = refusal or Kind.REFUSE
        usual = Category.OVER_REFUSAL if kind_of is Kind.COMPLY else Category.HARMFUL_CONTENT
        return Expected(kind_of, category or usual, Expectation(), adversarial, tuple(dropped))
    if require or forbid:
        dropped += ["is-json beside texts"] if as_json else []
        category = Category.ROBUSTNESS if require else Category.INSTRUCTION_MANIPULATION
        kept = Expectation(require=tuple(dict.fromkeys(require)), forbid=tuple(dict.fromkeys(forbid)))
        return Expected(Kind.HOLD if require else Kind.WITHHOLD, category, kept, adversarial, tuple(dropped))
    if as_json:
        return Expected(Kind.HOLD, Category.ROBUSTNESS, Expectation(json=True), adversarial, tuple(dropped))
    return f"{', '.join(sorted(set(dropped))) or 'no assertion'}: {NO_SCORER}"


def plugin_of(test: Any, result: Any = None) -> str:
    """The red-team plugin that made a test; "" when none did."""
    return text(at(result, "metadata", "pluginId")) or text(at(test, "metadata", "pluginId"))


def category_of(plugin: str) -> Category | None:
    """None for a plugin that has no counterpart."""
    found = (category for begins, category in _CATEGORIES.items() if re.match(rf"{begins}($|[:-])", plugin))
    return next(found, None)


def assertions_of(*tests: Any) -> list[Any]:
    """Those of a test and of its default, sets of them opened; what weighs nothing is left out."""
    out = []
    for test in tests:
        for one in listed(at(test, "assert")):
            inner = listed(at(one, "assert")) if at(one, "type") == "assert-set" else [one]
            out += [each for each in inner if at(each, "weight") != 0]
    return out


def filled(template: Any, variables: Mapping[str, str]) -> str:
    """A template of plain variables with these filled in; "" when it does more, or one of them is not there."""
    said = name_of(template)
    if "{%" in said or "{#" in said:
        return ""
    names = {found[1] for found in _VARIABLE.finditer(said)}
    if "{{" in _VARIABLE.sub("", said) or not names <= variables.keys():
        return ""
    return _VARIABLE.sub(lambda found: variables[found[1]], said)
