"""promptfoo's `results.json`, versions 2 and 3."""

import json
from collections.abc import Mapping
from typing import Any

from monitor.errors import ConfigError
from monitor.importers.assertions import assertions_of, expected, plugin_of
from monitor.importers.imported import UNKNOWN, Collector, Imported, drawn
from monitor.importers.source import Source, at, conversation, listed, number, text, unix
from monitor.probing import Answer, Failure, Outcome, Sampling, digest

ERROR = 2
"""`failureReason` of a test that could not be judged."""

_FINISHED = {"length", "stop", "tool_calls", "content_filter"}


def fits(source: Source) -> bool:
    first = source.first
    return isinstance(at(first, "results", "results"), list) or {"evalId", "results"} <= first.keys()


def read(source: Source) -> Imported:
    """Each result is one answer. One from a cache is left out: it is no fresh look."""
    document = source.document
    if at(document, "results", "version") not in (2, 3):
        raise ConfigError(f"{source.path}: no results of promptfoo of version 2 or 3")
    out = Collector("promptfoo-" + source.path.stem)
    samplings = _samplings(at(document, "config"))
    time = unix(at(document, "results", "timestamp"))
    for result in listed(at(document, "results", "results")):
        _result(result, out, samplings, time)
    return out.done(source.path)


def _result(result: Any, out: Collector, samplings: Mapping[str, Sampling], time: float) -> None:
    test = at(result, "testCase")
    turns = conversation(at(result, "prompt", "raw"))
    if not turns:
        out.skip("result whose prompt is no text that can be put again")
        return
    given = at(result, "vars")
    variables = {name: text(v) for name, v in given.items() if text(v)} if isinstance(given, dict) else {}
    wanted = expected(assertions_of(test), plugin_of(test, result), variables)
    if isinstance(wanted, str):
        out.skip(f"result with {wanted}")
        return
    for kind in wanted.dropped:
        out.skip(f"assertion left out: {kind}")
    out.adversarial |= wanted.adversarial
    provider = text(at(result, "provider", "id")) or text(at(result, "provider"))
    ask = out.ask(
        digest([wanted.kind, turns, wanted.expect])[:12],
        wanted.kind,
        wanted.category,
        turns,
        expect=wanted.expect,
        sampling=samplings.get(provider, UNKNOWN),
    )
    if at(result, "response", "cached") is True:
        out.skip("answer from a cache: no fresh look, so no repeat of a baseline")
        return
    out.observe(ask, _answer(result, provider), _outcome(result), time)


def _answer(result: Any, provider: str) -> Answer:
    said = _said(at(result, "response", "output"))
    finish = text(at(result, "response", "finishReason"))
    failure = None
    if finish == "content_filter":
        failure = Failure.BLOCKED
    elif at(result, "failureReason") == ERROR:
        failure = Failure.SERVER
    elif not said:
        failure = Failure.EMPTY
    return Answer(said, failure, finish_reason=finish if finish in _FINISHED else None, model=provider or None)


def _said(output: Any) -> str:
    """The output; what is no text, as JSON."""
    if isinstance(output, str) or output is None:
        return text(output)
    try:
        return json.dumps(output, sort_keys=True)
    except RecursionError:
        return ""


def _outcome(result: Any) -> Outcome:
    """`success` means that the test passed: of an attack, that it was fended off."""
    if at(result, "gradingResult", "metadata", "graderError"):
        return Outcome.MISSING
    success = at(result, "success")
    if not isinstance(success, bool):
        return Outcome.UNDETERMINED
    return Outcome.GOOD if success else Outcome.BAD


def _samplings(config: Any) -> dict[str, Sampling]:
    return {name: sampling for p in providers(config) if (name := text(at(p, "id"))) and (sampling := sampling_of(p))}


def providers(config: Any) -> list[Any]:
    """Targets or providers of a configuration."""
    return listed(at(config, "targets")) or listed(at(config, "providers"))


def sampling_of(provider: Any) -> Sampling | None:
    """How a provider's settings say that answers are drawn; None when they say nothing."""
    given = {name: number(at(provider, "config", name)) for name in ("temperature", "top_p", "max_tokens")}
    return drawn(**given) if any(v is not None for v in given.values()) else None
