"""What to do about a verdict, and where that is written down at length."""

from html import escape

from monitor.interfaces import Level
from monitor.report import ModelReport
from monitor.verdict import Channel, Verdict, verdict_of

RUNBOOKS = "https://github.com/tidegauge/tidegauge/blob/main/docs/runbooks"
"""A page per alert, named after it."""

_ACT = {
    Verdict.STEADY: "Nothing to do.",
    Verdict.EXPLAINED: "Nothing to do now. If this mix of prompts stays, extend the evaluation.",
    Verdict.UNEXPLAINED: "Find out which model answers: deployment, adapter, base, template. Roll back if in doubt.",
    Verdict.OUT_OF_SUPPORT: "Extend the evaluation with prompts of the new kind, and build a new baseline.",
    Verdict.INSUFFICIENT: "Wait for more traffic.",
    Verdict.BLIND: "Behaviour is not being watched. Restore the feed first.",
}
_OF_CHANNEL = {
    Channel.IDENTITY: "IdentityChanged",
    Channel.PROBES: "SafetyEroded",
    Channel.BEHAVIOUR: "BehaviourUnexplained",
    Channel.STYLE: "BehaviourUnexplained",
    Channel.SUPPORT: "OutOfSupport",
    Channel.INPUTS: "InputShift",
}
_OF_VERDICT = {
    Verdict.UNEXPLAINED: "BehaviourUnexplained",
    Verdict.BLIND: "MonitorBlind",
    Verdict.OUT_OF_SUPPORT: "OutOfSupport",
    Verdict.EXPLAINED: "InputShift",
}


def advice(model: ModelReport) -> str:
    """What to do, with the runbook of each alert that holds."""
    links = ", ".join(runbook(name) for name in alerts(model))
    return f"<b>{_ACT[model.verdict]}</b>" + (f" Runbook: {links}." if links else "")


def alerts(model: ModelReport) -> list[str]:
    """The alerts that hold: those of the channels that gave the verdict, else that of the verdict itself, and while
    nothing can be seen those of what was open before."""
    evidence = model.evidence
    moved = [
        name
        for channel, name in _OF_CHANNEL.items()
        if channel in evidence and evidence[channel].level is Level.MOVED and verdict_of(channel) is model.verdict
    ]
    named = [_OF_VERDICT[model.verdict]] if model.verdict in _OF_VERDICT else []
    before = [alert_of(i.channel) for i in model.incidents if i.closed is None] if model.blind else []
    return list(dict.fromkeys([*(moved or named), *before]))


def alert_of(channel: Channel) -> str:
    """The alert that a move of this channel is."""
    return _OF_CHANNEL[channel]


def runbook(alert: str) -> str:
    return f'<a href="{RUNBOOKS}/{escape(alert)}.md">{escape(alert)}</a>'
