"""The decision table: evidence about one model -> one verdict, and the incidents that verdicts make.

The table is data, read from the top: the first line whose condition holds gives the verdict. `docs/verdict.md` shows
the same table, and a test compares the two.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from enum import StrEnum

import msgspec

from monitor.interfaces import Level


class Verdict(StrEnum):
    STEADY = "steady"
    EXPLAINED = "explained"
    UNEXPLAINED = "unexplained"
    OUT_OF_SUPPORT = "out_of_support"
    INSUFFICIENT = "insufficient"
    BLIND = "blind"


class Channel(StrEnum):
    """What evidence is about: signals of the answers given their prompts, the answers' style as a whole, the prompts,
    prompts the baseline never saw; and beside the traffic, answers to probes, and which model gives them."""

    BEHAVIOUR = "behaviour"
    STYLE = "style"
    INPUTS = "inputs"
    SUPPORT = "support"
    PROBES = "probes"
    IDENTITY = "identity"


BESIDE = (Channel.PROBES, Channel.IDENTITY)
"""Channels whose evidence is not of the traffic. Without probes they are INSUFFICIENT for ever."""

PAGING = (Verdict.UNEXPLAINED, Verdict.OUT_OF_SUPPORT)
"""The verdicts whose channels spend the budget of false pages: an incident of one of them pages somebody."""

TRAFFIC = tuple(channel for channel in Channel if channel not in BESIDE)


_CHANGED = "The model changed: its answers moved, given their prompts."
_ALSO_ON_PROBES = "The model changed: its answers moved, given their prompts, and it answers probes worse."
_NOT_ON_PROBES = "The model changed where probes do not look: its answers moved, given their prompts."

TABLE: Sequence[tuple[Mapping[Channel, Level], Verdict, str]] = (
    ({Channel.IDENTITY: Level.MOVED}, Verdict.UNEXPLAINED, "Another model answers than the one that was evaluated."),
    ({Channel.BEHAVIOUR: Level.MOVED, Channel.PROBES: Level.MOVED}, Verdict.UNEXPLAINED, _ALSO_ON_PROBES),
    ({Channel.STYLE: Level.MOVED, Channel.PROBES: Level.MOVED}, Verdict.UNEXPLAINED, _ALSO_ON_PROBES),
    (
        {Channel.PROBES: Level.MOVED},
        Verdict.UNEXPLAINED,
        "The model changed: it answers probes worse, and users have hardly met it yet.",
    ),
    ({Channel.BEHAVIOUR: Level.MOVED, Channel.PROBES: Level.STEADY}, Verdict.UNEXPLAINED, _NOT_ON_PROBES),
    ({Channel.STYLE: Level.MOVED, Channel.PROBES: Level.STEADY}, Verdict.UNEXPLAINED, _NOT_ON_PROBES),
    ({Channel.BEHAVIOUR: Level.MOVED}, Verdict.UNEXPLAINED, _CHANGED),
    ({Channel.STYLE: Level.MOVED}, Verdict.UNEXPLAINED, _CHANGED),
    (
        {Channel.SUPPORT: Level.MOVED},
        Verdict.OUT_OF_SUPPORT,
        "Prompts that the baseline never saw: extend the evaluation.",
    ),
    ({Channel.INPUTS: Level.MOVED}, Verdict.EXPLAINED, "Users changed; answers to the same kind of prompt did not."),
    ({Channel.BEHAVIOUR: Level.INSUFFICIENT}, Verdict.INSUFFICIENT, "Too few exchanges to say."),
    ({}, Verdict.STEADY, "Behaves as the evaluated model did."),
)

BLIND_WORDS = "Cannot measure; see the reason."


def decide(levels: Mapping[Channel, Level]) -> Verdict:
    """The verdict of the first line of TABLE whose levels all hold. BLIND is not in it: it stands above all, and is
    known to whoever sees the clock and the records."""
    return _line(levels)[0]


def meaning(levels: Mapping[Channel, Level]) -> str:
    """What that line says."""
    return _line(levels)[1]


def _line(levels: Mapping[Channel, Level]) -> tuple[Verdict, str]:
    return next(
        (verdict, text) for when, verdict, text in TABLE if all(levels[c] is level for c, level in when.items())
    )


def verdict_of(channel: Channel) -> Verdict:
    """The verdict that a move of `channel` alone gives."""
    return next(verdict for when, verdict, _ in TABLE if when == {channel: Level.MOVED})


def words(verdict: Verdict) -> str:
    """One sentence that says what a verdict means when only the traffic is known."""
    of_traffic = ((v, text) for when, v, text in TABLE if not any(c in when for c in BESIDE))
    return next((text for v, text in of_traffic if v is verdict), BLIND_WORDS)


class Mover(msgspec.Struct, frozen=True):
    """A column that carries evidence: its name, what its move means in words, its share of the evidence (0 to 1)."""

    column: str
    move: str
    share: float


class Finding(msgspec.Struct, frozen=True):
    """What is known of a channel beside the traffic: its level as of `time` (Unix seconds), evidence against its
    threshold (log10), and what carries it. `examples` name items that show it. `evidence_log10` None: none yet."""

    level: Level
    time: float
    evidence_log10: float | None = None
    threshold_log10: float = 0.0
    movers: tuple[Mover, ...] = ()
    examples: tuple[str, ...] = ()


class Opinion(msgspec.Struct, frozen=True):
    """Where another detector, `name`, thinks that a move began: an exchange, from 1; None when it sees none."""

    name: str
    onset: int | None


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """A move that takes the verdict away from `steady`: one change, one incident, also when several channels see it.
    Exchanges are ordinals of the model's measured exchanges, from 1.

    `channel` saw it first, `verdict` is what its move alone would give. `onset` is where the move most likely began,
    `opened` where it became certain enough, `closed` where it was over (None while it lasts). `evidence_log10` against
    `threshold_log10` is as of `opened`; since the onset, `topics` are those in which the move is most and `examples`
    ids of exchanges (or items of probes) that show it most. `trace_id` is that of the first of these exchanges that has
    one, else of the exchange that opened it; None: none has. `opinions` are on the first mover: asked as of `opened`,
    and once more when more of the move has been seen; they decide nothing. Times are Unix seconds of the exchanges (of
    the run, when probes saw it first), None when records carry none.
    """

    id: str
    channel: Channel
    verdict: Verdict
    onset: int
    onset_time: float | None
    opened: int
    opened_time: float | None
    evidence_log10: float
    threshold_log10: float
    movers: tuple[Mover, ...]
    topics: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    opinions: tuple[Opinion, ...] = ()
    closed: int | None = None
    closed_time: float | None = None
    trace_id: str | None = None


def second_opinions(incident: Incident) -> str:
    """Who places its onset where, "–" for who sees no change; "" when nobody was asked."""
    return ", ".join(f"{o.name} {'–' if o.onset is None else f'{o.onset:,}'}" for o in incident.opinions)


class Span(msgspec.Struct, frozen=True):
    """A verdict and the measured exchanges over which it held; `to_exchange` None while it does."""

    verdict: Verdict
    from_exchange: int
    to_exchange: int | None


class Course:
    """The verdicts of one model so far: the present one, the spans before it, its incidents. Bounded memory."""

    KEPT = 200

    def __init__(self) -> None:
        self.spans: list[Span] = [Span(Verdict.INSUFFICIENT, 1, None)]
        self.incidents: list[Incident] = []
        self.opened: Counter[Verdict] = Counter()

    @property
    def verdict(self) -> Verdict:
        return self.spans[-1].verdict

    def turn(self, verdict: Verdict, *, exchange: int) -> None:
        """From measured exchange number `exchange` on the verdict is `verdict`. No change, no effect."""
        last = self.spans[-1]
        if verdict is last.verdict:
            return
        if exchange > last.from_exchange:
            self.spans[-1:] = [Span(last.verdict, last.from_exchange, exchange - 1), Span(verdict, exchange, None)]
        else:  # the last verdict never held for a whole exchange
            self.spans[-1] = Span(verdict, exchange, None)
        del self.spans[: -self.KEPT]

    def open(self, incident: Incident) -> None:
        self.incidents.append(incident)
        self.opened[incident.verdict] += 1
        del self.incidents[: -self.KEPT]

    def is_open(self, verdict: Verdict) -> bool:
        """Whether an incident of this verdict lasts."""
        return any(incident.verdict is verdict for incident in self.lasting)

    def close(self, verdict: Verdict, *, exchange: int, time: float | None) -> None:
        """Ends the open incident of this verdict, if there is one."""
        for i, incident in enumerate(self.incidents):
            if incident.verdict is verdict and incident.closed is None:
                self.incidents[i] = msgspec.structs.replace(incident, closed=exchange, closed_time=time)

    @property
    def lasting(self) -> list[Incident]:
        """The incidents that are open, oldest first."""
        return [incident for incident in self.incidents if incident.closed is None]

    def put_opinions(self, incident: Incident, opinions: tuple[Opinion, ...]) -> None:
        """Puts later opinions in the place of those that a kept incident has."""
        at = self.incidents.index(incident)
        self.incidents[at] = msgspec.structs.replace(incident, opinions=opinions)

    def dump(self) -> bytes:
        return msgspec.json.encode(_Stored(tuple(self.spans), tuple(self.incidents), dict(self.opened)))

    @staticmethod
    def load(raw: bytes) -> "Course":
        stored = msgspec.json.decode(raw, type=_Stored)
        course = Course()
        course.spans, course.incidents = list(stored.spans), list(stored.incidents)
        course.opened = Counter(stored.opened)
        return course


class _Stored(msgspec.Struct, frozen=True):
    spans: tuple[Span, ...]
    incidents: tuple[Incident, ...]
    opened: dict[Verdict, int]
