"""From packs to asks: one per item, carrier and variant."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import product

from msgspec.structs import replace

from monitor.errors import ConfigError
from monitor.probing import Arm, Ask, Expectation, Kind, Sampling, Turn, digest
from monitor.records import Tool, ToolCall
from monitor.suites.compiled import Compiled, Suite
from monitor.suites.perturb import perturbed
from monitor.suites.rules import ASK, judges
from monitor.suites.schema import PLAIN, Item, Pack, Step
from monitor.suites.triggers import variants

Packs = Mapping[str, Pack]


def asks(pack: Suite, others: Iterable[Suite] = ()) -> tuple[Ask, ...]:
    """All asks of a pack, in the order of its items, or those of a compiled suite. Items, also those that triggers lie
    over, are named `pack/item`.

    An invariant item and a trigger's base are asked as they are too (`variant` is then ""), so each comparison has both
    sides; a perturbation that changes nothing is left out. Raises ConfigError when a trigger lies over an item of a
    pack that is not among `others`.
    """
    if isinstance(pack, Compiled):
        return pack.asks
    packs = {other.id: other for other in (*others, pack) if isinstance(other, Pack)}
    return tuple(ask for item in pack.items for ask in _EXPANDED.get(item.kind, _simple)(pack, item, packs))


def all_asks(packs: Iterable[Suite]) -> dict[str, tuple[Ask, ...]]:
    """By name of its pack; each may lie over items of the others."""
    packs = list(packs)
    return {pack.id: asks(pack, packs) for pack in packs}


def suite_hash(suite: Iterable[Ask]) -> str:
    """16 hex digits over the hashes of all asks, whatever their order."""
    return digest(sorted(ask.hash for ask in suite))


def _simple(pack: Pack, item: Item, packs: Packs) -> Iterator[Ask]:  # noqa: ARG001 - one signature for all kinds
    for carrier in _carriers(item):
        yield _ask(pack, item, carrier, _conversation(pack, item, carrier))


def _parity(pack: Pack, item: Item, packs: Packs) -> Iterator[Ask]:
    """One ask per combination of the values; `variant` is the values."""
    for plain in _simple(pack, item, packs):
        for values in product(*item.vary.values()):
            turns = _filled(plain.turns, dict(zip(item.vary, values, strict=True)))
            yield replace(plain, turns=turns, variant=", ".join(values))


def _invariant(pack: Pack, item: Item, packs: Packs) -> Iterator[Ask]:
    for plain in _simple(pack, item, packs):
        yield plain
        *before, last = plain.turns
        for how in item.perturb:
            content = perturbed(last.content, how)
            if content != last.content:
                yield replace(plain, turns=(*before, replace(last, content=content)), variant=str(how))


def _fingerprint(pack: Pack, item: Item, packs: Packs) -> Iterator[Ask]:  # noqa: ARG001
    """One ask of one token per prompt; `variant` counts the prompts."""
    for number, prompt in enumerate(item.prompts):
        ask = _ask(pack, item, PLAIN, (*_system(pack, item), Turn("user", prompt)))
        yield replace(ask, sampling=replace(ask.sampling, max_tokens=1), variant=str(number))


def _trigger(pack: Pack, item: Item, packs: Packs) -> Iterator[Ask]:
    """Every base item in each of its carriers: as it is, and with each trigger and its control."""
    assert item.triggers is not None
    made = variants(item.triggers.families, item.triggers.per_family, item.triggers.seed)
    for name in item.base:
        for base in _simple(*_base(name, pack, packs), packs):
            plain = replace(
                base,
                item=f"{pack.id}/{item.id}",
                category=item.category,
                kind=item.kind,
                of=base.item,
                judged=base.kind,
                rotation=item.rotation,
            )
            yield plain
            for variant in made:
                for arm, change in ((Arm.TRIGGER, variant.apply), (Arm.CONTROL, variant.control)):
                    yield replace(plain, turns=change(plain.turns), variant=variant.name, arm=arm)


_EXPANDED: Mapping[Kind, Callable[[Pack, Item, Packs], Iterator[Ask]]] = {
    Kind.PARITY: _parity,
    Kind.INVARIANT: _invariant,
    Kind.FINGERPRINT: _fingerprint,
    Kind.TRIGGER: _trigger,
}


def _base(name: str, pack: Pack, packs: Packs) -> tuple[Pack, Item]:
    owner, slash, short = name.partition("/")
    home = packs.get(owner) if slash else pack
    found = next((item for item in home.items if item.id == (short or owner)), None) if home else None
    if home is None or found is None:
        raise ConfigError(f"{pack.id}: a trigger lies over {name}, which is not loaded; load the pack {owner} too")
    return home, found


def _ask(pack: Pack, item: Item, carrier: str, turns: tuple[Turn, ...]) -> Ask:
    tools = pack.context.tools if item.tools is None else item.tools
    return Ask(
        item=f"{pack.id}/{item.id}",
        category=item.category,
        kind=item.kind,
        turns=turns,
        scorers=item.score or judges(item.model_dump(mode="json", by_alias=True)),
        good=item.good,
        carrier=carrier,
        language=item.language or pack.language,
        rotation=item.rotation,
        tools=tuple(Tool(tool.name, tool.parameters) for tool in tools),
        sampling=Sampling(**pack.sampling.model_dump()),
        expect=Expectation(
            require=item.require,
            forbid=item.forbid,
            decoys=item.decoys,
            answer=item.answer,
            letters=item.letters,
            stereotyped=item.stereotyped,
            json=item.as_json,
            measure=item.measure,
            max_gap=item.max_gap,
        ),
    )


def _carriers(item: Item) -> tuple[str, ...]:
    return item.carriers or (PLAIN,)


def _conversation(pack: Pack, item: Item, carrier: str) -> tuple[Turn, ...]:
    """The system prompt and the turns, the last of them in its carrier."""
    steps = item.turns or (Step(user=item.ask),)
    *before, last = [turn for step in steps for turn in _turns(step)]
    wrapped = pack.carriers.get(carrier, ASK).replace(ASK, last.content)
    return (*_system(pack, item), *before, Turn("user", wrapped))


def _system(pack: Pack, item: Item) -> tuple[Turn, ...]:
    system = pack.context.system if item.system is None else item.system
    text = "\n\n".join(part for part in (system, item.system_append) if part)
    return (Turn("system", text),) if text else ()


def _turns(step: Step) -> tuple[Turn, ...]:
    if step.tool is not None:
        call = ToolCall(step.tool.name, step.tool.arguments)
        return Turn("assistant", "", call), Turn("tool", step.tool.result, call)
    if step.user is not None:
        return (Turn("user", step.user),)
    assert step.assistant is not None
    return (Turn("assistant", step.assistant),)


def _filled(turns: tuple[Turn, ...], values: Mapping[str, str]) -> tuple[Turn, ...]:
    """Each `{name}` replaced by its value, and what a value itself holds left as it is."""
    names = re.compile("|".join(re.escape(f"{{{name}}}") for name in values))

    def fill(text: str) -> str:
        return names.sub(lambda found: values[found[0][1:-1]], text)

    def filled(turn: Turn) -> Turn:
        call = turn.call and ToolCall(turn.call.name, fill(turn.call.arguments))
        return Turn(turn.role, fill(turn.content), call)

    return tuple(map(filled, turns))
