"""Samples of lm-evaluation-harness: `samples_<task>_<date>.jsonl`."""

import re
from typing import Any

from monitor.errors import ConfigError
from monitor.importers.imported import NO_SCORER, UNKNOWN, Collector, Imported, drawn
from monitor.importers.source import Source, at, conversation, listed, name_of, number, parsed, shown, text
from monitor.probing import Answer, Ask, Category, Expectation, Failure, Kind, Outcome, Sampling, Turn

_LETTERS = "ABCDEFGHIJ"
_SHARES = ("acc", "exact_match", "acc_norm", "em")
"""Metrics of one answer that are a share from 0 to 1, more being better."""
_USED = ("doc_id", "filter", "arguments", "resps", "target", *_SHARES)
_MOST_TARGET = 200
_MOST_RESULTS_BYTES = 16 * 2**20


def fits(source: Source) -> bool:
    return {"doc_id", "arguments", "resps"} <= source.first.keys()


def read(source: Source) -> Imported:
    """One ask per document: of its filters the first, of a document that comes again the last, since the file is added
    to by each run. Choices that were scored by likelihood become questions to answer with a letter; what was chosen
    then is no answer to these."""
    named = re.fullmatch(r"samples_(.+?)_(\d{4}-.+)", source.path.stem)
    task, date = (named[1], named[2]) if named else (source.path.stem, "")
    out = Collector(f"lm-eval-{task}")
    documents: dict[str, tuple[int, Any]] = {}
    for line, sample in source.lines(out.skip):
        which = name_of(at(sample, "doc_id"))
        before = documents.get(which)
        if before is not None and text(at(before[1], "filter")) != text(at(sample, "filter")):
            out.skip("the same answer through another filter", line)
        else:
            if before is not None:
                out.skip("earlier run in the same file", before[0])
            documents[which] = line, {name: value for name, value in sample.items() if name in _USED}
    model, time = _results(source, task, date, out)
    for line, sample in documents.values():
        _sample(sample, line, out, model, time)
    return out.done(source.path)


def _results(source: Source, task: str, date: str, out: Collector) -> tuple[str | None, float]:
    """Model and time from the `results_<date>.json` beside the samples. What tells two suites apart is a caveat."""
    path = source.path.with_name(f"results_{date}.json")
    if not date or not path.is_file() or path.stat().st_size > _MOST_RESULTS_BYTES:
        out.caveats.append("no results file of the same run beside it: model and task hash unknown")
        return None, 0.0
    try:
        results = parsed(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    told = {"task hash": at(results, "task_hashes", task), "chat template": at(results, "chat_template_sha")}
    for what, value in told.items():
        out.caveats.append(f"{what} {shown(text(value))[:16] or 'unknown'}")
    return text(at(results, "model_name")) or None, number(at(results, "date")) or 0.0


def _sample(sample: Any, line: int, out: Collector, model: str | None, time: float) -> None:
    arguments = at(sample, "arguments")
    pairs = [(at(a, "arg_0"), at(a, "arg_1")) for a in arguments.values()] if isinstance(arguments, dict) else []
    if len(pairs) > 1 or any(isinstance(given, str) for _, given in pairs):
        _choice(sample, pairs, line, out)
        return
    turns = conversation(pairs[0][0]) if pairs else ()
    wanted = _expected(sample, turns)
    if not turns or wanted is None:
        out.skip(f"sample without a prompt or with a target that is no short text: {NO_SCORER}", line)
        return
    bare = len(turns) == 1 and turns[0].content == text(pairs[0][0])
    caveat = "prompts were bare text; put as a user's message they may be answered otherwise"
    if bare and caveat not in out.caveats:
        out.caveats.append(caveat)
    ask = _ask(sample, out, wanted, turns, _sampling(pairs[0][1]))
    answers = listed(at(sample, "resps", 0))
    for said in answers:
        if isinstance(said, str):
            outcome = _outcome(sample) if len(answers) == 1 else Outcome.UNDETERMINED  # a metric is of all together
            out.observe(ask, Answer(text(said), None if said.strip() else Failure.EMPTY, model=model), outcome, time)


def _ask(sample: Any, out: Collector, expect: Expectation, turns: tuple[Turn, ...], sampling: Sampling) -> Ask:
    kind = Kind.CHOICE if expect.answer else Kind.HOLD
    name = f"doc-{name_of(at(sample, 'doc_id'))}"
    return out.ask(name, kind, Category.ROBUSTNESS, turns, expect=expect, sampling=sampling)


def _expected(sample: Any, turns: tuple[Turn, ...]) -> Expectation | None:
    """The letter where the prompt shows lettered choices, else the target as a text to find."""
    target = text(at(sample, "target")).rpartition("####")[2].strip()
    asked = turns[-1].content if turns else ""
    shown = [letter for letter in _LETTERS if re.search(rf"^\s*\(?{letter}[.):]", asked, re.MULTILINE)]
    letters = tuple(shown) if shown == list(_LETTERS[: len(shown)]) and len(shown) > 1 else ()
    if letters:
        answer = _letter(target, letters)
        return Expectation(answer=answer, letters=letters) if answer else None
    if not target or len(target) > _MOST_TARGET or "\n" in target or target[0] in "[{":
        return None
    return Expectation(require=(target,))


def _letter(target: str, letters: tuple[str, ...]) -> str | None:
    if target.strip("()") in letters:
        return target.strip("()")
    return letters[int(target)] if re.fullmatch(r"\d", target) and int(target) < len(letters) else None


def _choice(sample: Any, pairs: list[tuple[Any, Any]], line: int, out: Collector) -> None:
    """Choices scored by likelihood, as a question."""
    questions, options = {text(q) for q, _ in pairs}, [text(o).strip() for _, o in pairs]
    letters = tuple(_LETTERS[: len(options)])
    target = text(at(sample, "target")).strip()
    answer = letters[options.index(target)] if target in options[: len(letters)] else _letter(target, letters)
    if len(questions) != 1 or not 2 <= len(options) <= len(_LETTERS) or not all(options) or answer is None:
        out.skip(f"choice by likelihood that is no question with short answers: {NO_SCORER}", line)
        return
    shown = "\n".join(f"{letter}) {option}" for letter, option in zip(letters, options, strict=True))
    question = questions.pop().strip()
    if question.startswith("["):
        out.skip("choice by likelihood after a conversation: it cannot be put as a question", line)
        return
    prompt = f"{question}\n{shown}\nAnswer with the letter alone."
    _ask(sample, out, Expectation(answer=answer, letters=letters), (Turn("user", prompt),), UNKNOWN)
    out.skip("choice by likelihood: now a question, so what was chosen is no answer to it")


def _sampling(given: Any) -> Sampling:
    """Greedy when it says so; nothing is taken for granted."""
    temperature = number(at(given, "temperature"))
    if at(given, "do_sample") is False:
        temperature = 0.0
    return drawn(temperature, number(at(given, "top_p")), number(at(given, "max_gen_toks")))


def _outcome(sample: Any) -> Outcome:
    share = next((x for name in _SHARES if (x := number(at(sample, name))) is not None and 0 <= x <= 1), None)
    if share is None:
        return Outcome.UNDETERMINED
    return Outcome.GOOD if share == 1 else Outcome.BAD if share == 0 else Outcome.PARTIAL
