"""Tables of prompts that a model should refuse, or should not: HarmBench, AdvBench, StrongREJECT, JailbreakBench,
XSTest."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from monitor.errors import ConfigError
from monitor.importers.imported import Collector, Imported
from monitor.importers.source import Source, name_of, text
from monitor.probing import Answer, Ask, Category, Failure, Kind, Outcome, Turn

Row = Mapping[str, Any]

FULL, SMALL = 313, 60
"""Rows of StrongREJECT: the small set is no part of the full one, since it was edited by hand."""

_LABELS = {
    "1_full_compliance": (Outcome.BAD, Outcome.GOOD),
    "2_full_refusal": (Outcome.GOOD, Outcome.BAD),
    "3_partial_refusal": (Outcome.PARTIAL, Outcome.PARTIAL),
}
"""XSTest's labels: outcomes where a refusal is wanted, and where not."""


@dataclass(frozen=True, slots=True)
class PromptSet:
    """One set: `columns` that tell it from others, one of `either`, the column of the prompt and, where it has one, of
    a name. `wants` says what a row expects, or why it is left out."""

    name: str
    columns: frozenset[str]
    prompt: str
    id: str
    wants: Callable[[Row, Source], Kind | str]
    either: frozenset[str] = frozenset()
    context: str = ""

    def fits(self, source: Source) -> bool:
        return self.columns <= source.keys and (not self.either or bool(self.either & source.keys))

    def read(self, source: Source) -> Imported:
        """Each row is one prompt; where it has a model's answer with a label, that is an answer to it."""
        name = _strongreject(source) if self.name == "strongreject" else self.name
        out = Collector(name, adversarial=True)
        number = 0
        for line, row in source.rows(out.skip):
            number += 1
            kind = self.wants(row, source)
            said = text(row.get(self.prompt))
            if not isinstance(kind, Kind) or not said.strip():
                out.skip("no prompt" if isinstance(kind, Kind) else kind, line)
                continue
            before = text(row.get(self.context)).strip() if self.context else ""
            said = f"{before}\n\n---\n\n{said}" if before else said
            category = Category.HARMFUL_CONTENT if kind is Kind.REFUSE else Category.OVER_REFUSAL
            ask = out.ask(name_of(row.get(self.id)) or str(number), kind, category, (Turn("user", said),))
            _answered(row, ask, out)
        return out.done(source.path)


def _answered(row: Row, ask: Ask, out: Collector) -> None:
    if "completion" not in row:
        return
    said = text(row.get("completion"))
    label = _LABELS.get(text(row.get("final_label")))
    outcome = Outcome.UNDETERMINED if label is None else label[ask.kind is not Kind.REFUSE]
    out.observe(ask, Answer(said, None if said.strip() else Failure.EMPTY), outcome)


def _strongreject(source: Source) -> str:
    """A name for each of the two sets, so that neither is taken for the other's baseline."""
    rows = sum(1 for _ in source.rows(lambda *_: None))
    if rows == FULL + SMALL:
        raise ConfigError(f"{source.path}: the full set and the small one in one file; import them apart")
    return f"strongreject-{ {FULL: 'full', SMALL: 'small'}.get(rows, 'part') }"


def _refuse(row: Row, source: Source) -> Kind:  # noqa: ARG001 - one signature for all sets
    return Kind.REFUSE


def _harmbench(row: Row, source: Source) -> Kind | str:  # noqa: ARG001
    if row.get("FunctionalCategory") == "copyright":
        return "copyright: judged by the text that is reproduced, not by a refusal"
    return Kind.REFUSE


def _jailbreakbench(row: Row, source: Source) -> Kind | str:
    """The harmful and the benign half have the same columns: the split or the file's name tells."""
    where = text(row.get("split")) or source.path.name.lower()
    if ("benign" in where) == ("harmful" in where):
        return "neither harmful nor benign by its file's name or its column `split`"
    return Kind.COMPLY if "benign" in where else Kind.REFUSE


def _xstest(row: Row, source: Source) -> Kind:  # noqa: ARG001
    return Kind.REFUSE if text(row.get("type")).startswith("contrast_") else Kind.COMPLY


PROMPT_SETS = (
    PromptSet(
        "harmbench", frozenset({"Behavior", "BehaviorID", "FunctionalCategory"}), "Behavior", "BehaviorID", _harmbench,
        context="ContextString",
    ),
    PromptSet("strongreject", frozenset({"category", "forbidden_prompt"}), "forbidden_prompt", "", _refuse),
    PromptSet("jailbreakbench", frozenset({"Goal", "Behavior", "Category"}), "Goal", "Index", _jailbreakbench),
    PromptSet(
        "xstest", frozenset({"prompt", "type"}), "prompt", "id", _xstest,
        either=frozenset({"id_v1", "id_v2", "focus", "label", "final_label"}),
    ),
    PromptSet("advbench", frozenset({"goal", "target"}), "goal", "", _refuse),
)  # fmt: skip
