"""Fixed prompts that are put to a model: what its answers are worth, what they cost, and whether they still come."""

from dashboards.board import Board, Row
from dashboards.evidence import PROBES
from dashboards.panels import Column, Query, graph, number, rows, states
from dashboards.queries import grown, grown_in_range, of, top
from dashboards.variables import datasource, namespace, one_probed_model
from dashboards.words import PROBE_STATES


def _by_category(series: str) -> str:
    return top(of(series), "category")


_STATE = Row(
    "What they say",
    (
        states(
            "State",
            "worse: the model answers probes worse than when it was evaluated. changed: another model answers. "
            "suspect: fresh answers decide soon. not_enough and blind are no pass.",
            PROBE_STATES,
            "{{model}}",
            runbooks=("SafetyProbeFailing", "SafetyEroded", "IdentityChanged"),
            height=4,
        ),
        number(
            "Identity",
            "Whether the model that was evaluated is the one that answers, by the first tokens of fixed prompts. "
            "another: find out who deployed what. A dash: the endpoint gives no log-probabilities, or nothing was "
            "compared.",
            "none",
            top(of("tidegauge_identity_changed"), "kind"),
            legend="{{kind}}",
            means={0: ("same", "green"), 1: ("another", "red")},
            runbooks=("IdentityChanged",),
        ),
        number(
            "Since the last whole run",
            "More than two of the schedule's periods: what these panels say is old. A dash: no run was whole since "
            "the monitor started.",
            "s",
            f"time() - {top(of('tidegauge_probe_last_success_timestamp_seconds'))}",
            runbooks=("ProbesStale",),
        ),
        number(
            "Next run in",
            "Below 0 for long: runs are due and do not begin.",
            "s",
            f"{top(of('tidegauge_probe_next_run_timestamp_seconds'))} - time()",
            runbooks=("ProbesStale",),
        ),
        number(
            "Last run took",
            "Much longer than usual: the endpoint is slow or busy, and the next runs may not be whole.",
            "s",
            top(of("tidegauge_probe_duration_seconds")),
        ),
        number(
            "Runs that were not whole",
            "In the time that is shown, for any reason. Above 0: less was asked than planned; see the reasons below.",
            "none",
            grown_in_range(of("tidegauge_probe_runs_skipped_total")),
            bad=1,
            runbooks=("ProbesStale", "BudgetSpent"),
        ),
        number(
            "Probes without an answer",
            "In the time that is shown, for any reason. They are never counted as good.",
            "none",
            grown_in_range(of("tidegauge_probe_failures_total")),
            runbooks=("ProbesStale",),
        ),
    ),
)

_CATEGORIES = Row(
    "Categories",
    (
        rows(
            "Categories as compared last",
            "Evidence from 100 % on: answers of that category became worse, beyond doubt. A higher share of bad "
            "answers with less evidence may be chance. Detectable: the smallest rise that is found every second "
            "time.",
            {"category": "Category"},
            Column("Evidence", f"max by (category) ({PROBES})", "percentunit", bad=1),
            Column("Bad", f"max by (category) ({of('tidegauge_probe_bad_ratio')})", "percentunit"),
            Column("Bad before", f"max by (category) ({of('tidegauge_probe_baseline_bad_ratio')})", "percentunit"),
            Column("Detectable", f"max by (category) ({of('tidegauge_probe_detectable_loss')})", "percentunit"),
            Column("Items", f"max by (category) ({of('tidegauge_probe_items')})"),
            runbooks=("SafetyProbeFailing", "SafetyEroded"),
        ),
        graph(
            "Bad answers",
            "Share of bad answers in the runs that are compared, against the evaluated model's (dashed). A step up "
            "is a deployment, a slope is something else.",
            "percentunit",
            Query(_by_category("tidegauge_probe_bad_ratio"), "{{category}}"),
            Query(_by_category("tidegauge_probe_baseline_bad_ratio"), "{{category}} before", dashed=True),
            runbooks=("SafetyProbeFailing", "SafetyEroded"),
        ),
        graph(
            "Evidence",
            "Evidence that answers became worse, as a share of its threshold. At 100 % the state is worse; what "
            "climbs from run to run will get there.",
            "percentunit",
            Query(PROBES, "{{category}}"),
            limit=1,
            runbooks=("SafetyProbeFailing", "SafetyEroded"),
        ),
        graph(
            "Detectable loss",
            "The smallest rise of bad answers that is found every second time. What matters to you must be above it, "
            "or the suite is too small. No line: none would be found.",
            "percentunit",
            Query(_by_category("tidegauge_probe_detectable_loss"), "{{category}}"),
        ),
    ),
)

_ANSWERS = Row(
    "Answers",
    (
        rows(
            "Outcomes in the time that is shown",
            "What answers were judged to be. Many undetermined: the scorer is not sure, and the share of bad ones "
            "rests on few. blocked: a filter in front of the model answered, not the model.",
            {"suite": "Suite", "category": "Category", "outcome": "Outcome"},
            Column("Answers", grown_in_range(of("tidegauge_probe_outcomes_total"), "suite", "category", "outcome")),
            width=12,
        ),
        graph(
            "Outcomes",
            "When runs ended and what their answers were. A night without bars: no run ended.",
            "none",
            Query(grown(of("tidegauge_probe_outcomes_total"), "outcome"), "{{outcome}}"),
            stacked=True,
            width=6,
            runbooks=("SafetyProbeFailing",),
        ),
        graph(
            "Answers that are not compared",
            "edited: the suite changed since the baseline, so take a new one. old: no fresh runs. scorers_moved: "
            "what judges has changed.",
            "none",
            Query(top(of("tidegauge_probe_left_out"), "reason"), "{{reason}}"),
            width=6,
            runbooks=("ScorerAnchorsMoved",),
        ),
    ),
)

_COST = Row(
    "Cost and failures",
    (
        graph(
            "Tokens",
            "Tokens of prompts and answers, from one point to the next. What the budget bounds.",
            "none",
            Query(grown(of("tidegauge_probe_cost_tokens_total"), "model"), "{{model}}"),
            stacked=True,
            width=6,
            runbooks=("BudgetSpent",),
        ),
        graph(
            "Requests",
            "Requests to the endpoint, tries included. Many more than outcomes: the endpoint makes us try again.",
            "none",
            Query(grown(of("tidegauge_probe_requests_total"), "model"), "{{model}}"),
            stacked=True,
            width=6,
            runbooks=("BudgetSpent",),
        ),
        graph(
            "Reasons for no answer",
            "By reason. unauthorized: the key. wrong_model: the endpoint serves another one. rate_limited, timeout, "
            "server_error: its load, not its behaviour.",
            "none",
            Query(grown(of("tidegauge_probe_failures_total"), "reason"), "{{reason}}"),
            stacked=True,
            width=6,
            runbooks=("ProbesStale",),
        ),
        graph(
            "Reasons for runs that were not whole",
            "By reason. target_down, circuit_open: the endpoint. budget_spent: raise the budget or probe less often. "
            "storage: the disk of the monitor.",
            "none",
            Query(grown(of("tidegauge_probe_runs_skipped_total"), "reason"), "{{reason}}"),
            stacked=True,
            width=6,
            runbooks=("BudgetSpent", "ProbesStale"),
        ),
    ),
)

_JUDGES = Row(
    "What judges",
    (
        graph(
            "Anchors judged rightly",
            "Each scorer against answers whose judgement is known. A fall says that the scorer moved: then trust no "
            "verdict of probes until it is mended.",
            "percentunit",
            Query(top(of("tidegauge_scorer_anchor_accuracy"), "scorer"), "{{scorer}}"),
            width=24,
            runbooks=("ScorerAnchorsMoved",),
        ),
    ),
)

BOARD = Board(
    uid="tidegauge-probes",
    title="Tidegauge / Probes",
    says="Fixed prompts put to one model: answers against those of the evaluation, their cost, and whether they come.",
    variables=(datasource(), namespace(), one_probed_model()),
    rows=(_STATE, _CATEGORIES, _ANSWERS, _COST, _JUDGES),
)
