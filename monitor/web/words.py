"""Channels, levels and reasons as the page says them."""

from monitor.interfaces import Level
from monitor.report import Blind
from monitor.verdict import Channel, Verdict

CHANNELS = {
    Channel.BEHAVIOUR: ("Model", "answers, given their prompts"),
    Channel.STYLE: ("Model", "style of the answers as a whole"),
    Channel.PROBES: ("Model", "answers to probes"),
    Channel.IDENTITY: ("Model", "which one answers"),
    Channel.INPUTS: ("Users", "prompts"),
    Channel.SUPPORT: ("New ground", "prompts unlike any in the baseline"),
}
"""Whom a channel is about, and what of them; those about one side stand together."""

LEVELS = {Level.INSUFFICIENT: "too few", Level.STEADY: "as before", Level.MOVED: "moved"}

WHY_BLIND = {
    Blind.NO_RECORDS: "No record of this model has come for too long.",
    Blind.NO_CONTENT: "Records come without the text of the answers: content capture is probably switched off.",
    Blind.READERS: "Most exchanges could not be read: the network that says what prompts mean fails.",
    Blind.SCORERS: "What judges the answers to probes has moved: whether the model did cannot be told.",
    Blind.STALLED: "The monitor itself has not looked for a minute or more.",
}

WORST_FIRST = (
    Verdict.UNEXPLAINED,
    Verdict.BLIND,
    Verdict.OUT_OF_SUPPORT,
    Verdict.INSUFFICIENT,
    Verdict.EXPLAINED,
    Verdict.STEADY,
)

CALM = (Verdict.STEADY, Verdict.EXPLAINED, Verdict.INSUFFICIENT)
"""The verdicts for which nobody has to do anything now."""


def full(channel: Channel) -> str:
    """A channel in full, without marks."""
    who, what = CHANNELS[channel]
    return f"{who}: {what}"
