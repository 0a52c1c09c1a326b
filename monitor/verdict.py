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
    prompts the baseline never saw."""

    BEHAVIOUR = "behaviour"
    STYLE = "style"
    INPUTS = "inputs"
    SUPPORT = "support"


TABLE: Sequence[tuple[Mapping[Channel, Level], Verdict, str]] = (
    (
        {Channel.BEHAVIOUR: Level.MOVED},
        Verdict.UNEXPLAINED,
        "The model changed: its answers moved, given their prompts.",
    ),
    (
        {Channel.STYLE: Level.MOVED},
        Verdict.UNEXPLAINED,
        "The model changed: its answers moved, given their prompts.",
    ),
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
    return next(verdict for when, verdict, _ in TABLE if all(levels[c] is level for c, level in when.items()))


def verdict_of(channel: Channel) -> Verdict:
    """The verdict that a move of `channel` alone gives."""
    return next(verdict for when, verdict, _ in TABLE if when == {channel: Level.MOVED})


def words(verdict: Verdict) -> str:
    """One sentence that says what a verdict means."""
    return next((text for _, v, text in TABLE if v is verdict), BLIND_WORDS)


class Mover(msgspec.Struct, frozen=True):
    """A column that carries evidence: its name, what its move means in words, its share of the evidence (0 to 1)."""

    column: str
    move: str
    share: float


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
    ids of exchanges that show it most. `opinions` are on the first mover: asked as of `opened`, and once more when more
    of the move has been seen; they decide nothing. Times are Unix seconds of the exchanges, None when records carry
    none.
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
