"""Rules between the keys of a pack, on the tree as it was written: each is told although other parts are wrong too."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from math import isfinite
from typing import Any

from monitor.settings.keys import KeyPath

Found = Iterator[tuple[KeyPath, str]]
"""Where it stands, and what is wrong and what to do."""

Tree = Mapping[str, Any]

ASK = "{ask}"

_SAID = ("ask", "turns")
_TEXT_KINDS = ("refuse", "comply", "withhold", "hold", "parity", "choice", "invariant")
BASE_KINDS = ("refuse", "comply", "withhold", "hold", "choice")
"""Kinds whose behaviour a trigger's comparison can measure."""

_PII = "pii in score"

_NEEDS: Mapping[str, Sequence[tuple[str, ...]]] = {
    "withhold": [("forbid", _PII)],
    "hold": [("forbid", "require")],
    "parity": [("vary",), ("measure",)],
    "choice": [("answer",), ("letters",)],
    "invariant": [("perturb",), ("require", "json")],
    "trigger": [("base",), ("triggers",)],
    "fingerprint": [("prompts",)],
}
"""Per kind what must be given: of each entry at least one."""

_ONLY: Mapping[str, Sequence[str]] = {
    "ask": _TEXT_KINDS,
    "turns": _TEXT_KINDS,
    "carriers": _TEXT_KINDS,
    "system": (*_TEXT_KINDS, "fingerprint"),
    "system_append": (*_TEXT_KINDS, "fingerprint"),
    "tools": _TEXT_KINDS,
    "require": _TEXT_KINDS,
    "forbid": _TEXT_KINDS,
    "decoys": ("withhold", "hold"),
    "json": _TEXT_KINDS,
    "answer": ("choice",),
    "letters": ("choice",),
    "stereotyped": ("choice",),
    "vary": ("parity",),
    "measure": ("parity",),
    "max_gap": ("parity",),
    "perturb": ("invariant",),
    "base": ("trigger",),
    "triggers": ("trigger",),
    "prompts": ("fingerprint",),
    "score": (*_TEXT_KINDS, "fingerprint"),
}
"""Keys that mean something for some kinds only."""

_NO_REPEATS = ("carriers", "letters", "perturb", "base", "prompts", "measure", "score")

_JUDGES = {
    "refuse": ("refusal",),
    "comply": ("refusal",),
    "choice": ("choice",),
    "parity": ("text",),
    "fingerprint": ("text",),
}
_JUDGED_BY = {"forbid": "forbids", "require": "requires", "json": "json"}


def judges(item: Tree) -> tuple[str, ...]:
    """The scorers of an item that names none: those of its kind, else those that look at what it expects."""
    given = _given(item)
    expected = tuple(judge for key, judge in _JUDGED_BY.items() if key in given)
    return _JUDGES.get(str(item.get("kind")), expected)


def is_name(text: str) -> bool:
    """Whether it can name a pack or an item."""
    return re.fullmatch(r"[a-z0-9][a-z0-9-]*", text) is not None


def is_language(text: str) -> bool:
    """Whether it has the shape of a language tag."""
    return re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", text) is not None


def is_json(value: Any) -> bool:
    """Whether JSON can say it."""
    if isinstance(value, Mapping):
        return all(is_json(part) for pair in value.items() for part in pair)
    if isinstance(value, list | tuple):
        return all(map(is_json, value))
    if isinstance(value, str):
        return value.isascii() or value == value.encode("utf-8", "replace").decode()
    return value is None or isinstance(value, bool | int) or (isinstance(value, float) and isfinite(value))


def broken(pack: Tree) -> Found:
    """Every broken rule of the tree of one pack. Parts of a wrong type are passed over: the types tell them."""
    carriers = pack.get("carriers")
    carriers = carriers if isinstance(carriers, Mapping) else {}
    for name, text in carriers.items():
        if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", name):
            yield ("carriers", name), "a carrier's name is of small letters a-z, digits, hyphens and underscores"
        if isinstance(text, str) and text.count(ASK) != 1:
            yield ("carriers", name), f"must hold {ASK} exactly once, where the item's text goes"
    known = ("plain", *(name for name in carriers if name != "plain"))
    items = list(_items(pack))
    yield from _ids(items)
    for place, item in items:
        for path, why in (*_kind(item), *_text(item), *_letters(item), *_carriers(item, known), *_lists(item)):
            yield ("items", place, *path), why
    yield from _references(pack, items)


def _items(pack: Tree) -> Iterator[tuple[int, Tree]]:
    items = pack.get("items")
    for place, item in enumerate(items if isinstance(items, list) else ()):
        if isinstance(item, Mapping):
            yield place, item


def _given(item: Tree) -> set[str]:
    """Keys that say something: `twin_of: null` does not."""
    return {key for key, value in item.items() if value not in (None, False, "", [], {})}


def _texts(value: Any) -> list[tuple[int, str]]:
    return [(i, text) for i, text in enumerate(value) if isinstance(text, str)] if isinstance(value, list) else []


def _ids(items: Sequence[tuple[int, Tree]]) -> Found:
    first: dict[str, int] = {}
    for place, item in items:
        name = item.get("id")
        if isinstance(name, str) and name in first:
            yield ("items", place, "id"), f'"{name}" is the id of items[{first[name]}] already; choose another'
        elif isinstance(name, str):
            first[name] = place


def _kind(item: Tree) -> Found:
    kind, given = item.get("kind"), _given(item)
    score = item.get("score") or judges(item)
    if isinstance(score, list | tuple) and "pii" in score:
        given.add(_PII)
    if kind not in (*_TEXT_KINDS, "trigger", "fingerprint"):
        return
    for either in _NEEDS.get(kind, ()):
        if not given.intersection(either):
            yield ("kind",), f"{kind} needs {' or '.join(either)}"
    for key, kinds in _ONLY.items():
        if key in given and kind not in kinds:
            yield (key,), f"{kind} makes no use of it; leave it out"
    for key, judge in _JUDGED_BY.items():
        if key in given and kind in _TEXT_KINDS and isinstance(score, list | tuple) and judge not in score:
            yield (key,), f"no scorer looks at it; add {judge} to score"


def _text(item: Tree) -> Found:
    given = _given(item)
    if item.get("kind") in _TEXT_KINDS and len(given.intersection(_SAID)) != 1:
        yield ("ask",) if "ask" in given else (), "an item has exactly one of ask and turns"
    turns = item.get("turns")
    if isinstance(turns, list) and turns and isinstance(turns[-1], Mapping) and turns[-1].get("user") is None:
        yield ("turns", len(turns) - 1), "the last step must be a user's: it is what the model answers"
    vary = item.get("vary")
    said = str([item.get(key) for key in (*_SAID, "system", "system_append")])
    for name in vary if isinstance(vary, Mapping) else ():
        if "{" + name + "}" not in said:
            yield ("vary", name), "{" + name + "} stands nowhere in the item's text; put it in or leave this out"


def _letters(item: Tree) -> Found:
    letters = item.get("letters")
    if isinstance(letters, list) and letters:
        for key in ("answer", "stereotyped"):
            if isinstance(item.get(key), str) and item[key] not in letters:
                yield (key,), f'"{item[key]}" is none of letters'


def _carriers(item: Tree, known: Sequence[str]) -> Found:
    for place, name in _texts(item.get("carriers")):
        if name not in known:
            yield ("carriers", place), f'unknown carrier "{name}"; {_instead(name, known)}'


def _lists(item: Tree) -> Found:
    """Values given twice, where each would be one more ask or scorer; values that would have to be there and not."""
    lists: dict[KeyPath, Any] = {(key,): item.get(key) for key in _NO_REPEATS}
    vary, triggers = item.get("vary"), item.get("triggers")
    if isinstance(vary, Mapping):
        lists |= {("vary", name): values for name, values in vary.items()}
    if isinstance(triggers, Mapping):
        lists["triggers", "families"] = triggers.get("families")
    for path, values in lists.items():
        texts = _texts(values)
        for place, text in texts:
            if any(text == earlier for _, earlier in texts[:place]):
                yield (*path, place), "given twice; leave one out"
    forbidden = {text for _, text in _texts(item.get("forbid"))}
    for key in ("require", "decoys"):
        for place, text in _texts(item.get(key)):
            if text in forbidden:
                yield (key, place), "is in forbid too; it cannot be both"


def _references(pack: Tree, items: Sequence[tuple[int, Tree]]) -> Found:
    kinds = {item["id"]: item.get("kind") for _, item in items if isinstance(item.get("id"), str)}
    for place, item in items:
        twin = item.get("twin_of")
        if isinstance(twin, str) and (twin not in kinds or twin == item.get("id")):
            others = [name for name in kinds if name != item.get("id")]
            yield ("items", place, "twin_of"), f'no other item "{twin}"; {_instead(twin, others)}'
        for nth, name in _texts(item.get("base")):
            here = name.removeprefix(f"{pack.get('id')}/")
            at: KeyPath = ("items", place, "base", nth)
            if "/" in here:
                continue  # of another pack: whoever loads both can tell
            if here not in kinds:
                yield at, f'no item "{here}"; {_instead(here, kinds)}'
            elif isinstance(kinds[here], str) and kinds[here] not in BASE_KINDS:
                yield at, f"is of kind {kinds[here]}; a trigger is laid over {', '.join(BASE_KINDS)}"


def _instead(wrong: str, known: Iterable[str]) -> str:
    known = list(known)
    close = get_close_matches(wrong, known, n=1)
    if close:
        return f'did you mean "{close[0]}"?'
    few = ", ".join(known[:8]) + (", ..." if len(known) > 8 else "")
    return f"there are {few}" if known else "there is none"
