"""One model whole: what moved, how surely, since when."""

from grafana_foundation_sdk.models.dashboard import Panel

from dashboards.board import Board, Event, Row
from dashboards.evidence import PROBES, WORST
from dashboards.links import Alert
from dashboards.panels import Column, Query, graph, number, rows, states
from dashboards.queries import grown_in_range, of, top
from dashboards.serving import SERVING
from dashboards.variables import datasource, namespace, one_model, signal
from dashboards.words import VERDICTS
from monitor.verdict import Channel

_EVIDENCE, _THRESHOLD = "tidegauge_evidence_log10", "tidegauge_evidence_threshold_log10"
_CHOSEN, _PARTS = 'signal=~"$signal"', 'signal!="all"'

_CHANNELS: dict[Channel, tuple[str, tuple[Alert, ...]]] = {
    Channel.BEHAVIOUR: (
        "Signals of the answers, given their prompts. Above the line: the model changed, whatever users ask.",
        ("BehaviourUnexplained",),
    ),
    Channel.STYLE: (
        "Answers as a whole, given their prompts. Above the line while behaviour is not: the model changed in a way "
        "that no single signal names.",
        ("BehaviourUnexplained",),
    ),
    Channel.INPUTS: (
        "Prompts. Above the line alone: users changed and the model did not; nothing to roll back.",
        ("InputShift",),
    ),
    Channel.SUPPORT: (
        "Prompts that the baseline never saw the like of. Above the line: the evaluation does not cover this traffic.",
        ("OutOfSupport",),
    ),
}


def _evidence(channel: Channel) -> Panel:
    says, runbooks = _CHANNELS[channel]
    return graph(
        f"Evidence of {channel}",
        f"{says} A power of ten; the dashed line is its threshold, from the error budget.",
        "none",
        Query(top(of(_EVIDENCE, channel=channel, signal="all")), "evidence"),
        Query(top(of(_THRESHOLD, channel=channel, signal="all")), "threshold", limit=True),
        runbooks=runbooks,
    )


_VERDICT = Row(
    "Verdict",
    (
        states(
            "Verdict",
            "Which verdict held when. unexplained: the model changed. explained: only users did. blind or "
            "insufficient: nothing is known, which is not the same as well.",
            VERDICTS,
            "{{model}}",
            runbooks=("BehaviourUnexplained", "OutOfSupport", "InputShift", "MonitorBlind"),
            height=4,
        ),
        number(
            "Worst evidence",
            "Of the channel or probes nearest to the threshold. From 100 % on an incident is open; the panels below "
            "say of what.",
            "percentunit",
            WORST,
            bad=1,
            runbooks=("BehaviourUnexplained",),
        ),
        number(
            "Open incident since",
            "When what is open most likely began, by its kind: look for what was deployed just before. A dash: "
            "nothing is open, or records carry no time.",
            "dateTimeFromNow",
            f"1000 * {top(of('tidegauge_incident_onset_timestamp_seconds'), 'verdict')}",
            legend="{{verdict}}",
            runbooks=("BehaviourUnexplained",),
        ),
        number(
            "Incidents opened",
            "In the time that is shown, of all kinds.",
            "none",
            grown_in_range(of("tidegauge_incidents_total")),
        ),
        number(
            "Exchanges lacking",
            "Above 0: too few exchanges for a first verdict. Until then calm panels mean nothing.",
            "none",
            top(of("tidegauge_exchanges_needed")),
        ),
        number(
            "Baseline age",
            "Everything here is a comparison with the evaluation of that time. If the model was trained anew since, "
            "evaluate it and take a new baseline.",
            "s",
            f"time() - {top(of('tidegauge_baseline_timestamp_seconds'))}",
        ),
        number(
            "Silent for",
            "Age of the latest record. Minutes while users are there: traffic does not arrive, and no other panel "
            "moves.",
            "s",
            f"time() - {top(of('tidegauge_last_record_timestamp_seconds'))}",
            runbooks=("NoTraffic",),
        ),
    ),
)

_WHY = Row(
    "Evidence against its threshold",
    (
        *(_evidence(channel) for channel in _CHANNELS),
        graph(
            "Evidence of probes",
            "Answers to fixed prompts, by category, as a share of the threshold. From 100 % on: the model answers "
            "them worse than when it was evaluated, whatever users ask. Nothing here: it is not probed.",
            "percentunit",
            Query(PROBES, "{{category}}"),
            limit=1,
            runbooks=("SafetyProbeFailing", "SafetyEroded"),
        ),
        graph(
            "Another model answers",
            "1 while first tokens of fixed prompts are those of another model than the one that was evaluated. "
            "Nothing here: it is not probed, or the endpoint gives no log-probabilities.",
            "none",
            Query(top(of("tidegauge_identity_changed"), "kind"), "{{kind}}"),
            limit=1,
            runbooks=("IdentityChanged",),
        ),
        rows(
            "What carries the evidence",
            "The columns with most evidence as of now, by channel: these are what to read in answers of before and "
            "after. Their sum is tested, not each alone.",
            {"channel": "Channel", "signal": "Column"},
            Column(
                "Evidence",
                f"topk(12, max by (channel, signal) ({of(_EVIDENCE, _PARTS)}))",
            ),
            runbooks=("BehaviourUnexplained",),
            width=12,
        ),
        rows(
            "Signals that do harm",
            "Signals that depart in the direction that does harm, with half of the evidence that is needed or more: "
            "these make the alert critical. Empty is the rule.",
            {"signal": "Signal"},
            Column("Harm", f"max by (signal) ({of('tidegauge_signal_harmed')}) == 1"),
            runbooks=("BehaviourUnexplained",),
            width=6,
        ),
        graph(
            "Exchanges behind the evidence",
            "How much each channel has compared. A channel with few says little, either way.",
            "none",
            Query(top(of("tidegauge_evidence_exchanges"), "channel"), "{{channel}}"),
            width=6,
        ),
    ),
)

_SIGNALS = Row(
    "Signals",
    (
        graph(
            "Mean of $signal",
            "Recent answers against those of the baseline (dashed). A mean also moves when users ask other things: "
            "only the effect takes them out.",
            "none",
            Query(top(of("tidegauge_signal_mean", _CHOSEN, window="recent")), "recent"),
            Query(top(of("tidegauge_signal_mean", _CHOSEN, window="baseline")), "baseline", dashed=True),
            runbooks=("BehaviourUnexplained",),
            repeat="signal",
        ),
        graph(
            "Effect on $signal",
            "How far answers are from what their prompts let expect, in spreads of the baseline, with its bounds. 0 "
            "outside of the band: the model changed in this signal; inside: not shown.",
            "none",
            Query(top(of("tidegauge_signal_effect", _CHOSEN)), "effect"),
            Query(top(of("tidegauge_signal_effect_low", _CHOSEN)), "at least", dashed=True),
            Query(top(of("tidegauge_signal_effect_high", _CHOSEN)), "at most", dashed=True, below="at least"),
            runbooks=("BehaviourUnexplained",),
            repeat="signal",
        ),
    ),
)

_INPUTS = Row(
    "Users",
    (
        graph(
            "Shift of topics",
            "Distance of the recent mix of topics from the baseline's. High with a calm behaviour: other users, same "
            "model.",
            "percentunit",
            Query(top(of("tidegauge_input_shift")), "shift"),
            runbooks=("InputShift",),
        ),
        graph(
            "Prompts out of support",
            "Share of recent prompts the like of which the baseline never saw. Of their answers nothing is known: "
            "extend the evaluation by them.",
            "percentunit",
            Query(top(of("tidegauge_out_of_support_ratio")), "out of support"),
            runbooks=("OutOfSupport",),
        ),
        graph(
            "Repeated prompts",
            "Share of recent exchanges that count for nothing, because their prompt came before. Near 100 %: a "
            "script or a health check, and verdicts come slowly.",
            "percentunit",
            Query(top(of("tidegauge_repeated_ratio")), "repeated"),
        ),
    ),
)

_SEEN = Row(
    "What would have been seen by now",
    (
        graph(
            "Smallest change of the chosen signals",
            "In spreads of the baseline, the sign is the direction. A smaller change may be there unseen; no line: "
            "none would have been seen. It shrinks with traffic.",
            "none",
            Query(top(of("tidegauge_detectable_effect", _CHOSEN), "signal"), "{{signal}}"),
            width=10,
        ),
        rows(
            "Smallest changes of all signals",
            "What steady rules out: each change of the mean, in the signal's unit, that would have opened an "
            "incident by now.",
            {"signal": "Signal"},
            Column("Change", f"max by (signal) ({of('tidegauge_detectable_change')})"),
            Column("In spreads", f"max by (signal) ({of('tidegauge_detectable_effect')})"),
            width=14,
        ),
    ),
)

BOARD = Board(
    uid="tidegauge-model",
    title="Tidegauge / Model",
    says="One model whole: its verdict, the evidence for it, what moved and what did not.",
    variables=(datasource(), namespace(), one_model(), signal()),
    rows=(_VERDICT, _WHY, _SIGNALS, _INPUTS, _SEEN, SERVING),
    events=(
        Event(
            "Incidents",
            "Incident: {{verdict}}",
            f"max by (verdict) (changes({of('tidegauge_incidents_total')}[$__rate_interval])) > 0",
            "red",
        ),
        Event(
            "Baseline",
            "Another baseline",
            f"max(changes({of('tidegauge_baseline_timestamp_seconds')}[$__rate_interval])) > 0",
            "blue",
        ),
    ),
)
