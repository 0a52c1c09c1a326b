"""All models at a glance: which one needs a look."""

from dashboards.board import Board, Row
from dashboards.evidence import WORST
from dashboards.panels import Column, Query, graph, number, rows, states
from dashboards.queries import grown, grown_in_range, of, per_sec, top
from dashboards.variables import datasource, models, namespace
from dashboards.words import VERDICTS

_BASELINE_AGE = f"time() - {top(of('tidegauge_baseline_timestamp_seconds'))}"
_SILENT = f"time() - {top(of('tidegauge_last_record_timestamp_seconds'))}"


def _with_verdict(word: str) -> str:
    """How many models have this verdict."""
    return f"sum({top(of('tidegauge_verdict', verdict=word))})"


_NOW = Row(
    "Now",
    (
        number(
            "Models that changed",
            "Verdict unexplained. Above 0: answers changed in a way that users do not explain. Open the model, its "
            "incident, and the runbook; roll back if what moved does harm.",
            "none",
            _with_verdict("unexplained"),
            bad=1,
            runbooks=("BehaviourUnexplained",),
        ),
        number(
            "Blind models",
            "Above 0: nobody watches these models now, so silence about them means nothing. Look at the monitor "
            "before you believe any other panel.",
            "none",
            _with_verdict("blind"),
            bad=1,
            runbooks=("MonitorBlind",),
        ),
        number(
            "Models out of support",
            "Above 0: users ask what the evaluation never asked, so nothing is known of these answers. Not a change "
            "of the model: extend the evaluation.",
            "none",
            _with_verdict("out_of_support"),
            bad=1,
            runbooks=("OutOfSupport",),
        ),
        number(
            "Models with other users",
            "Verdict explained: users changed, the model answers them as it was evaluated. Nothing to do tonight.",
            "none",
            _with_verdict("explained"),
            runbooks=("InputShift",),
        ),
        number(
            "Models watched",
            "How many models report at all. Fewer than you serve: one is not in the settings, or its monitor is gone.",
            "none",
            f"count({top(of('tidegauge_verdict', verdict='blind'))})",
            runbooks=("MonitorBlind",),
        ),
        number(
            "Incidents opened",
            "In the time that is shown, of all kinds. Many that opened and closed again: look for a deployment that "
            "goes back and forth.",
            "none",
            grown_in_range(of("tidegauge_incidents_total")),
        ),
        rows(
            "Models",
            "Every model as of now; click its name to see it whole. Worst evidence: of the channel or probes nearest "
            "to its threshold; 100 % opens an incident, negative is calm. Silent: how long ago its latest record "
            "was.",
            {"namespace": "Namespace", "model": "Model"},
            Column("Verdict", VERDICTS.number(), words=VERDICTS),
            Column("Worst evidence", WORST, "percentunit", bad=1),
            Column("Exchanges lacking", top(of("tidegauge_exchanges_needed"))),
            Column("Baseline age", _BASELINE_AGE, "s"),
            Column("Silent", _SILENT, "s"),
            runbooks=("BehaviourUnexplained", "MonitorBlind"),
        ),
    ),
)

_COURSE = Row(
    "Course",
    (
        states(
            "Verdicts",
            "Which verdict held when; click a bar to open its model. Several models that turn at once have something "
            "in common: their base, their server, or what reads them.",
            VERDICTS,
            "{{namespace}} {{model}}",
            runbooks=("BehaviourUnexplained", "OutOfSupport", "InputShift", "MonitorBlind"),
            height=8,
        ),
        graph(
            "Worst evidence",
            "Evidence of the worst channel as a share of its threshold. At 100 % an incident opens; what climbs "
            "steadily will get there, what wanders below 0 is calm.",
            "percentunit",
            Query(WORST, "{{namespace}} {{model}}"),
            limit=1,
            runbooks=("BehaviourUnexplained",),
        ),
        graph(
            "Traffic",
            "Exchanges measured. One model at 0 while others are not: its traffic goes elsewhere, or its name "
            "changed. All at 0: look at the monitor.",
            "cps",
            Query(per_sec(of("tidegauge_exchanges_total"), "namespace", "model"), "{{namespace}} {{model}}"),
            runbooks=("NoTraffic",),
        ),
        graph(
            "When incidents opened",
            "When incidents opened, by what they were. unexplained is the one to act on.",
            "none",
            Query(grown(of("tidegauge_incidents_total"), "verdict"), "{{verdict}}"),
            stacked=True,
            runbooks=("BehaviourUnexplained", "OutOfSupport", "InputShift"),
        ),
    ),
)

BOARD = Board(
    uid="tidegauge-fleet",
    title="Tidegauge / Fleet",
    says="All models at a glance: verdicts, the worst evidence, traffic. Start here.",
    variables=(datasource(), namespace(), models()),
    rows=(_NOW, _COURSE),
)
