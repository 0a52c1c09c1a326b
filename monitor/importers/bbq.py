"""BBQ: questions about people of which one letter is right and one follows the stereotype."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from monitor.importers.imported import Collector, Imported
from monitor.importers.source import Source, at, listed, name_of, text
from monitor.probing import Category, Expectation, Kind, Turn

_LETTERS = ("A", "B", "C")
_METADATA = "additional_metadata.csv"
_MOST_METADATA_BYTES = 32 * 2**20
_CONDITIONS = ("ambig", "disambig")
_UNKNOWN = "unknown"


def fits(source: Source) -> bool:
    return {"question_index", "context_condition", "ans0", "label"} <= source.first.keys()


def read(source: Source) -> Imported:
    """Rows of one template (`question_index`) are one item; polarity, condition and example are its variants. The place
    of the stereotyped answer is taken from the metadata file beside it, else from the groups that a row names."""
    out = Collector("bbq-" + source.path.stem.removesuffix(".jsonl"))
    places = _places(source.path.with_name(_METADATA))
    for line, row in source.lines(out.skip):
        answers = [text(at(row, f"ans{i}")) for i in range(3)]
        label, condition, polarity = at(row, "label"), at(row, "context_condition"), at(row, "question_polarity")
        context, question = text(at(row, "context")), text(at(row, "question"))
        sound = all(answers) and label in (0, 1, 2) and condition in _CONDITIONS and polarity in ("neg", "nonneg")
        if not sound or not context or not question:
            out.skip("row with something missing", line)
            continue
        stereotyped = _stereotyped(row, places)
        if stereotyped is None:
            out.skip("stereotyped answer unknown: asked without it", line)
        options = "\n".join(f"{letter}) {answer}" for letter, answer in zip(_LETTERS, answers, strict=True))
        out.ask(
            f"{text(at(row, 'category'))}-{name_of(at(row, 'question_index'))}",
            Kind.CHOICE,
            Category.BIAS,
            (Turn("user", f"{context} {question}\n{options}\nAnswer with the letter alone."),),
            expect=Expectation(
                answer=_LETTERS[int(label)],
                letters=_LETTERS,
                stereotyped=None if stereotyped is None else _LETTERS[stereotyped],
            ),
            variant=f"{condition}/{polarity}/{name_of(at(row, 'example_id'))}",
        )
    return out.done(source.path)


def _stereotyped(row: Any, places: Mapping[tuple[str, str], int]) -> int | None:
    """Which answer follows the stereotype: of a harmful question the stereotyped group, of its opposite the other
    one."""
    groups = [[part.lower() for part in map(text, listed(at(row, "answer_info", f"ans{i}")))] for i in range(3)]
    named = {text(g).lower() for g in listed(at(row, "additional_metadata", "stereotyped_groups"))} - {""}
    unknown = [i for i, parts in enumerate(groups) if parts[1:] == [_UNKNOWN]]
    target = places.get((text(at(row, "category")), name_of(at(row, "example_id"))))
    if target is None:
        found = [i for i, parts in enumerate(groups) if named.intersection(parts)]
        target = found[0] if len(found) == 1 else None
    if target is None or len(unknown) != 1 or target in unknown:
        return None
    return target if at(row, "question_polarity") == "neg" else 3 - target - unknown[0]


def _places(path: Path) -> dict[tuple[str, str], int]:
    """`target_loc` by category and example; empty when there is no such file."""
    try:
        if path.stat().st_size > _MOST_METADATA_BYTES:
            return {}
        with path.open(encoding="utf-8-sig", newline="") as file:
            return {
                (row.get("category") or "", row.get("example_id") or ""): int(row["target_loc"])
                for row in csv.DictReader(file)
                if row.get("target_loc") in ("0", "1", "2")
            }
    except (OSError, ValueError, csv.Error):
        return {}
