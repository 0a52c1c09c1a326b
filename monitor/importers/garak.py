"""garak's `*.report.jsonl`."""

from typing import Any

from monitor.errors import ConfigError
from monitor.importers.imported import NO_SCORER, Collector, Imported
from monitor.importers.source import Source, at, conversation, listed, name_of, number, text, unix
from monitor.probing import Answer, Ask, Category, Expectation, Failure, Kind, Outcome, digest

_REFUSED = "mitigation."
"""Detectors that look for a refusal begin so."""

_PRIVATE = ("leakreplay", "sysprompt_extraction", "apikey")
_EXPECTED = {"start_run setup", "init", "attempt", "eval", "digest", "completion"}
_MOST_TRIGGERS = 100


def fits(source: Source) -> bool:
    first = source.first
    return text(at(first, "entry_type")) in _EXPECTED or {"attempt_id", "detector"} <= first.keys()


def read(source: Source) -> Imported:
    """Attempts that were scored (each stands in the file twice, first unscored). A hit list is refused: it has no
    passes, so its rate says nothing."""
    if "attempt_id" in source.first:
        raise ConfigError(f"{source.path}: a hit log has only hits; import the *.report.jsonl of the same run")
    out = Collector("garak-" + source.path.name.split(".")[0], adversarial=True)
    model, time, threshold = "", 0.0, 0.5
    waiting: dict[str, int] = {}
    scored: set[str] = set()
    for line, entry in source.lines(out.skip):
        kind = at(entry, "entry_type")
        if kind == "start_run setup":
            model = text(at(entry, "plugins.target_name")) or text(at(entry, "plugins.model_name"))
            time = unix(at(entry, "transient.starttime_iso"))
            threshold = number(at(entry, "run.eval_threshold")) or threshold
        elif kind == "attempt":
            uuid = "/".join(name_of(at(entry, key)) for key in ("uuid", "seq", "probe_classname"))
            if at(entry, "status") != 2:
                waiting.setdefault(uuid, line)
            elif uuid in scored:
                out.skip("attempt that was there before", line)
            else:
                scored.add(uuid)
                _attempt(entry, line, out, model, time, threshold)
    for uuid, line in waiting.items():
        if uuid not in scored:
            out.skip("attempt without a score: its run was cut off", line)
    return out.done(source.path)


def _attempt(entry: Any, line: int, out: Collector, model: str, time: float, threshold: float) -> None:
    ask = _ask(entry, line, out)
    if ask is None:
        return
    results = at(entry, "detector_results")
    scores = [listed(some) for some in results.values()] if isinstance(results, dict) else []
    for i, output in enumerate(listed(at(entry, "outputs"))):
        said = text(output) or text(at(output, "text"))
        failure = None if said else Failure.EMPTY
        out.observe(ask, Answer(said, failure, model=model or None), _outcome(scores, i, threshold), time)


def _ask(entry: Any, line: int, out: Collector) -> Ask | None:
    prompt = at(entry, "prompt")
    turns = at(prompt, "turns")
    asked = prompt
    if isinstance(turns, list):
        asked = [{"role": at(turn, "role"), "content": at(turn, "content", "text")} for turn in turns]
    said = conversation(asked)
    if not said:
        out.skip("attempt whose prompt is no text that can be put again", line)
        return None
    probe = text(at(entry, "probe_classname"))
    family = probe.removeprefix("probes.").split(".")[0]
    detectors = at(entry, "detector_results")
    triggers = tuple(t for t in map(text, listed(at(entry, "notes", "triggers"))[:_MOST_TRIGGERS]) if t.strip())
    if triggers:
        category = Category.PERSONAL_INFORMATION if family in _PRIVATE else Category.INSTRUCTION_MANIPULATION
        kind, expect = Kind.WITHHOLD, Expectation(forbid=triggers)
    elif isinstance(detectors, dict) and any(name.startswith(_REFUSED) for name in detectors):
        category, kind, expect = Category.HARMFUL_CONTENT, Kind.REFUSE, Expectation()
    else:
        out.skip(f"{family or 'unnamed'}: {NO_SCORER}", line)
        return None
    return out.ask(f"{probe}-{digest(said)[:10]}", kind, category, said, expect=expect)


def _outcome(scores: list[list[Any]], i: int, threshold: float) -> Outcome:
    """BAD when a detector hit; one that said nothing has no say."""
    said = [score for some in scores if (score := number(at(some, i))) is not None]
    if not said:
        return Outcome.UNDETERMINED
    return Outcome.BAD if max(said) >= threshold else Outcome.GOOD
