"""Logs of Inspect: `.json`, or `.eval`, which is a zip of such parts."""

import struct
import sys
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from monitor.errors import ConfigError
from monitor.importers.imported import NO_SCORER, Collector, Imported, drawn
from monitor.importers.source import Source, at, content_of, conversation, listed, name_of, number, parsed, text, unix
from monitor.probing import Answer, Category, Expectation, Failure, Kind, Outcome, Sampling, Turn

try:
    if sys.version_info >= (3, 14):
        import zipfile

        from compression.zstd import ZstdError
    else:
        from backports.zstd import ZstdError, zipfile
    READS_ZSTANDARD = True
except ImportError:
    import zipfile

    ZstdError = zlib.error
    READS_ZSTANDARD = False

MOST_MEMBER_BYTES = 64 * 2**20
MOST_UNPACKED_BYTES = 2 * 2**30
MOST_MEMBERS = 200_000

_STORED, _DEFLATED, _ZSTANDARD = 0, 8, 93
_BROKEN = (zipfile.BadZipFile, ZstdError, zlib.error, struct.error, OSError, EOFError, ValueError, RuntimeError,
           LookupError, OverflowError)  # fmt: skip
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ATTACHED = "attachment://"
_OUTCOMES = {"C": Outcome.GOOD, "I": Outcome.BAD, "P": Outcome.PARTIAL}
_TEXT_SCORERS = ("includes", "match", "exact", "answer", "pattern")
_MOST_TARGET = 200


def fits(source: Source) -> bool:
    return source.magic == b"PK\x03\x04" or {"eval", "status"} <= source.first.keys()


def read(source: Source) -> Imported:
    """Each sample's epoch is one answer. Samples with an error, or taken back, are left out."""
    header, samples = _opened(source)
    spec = at(header, "eval")
    if not isinstance(spec, dict):
        raise ConfigError(f"{source.path}: no log of Inspect: it says nothing of its eval")
    if at(header, "invalidated") is True:
        raise ConfigError(f"{source.path}: this log was marked as invalid; import another")
    out = Collector("inspect-" + (text(at(spec, "task")) or source.path.stem))
    if at(header, "status") != "success":
        out.caveats.append("the run did not end well: a part of its samples")
    for sample in samples:
        if sample:
            _sample(_resolved(sample, at(sample, "attachments")), spec, out)
        else:
            out.skip("sample that cannot be read")
    return out.done(source.path)


def _opened(source: Source) -> tuple[Mapping[str, Any], Iterator[Mapping[str, Any]]]:
    """The log without its samples, and these in the order of ids and epochs."""
    if source.magic != b"PK\x03\x04":
        samples = [s for s in listed(source.document.get("samples")) if isinstance(s, dict)]
        return source.document, iter(sorted(samples, key=_epoch))
    try:
        with zipfile.ZipFile(source.path) as archive:
            members = {info.filename: info for info in archive.infolist()}  # written twice: the last one holds
    except _BROKEN as error:
        raise ConfigError(f"{source.path}: a damaged zip: {error}") from None
    if len(members) > MOST_MEMBERS:
        raise ConfigError(f"{source.path}: more than {MOST_MEMBERS:,} parts")
    if not READS_ZSTANDARD and any(info.compress_type == _ZSTANDARD for info in members.values()):
        raise ConfigError(
            f"{source.path}: packed with Zstandard: `pip install tidegauge[import]`, "
            "or make it JSON with `inspect log convert --to json`"
        )
    names = [name for name in members if name.startswith("samples/") and name.endswith(".json")]
    head = next((name for name in ("header.json", "_journal/start.json") if name in members), "")
    unpacked = _unpacked(source, [members[name] for name in (*([head] if head else []), *sorted(names))])
    return next(unpacked, {}) if head else {}, unpacked


def _unpacked(source: Source, members: list[Any]) -> Iterator[Mapping[str, Any]]:
    """Each part as an object, {} for one that is damaged or too large. What a part says of its size is not trusted."""
    total = 0
    with zipfile.ZipFile(source.path) as archive:
        for info in members:
            try:
                if info.compress_type not in (_STORED, _DEFLATED, _ZSTANDARD):
                    raise ValueError("packed in an unknown way")
                with archive.open(info) as member:
                    raw = member.read(MOST_MEMBER_BYTES + 1)
            except _BROKEN:
                raw = b""
            total += len(raw)
            if total > MOST_UNPACKED_BYTES:
                raise ConfigError(f"{source.path}: unpacks to more than {MOST_UNPACKED_BYTES:,} bytes")
            yield parsed(raw) if len(raw) <= MOST_MEMBER_BYTES else {}


def _epoch(sample: Any) -> float:
    return number(at(sample, "epoch")) or 0.0


def _resolved(value: Any, attachments: Any) -> Any:
    """With the texts that stand apart put where they belong; parts deeper than any log has stay as they are."""
    if not isinstance(attachments, dict):
        return value

    def put(part: Any, depth: int) -> Any:
        if isinstance(part, str) and part.startswith(_ATTACHED):
            return attachments.get(part.removeprefix(_ATTACHED), part)
        if isinstance(part, list) and depth:
            return [put(each, depth - 1) for each in part]
        if isinstance(part, dict) and depth:
            return {name: put(each, depth - 1) for name, each in part.items()}
        return part

    return {name: put(value.get(name), 6) for name in value if name not in ("attachments", "events", "store")}


def _sample(sample: Any, spec: Any, out: Collector) -> None:
    if at(sample, "error") or at(sample, "invalidation"):
        out.skip("sample with an error, or taken back")
        return
    turns = _asked(sample)
    if not turns:
        out.skip("sample whose prompt is no text that can be put again: tools, pictures or answers between")
        return
    scores = at(sample, "scores")
    wanted = _expected(sample, scores if isinstance(scores, dict) else {}, spec)
    if isinstance(wanted, str):
        out.skip(wanted)
        return
    kind, category, expect, scorer = wanted
    out.adversarial |= kind is Kind.REFUSE
    ask = out.ask(name_of(at(sample, "id")), kind, category, turns, expect=expect, sampling=_sampling(spec))
    out.observe(ask, _answer(sample, spec), _outcome(at(scores, scorer, "value")), unix(at(spec, "created")))


def _asked(sample: Any) -> tuple[Turn, ...]:
    """What was sent: a solver may have put a system prompt or choices around the input. Answers that the model gave
    on the way are no part of a prompt."""
    given = at(sample, "input")
    messages = listed(at(sample, "messages"))
    sent = messages[:-1] if messages and at(messages[-1], "role") == "assistant" else messages
    answers = [m for m in sent if at(m, "role") == "assistant"]
    scripted = [m for m in listed(given) if at(m, "role") == "assistant"]
    if len(answers) > len(scripted):
        return ()
    return conversation(sent or given)


def _expected(sample: Any, scores: Mapping[str, Any], spec: Any) -> tuple[Kind, Category, Expectation, str] | str:
    """The expectation by what scored, with the scorer's name."""
    names = list(scores) or [text(at(s, "name")) for s in listed(at(spec, "scorers"))]
    choices, target = listed(at(sample, "choices")), at(sample, "target")
    targets = [text(t) for t in (target if isinstance(target, list) else [target])]
    targets = [t for t in targets if t.strip()]
    letters = tuple(_LETTERS[: len(choices)])
    if 2 <= len(choices) <= len(_LETTERS):
        if len(targets) == 1 and targets[0] in letters and at(sample, "messages"):
            expect = Expectation(answer=targets[0], letters=letters)
            return Kind.CHOICE, Category.ROBUSTNESS, expect, names[0] if names else ""
        return f"choice of several letters, or whose letters were not put: {NO_SCORER}"
    for name in names:
        if "refus" in name.lower():
            comply = any(t.lower().startswith(("comply", "answer", "no_refus", "no refus")) for t in targets)
            kind, category = (Kind.COMPLY, Category.OVER_REFUSAL) if comply else (Kind.REFUSE, Category.HARMFUL_CONTENT)
            return kind, category, Expectation(), name
        if name.rpartition("/")[2] in _TEXT_SCORERS and len(targets) == 1 and len(targets[0]) <= _MOST_TARGET:
            return Kind.HOLD, Category.ROBUSTNESS, Expectation(require=(targets[0],)), name
    return f"sample scored by {', '.join(names)[:80] or 'nothing'}: {NO_SCORER}"


def _sampling(spec: Any) -> Sampling:
    given = at(spec, "model_generate_config")
    return drawn(**{name: number(at(given, name)) for name in ("temperature", "top_p", "max_tokens")})


def _answer(sample: Any, spec: Any) -> Answer:
    choice = at(sample, "output", "choices", 0)
    said = content_of(at(choice, "message", "content"))
    stop = at(choice, "stop_reason")
    failure = Failure.BLOCKED if stop == "content_filter" else None if said.strip() else Failure.EMPTY
    finish = "length" if stop in ("max_tokens", "model_length") else text(stop) or None
    return Answer(said, failure, finish_reason=finish, model=text(at(spec, "model")) or None)


def _outcome(value: Any) -> Outcome:
    """Letters, truth values and shares from 0 to 1; anything else, NaN too, says nothing."""
    if isinstance(value, str):
        return _OUTCOMES.get(value, Outcome.UNDETERMINED)
    share = float(value) if isinstance(value, bool) else number(value)
    if share is None or not 0 <= share <= 1:
        return Outcome.UNDETERMINED
    return Outcome.GOOD if share == 1 else Outcome.BAD if share == 0 else Outcome.PARTIAL
