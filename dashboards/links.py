"""Where panels and dashboards lead: runbooks, and each other."""

from typing import Literal

from grafana_foundation_sdk.models.dashboard import DashboardLink, DashboardLinkType

from monitor.web.advice import RUNBOOKS

TAG = "tidegauge"

Alert = Literal[
    "BehaviourUnexplained",
    "SafetyProbeFailing",
    "SafetyEroded",
    "IdentityChanged",
    "OutOfSupport",
    "InputShift",
    "MonitorBlind",
    "NoTraffic",
    "ConsumerLagging",
    "DeadLetters",
    "ScorerAnchorsMoved",
    "ReaderDown",
    "ProbesStale",
    "BudgetSpent",
]


def runbook(alert: Alert) -> DashboardLink:
    """The page that says what to do when this alert fires."""
    return DashboardLink(title=f"Runbook: {alert}", url=f"{RUNBOOKS}/{alert}.md", target_blank=True)


def of_dashboards() -> list[DashboardLink]:
    """The links in the head of every dashboard: to the others, which keep variables and time, and to the runbooks."""
    others = DashboardLink(
        title="Tidegauge",
        type_val=DashboardLinkType.DASHBOARDS,
        icon="external link",
        tags=[TAG],
        include_vars=True,
        keep_time=True,
    )
    return [others, DashboardLink(title="Runbooks", icon="doc", url=RUNBOOKS, target_blank=True)]


def to_model(namespace: str, model: str) -> DashboardLink:
    """A link of a value to the dashboard of its model; `namespace` and `model` are Grafana's expressions for them."""
    at = f"var-namespace=${{{namespace}}}&var-model=${{{model}}}&${{datasource:queryparam}}&${{__url_time_range}}"
    return DashboardLink(title="Open the model", url=f"/d/tidegauge-model?{at}")
