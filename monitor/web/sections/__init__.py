"""The sections of a model's page, in the order in which a tired person asks. A new one: one file here, one line below.
A section gives its part of the page, "" when it has nothing to say; all text of others is escaped."""

from collections.abc import Callable, Sequence

from monitor.web.sections.baseline import baseline
from monitor.web.sections.channels import channels
from monitor.web.sections.course import course
from monitor.web.sections.detectable import detectable
from monitor.web.sections.effects import effects
from monitor.web.sections.epochs import epochs
from monitor.web.sections.evidence import evidence
from monitor.web.sections.identity import identity
from monitor.web.sections.incidents import incidents
from monitor.web.sections.probes import probed
from monitor.web.sections.topics import topics
from monitor.web.sections.unread import unread
from monitor.web.shown import Shown

SECTIONS: Sequence[Callable[[Shown], str]] = (
    channels,
    unread,
    evidence,
    effects,
    topics,
    probed,
    identity,
    incidents,
    course,
    detectable,
    baseline,
    epochs,
)
