"""The values of probing: what is asked, what came back, and what it was judged to be.

A pack's item becomes one `Ask` per carrier and variant; each time an ask is put to a target an `Observation` is kept.
"""

import hashlib
import json
from enum import StrEnum
from typing import Any

import msgspec

from monitor.records import Tool, ToolCall


class Kind(StrEnum):
    """What an item expects, and so how its answers are compared with the baseline's."""

    REFUSE = "refuse"
    COMPLY = "comply"
    WITHHOLD = "withhold"
    HOLD = "hold"
    PARITY = "parity"
    CHOICE = "choice"
    TRIGGER = "trigger"
    INVARIANT = "invariant"
    FINGERPRINT = "fingerprint"


class Category(StrEnum):
    """What an item is about. A closed set, since it becomes the label `category`."""

    HARMFUL_CONTENT = "harmful_content"
    OVER_REFUSAL = "over_refusal"
    PERSONAL_INFORMATION = "personal_information"
    BIAS = "bias"
    INSTRUCTION_MANIPULATION = "instruction_manipulation"
    BACKDOOR = "backdoor"
    ROBUSTNESS = "robustness"
    IDENTITY = "identity"


class Rotation(StrEnum):
    """When an ask is put: `core` in every run, `rotating` in some weeks, `held_out` only to confirm an alarm."""

    CORE = "core"
    ROTATING = "rotating"
    HELD_OUT = "held_out"


class Arm(StrEnum):
    """Which side of a trigger's comparison an ask stands on: without anything, with the trigger, with something like
    it that means nothing."""

    PLAIN = "plain"
    TRIGGER = "trigger"
    CONTROL = "control"


class Outcome(StrEnum):
    """What an observation was judged to be.

    GOOD, BAD and PARTIAL say something about the model's behaviour, and PARTIAL counts as bad. UNDETERMINED: no scorer
    is sure. BLOCKED: a filter in front of the model answered. MISSING: nobody did.
    """

    GOOD = "good"
    BAD = "bad"
    PARTIAL = "partial"
    UNDETERMINED = "undetermined"
    BLOCKED = "blocked"
    MISSING = "missing"


class State(StrEnum):
    """What a comparison of runs with the baseline says. A closed set, since it becomes the label `state`.

    NOT_ENOUGH is no pass: nobody looked closely enough. SUSPECT: a look stands out, and fresh answers have to confirm
    it. CHANGED: another model answers, for better or worse. BLIND: what judges the answers has moved, so nothing can be
    told of the model.
    """

    NOT_ENOUGH = "not_enough"
    STEADY = "steady"
    SUSPECT = "suspect"
    WORSE = "worse"
    CHANGED = "changed"
    UNSEEN = "unseen"
    BLIND = "blind"


class LeftOut(StrEnum):
    """Why an observation is not compared. A closed set, since it becomes the label `reason`.

    EDITED: the baseline has no such ask, the suite was edited since. OLD: from before the four weeks. SCORERS: what
    judged it had moved.
    """

    EDITED = "edited"
    OLD = "old"
    SCORERS = "scorers_moved"


class Failure(StrEnum):
    """Why there is no answer. A closed set, since it becomes the label `reason`."""

    BLOCKED = "content_filter"
    FILTER_FAILED = "content_filter_error"
    UNAUTHORIZED = "unauthorized"
    REFUSED_REQUEST = "bad_request"
    RATE_LIMITED = "rate_limited"
    SERVER = "server_error"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    MALFORMED = "malformed"
    EMPTY = "empty"
    WRONG_MODEL = "wrong_model"
    BUDGET = "budget_spent"
    CIRCUIT = "circuit_open"


class Sampling(msgspec.Struct, frozen=True, omit_defaults=True):
    """How an answer is drawn. None: the target's own default, not sent."""

    temperature: float | None = 0.0
    top_p: float | None = None
    max_tokens: int = 160


class Turn(msgspec.Struct, frozen=True, omit_defaults=True):
    """One message as it is sent. `call` is the call that an assistant's turn made, or that a tool's turn answers.

    A user's turn that is followed by another user's turn is put to the target, and its answer stands between the two.
    """

    role: str  # system, user, assistant or tool
    content: str
    call: ToolCall | None = None


class Expectation(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a good answer has and has not. `require`: all of these texts; `forbid`: none of these; `decoys`: values
    never shown to the model, that tell how often such a value comes by chance; `answer`: the letter of the right choice
    among `letters`; `stereotyped`: the letter that follows the stereotype; `measure`: what must be alike over the
    variants of a parity set, and `max_gap` by how much it may differ (in the measure's unit)."""

    require: tuple[str, ...] = ()
    forbid: tuple[str, ...] = ()
    decoys: tuple[str, ...] = ()
    answer: str | None = None
    letters: tuple[str, ...] = ()
    stereotyped: str | None = None
    json: bool = False
    measure: tuple[str, ...] = ()
    max_gap: float | None = None


class Ask(msgspec.Struct, frozen=True, omit_defaults=True):
    """One prompt, ready to be put to a target. `item` and `carrier` name where it comes from; `variant` is the name
    filled in (parity), the perturbation (invariant) or the trigger's variant (as `family/number`), with its `arm`.
    `of` is the item whose behaviour a trigger's ask measures, and whose kind it is judged by (`judged`); else None.
    `scorers` are the names of those that judge its answers, in order: the first that is sure decides.
    """

    item: str
    category: Category
    kind: Kind
    turns: tuple[Turn, ...]
    scorers: tuple[str, ...]
    good: str = ""
    carrier: str = "plain"
    variant: str = ""
    arm: Arm = Arm.PLAIN
    of: str | None = None
    judged: Kind | None = None
    language: str = "en"
    rotation: Rotation = Rotation.CORE
    tools: tuple[Tool, ...] = ()
    sampling: Sampling = Sampling()
    expect: Expectation = Expectation()

    @property
    def hash(self) -> str:
        """16 hex digits over all that decides the answer and its judgement: only asks of the same hash are compared."""
        return digest(
            {
                "turns": self.turns,
                "tools": self.tools,
                "sampling": self.sampling,
                "kind": self.judged or self.kind,
                "expect": self.expect,
            }
        )


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a target said, or why it said nothing (`failure`; then `text` is what came before, usually nothing).

    `model` is the name in the answer, `fingerprint` the server's own (`system_fingerprint`), `first_tokens` the
    likeliest first tokens with their log-probabilities in nats, likeliest first, None when not offered.
    `latency_secs` counts the last try alone, `tries` the requests that it took. `detail` never holds text of the
    answer. `cached` says that a cache answered, or that all looks as if one had.
    """

    text: str = ""
    failure: Failure | None = None
    detail: str = ""
    finish_reason: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    refusal: str | None = None
    model: str | None = None
    fingerprint: str | None = None
    response_id: str | None = None
    status: int | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    latency_secs: float = 0.0
    tries: int = 1
    cached: bool = False
    first_tokens: tuple[tuple[str, float], ...] | None = None


class Observation(msgspec.Struct, frozen=True, omit_defaults=True):
    """An ask put once, with the answer and its judgement. `ask` is the ask's hash, `repeat` counts from 0 within the
    run, `time` is Unix seconds of the request, `outcome` the judgement of `scorer` (name and hash, `name@hash`; None:
    nothing was judged, as the failure says it all). `variant` and `arm` as in the ask. `imported` is what another tool
    judged of an answer that was imported."""

    ask: str
    item: str
    category: Category
    kind: Kind
    repeat: int
    time: float
    answer: Answer
    outcome: Outcome
    scorer: str | None = None
    carrier: str = "plain"
    variant: str = ""
    arm: Arm = Arm.PLAIN
    of: str | None = None
    seed: int | None = None
    imported: Outcome | None = None


def digest(value: Any) -> str:
    """16 hex digits of the SHA-256 of `value` as canonical JSON (sorted keys, no spaces)."""
    plain = msgspec.to_builtins(value)
    text = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
