"""The answers that come first, in the order in which they are asked: is anything wrong, since when, how sure, is it the
users or the model, where, what to do."""

from html import escape

from monitor.interfaces import Level
from monitor.report import Blind, ModelReport
from monitor.verdict import BESIDE, Channel, Incident, Verdict, second_opinions
from monitor.web.advice import advice
from monitor.web.detectable import changed
from monitor.web.detectable import shown as visible
from monitor.web.html import ago, at, facts, plain, power, stamp
from monitor.web.numbers import number
from monitor.web.shown import Shown
from monitor.web.words import CHANNELS, WHY_BLIND

_MODEL = [channel for channel, (who, _) in CHANNELS.items() if who == "Model"]
_NAMED = 3


def answers(shown: Shown, namespace: str, *, level: int = 1) -> str:
    """The answers for one model, under a heading of this level."""
    model = shown.model
    why = WHY_BLIND[model.blind] if model.blind else model.meaning
    asked = (
        ("Since", _since(shown)),
        ("How sure", _sure(model)),
        ("Users or model", _who(model)),
        ("Where", _where(model)),
        ("What to do", advice(model)),
    )
    return (
        f'<p class="name">{escape(namespace)} / <b>{escape(model.name)}</b></p>'
        f'<h{level} class="answer {model.verdict}">{plain(model.verdict)}</h{level}>'
        f'<p class="lead">{escape(why)}</p>{facts(asked)}'
    )


def lasting(model: ModelReport) -> list[Incident]:
    """The incidents that are open: those that gave the verdict first, then the latest."""
    known = [i for i in reversed(model.incidents) if i.closed is None]
    return sorted(known, key=lambda i: i.verdict is not model.verdict)


def _since(shown: Shown) -> str:
    model = shown.model
    if model.blind:
        return _silent(shown)
    incident = next((i for i in lasting(model) if i.verdict is model.verdict), None)
    if incident is None:
        first, seen = model.spans[-1].from_exchange, model.exchanges
        over = max((i.closed_time for i in model.incidents if i.closed_time is not None), default=None)
        since = f", the last incident was over{at(over)}" if over is not None else ""
        return f"Exchange {first:,} of {seen:,}{since}." if seen else "No exchange has been measured yet."
    last, began = model.last_record_time, incident.onset_time
    before = f", {ago(last - began)} before the latest record" if last is not None and began is not None else ""
    return f"About exchange {incident.onset:,}{at(began)}{before}."


def _silent(shown: Shown) -> str:
    last = shown.model.last_record_time
    if shown.model.blind is Blind.STALLED:
        return f"{stamp(shown.time)}: what you see is from then."
    return "No record has come yet." if last is None else f"The latest record that was measured is of {stamp(last)}."


def _sure(model: ModelReport) -> str:
    if model.verdict is Verdict.INSUFFICIENT:
        return f"Nothing can be said yet: {model.needed:,} more exchanges are needed."
    incident = next((i for i in lasting(model) if model.blind or i.verdict is model.verdict), None)
    if model.blind:
        before = f" Before, it was {plain(incident.verdict)}. {_certain(model, incident)}" if incident else ""
        return f"Nothing can be said of now.{before}"
    return _calm(model) if incident is None else _certain(model, incident)


def _certain(model: ModelReport, incident: Incident) -> str:
    known = model.evidence.get(incident.channel)
    now = "" if known is None else f", now {power(known.evidence_log10)}"
    seldom = (
        ""
        if incident.channel in BESIDE
        else f" Where nothing changed, so much comes once in at least {_round(10**incident.threshold_log10)} exchanges."
    )
    return (
        f"Certain since exchange {incident.opened:,}{at(incident.opened_time)}: evidence "
        f"{power(incident.evidence_log10)}{now}; {power(incident.threshold_log10)} is needed.{seldom}"
    )


def _calm(model: ModelReport) -> str:
    """What no evidence is worth: how near it came, and what would have been seen."""
    compared = model.channels[Channel.BEHAVIOUR].n
    said = f"{compared:,} exchanges compared; the most evidence is {model.ratio:.0%} of what is needed."
    for column, known in visible(model.channels[Channel.BEHAVIOUR].columns, 1):
        if (after := changed(column, known)) is not None:
            between = f"{number(column.baseline, column.unit)} to {number(after, column.unit)}"
            return f"{said} A lasting change would have been seen, for example {escape(known.move)} from {between}."
    return f"{said} No change of a single signal would have been seen yet."


def _round(x: float) -> str:
    """Two figures are enough."""
    return f"{float(f'{x:.2g}'):,.0f}"


def _who(model: ModelReport) -> str:
    evidence = model.evidence
    moved = [c for c, known in evidence.items() if known.level is Level.MOVED]
    of_model = [CHANNELS[c][1] for c in _MODEL if c in moved]
    users = Channel.INPUTS in moved
    until = "Not known now. Until then: " if model.blind else ""
    if of_model:
        beside = "Users changed too." if users else "Users ask as before."
        return f"{until}<b>The model</b>: {'; '.join(of_model)}. {beside}"
    if Channel.SUPPORT in moved:
        return f"{until}<b>The users</b>: they ask what was never evaluated. Of those answers nothing can be said."
    if users:
        return f"{until}<b>The users</b>. Answers to the same kind of prompt are as before."
    if model.verdict is Verdict.UNEXPLAINED:
        return "<b>The model</b>."
    return f"{until}Neither." if model.verdict is not Verdict.INSUFFICIENT else "Too early to say."


def _where(model: ModelReport) -> str:
    return "".join(
        f'<p class="now {i.verdict}">{where(i, _asked(model) if i.channel is Channel.INPUTS else "")}</p>'
        for i in lasting(model)[:_NAMED]
    )


def _asked(model: ModelReport) -> str:
    """The topics that users ask more about than they did."""
    more = [(t.recent - t.baseline, t) for t in model.topics if t.recent is not None and t.recent > t.baseline]
    said = [f"{escape(t.name)} ({t.baseline:.0%} → {t.recent:.0%})" for _, t in sorted(more, key=lambda m: -m[0])[:2]]
    return f" More prompts about {'; '.join(said)}." if said else ""


def where(incident: Incident, more: str = "") -> str:
    """What moved, in which topics, which exchanges show it, and what other detectors say; `more` on topics,
    as part of the page."""
    moved = "; ".join(escape(mover.move) for mover in incident.movers[:_NAMED])
    topics = f" Most in prompts about {escape('; '.join(incident.topics))}." if incident.topics else ""
    named = ", ".join(f"<code>{escape(name)}</code>" for name in incident.examples)
    examples = f" Look at {named}." if named else ""
    others = second_opinions(incident)
    asked = f" <small>Second opinions on where it began: {escape(others)}.</small>" if others else ""
    return f"Most evidence: {moved or 'no single signal'}.{topics}{more}{examples}{asked}"
