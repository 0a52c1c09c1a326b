"""Series that say a word, as numbers that a panel can colour: one series for each word, 1 for the one that holds."""

from collections.abc import Mapping
from dataclasses import dataclass

from grafana_foundation_sdk.models.dashboard import ValueMap, ValueMappingResult

from dashboards.queries import of, top
from monitor.probing import State
from monitor.verdict import Verdict


@dataclass(frozen=True)
class Words:
    """The words of a series in its label `label`, from calm to bad, and their colours."""

    series: str
    label: str
    colours: Mapping[str, str]

    def number(self) -> str:
        """PromQL for the place of the word that holds, counted from 1; of several monitors the worst."""
        places = (f"{i} * {of(self.series, **{self.label: w})}" for i, w in enumerate(self.colours, start=1))
        return top(" or ".join(places))

    def mapping(self) -> ValueMap:
        """From that place back to the word and its colour."""
        said = enumerate(self.colours.items(), start=1)
        return ValueMap({str(i): ValueMappingResult(text=w, color=c, index=i - 1) for i, (w, c) in said})


VERDICTS = Words(
    "tidegauge_verdict",
    "verdict",
    {
        Verdict.STEADY: "green",
        Verdict.EXPLAINED: "blue",
        Verdict.INSUFFICIENT: "text",
        Verdict.OUT_OF_SUPPORT: "orange",
        Verdict.BLIND: "purple",
        Verdict.UNEXPLAINED: "red",
    },
)

PROBE_STATES = Words(
    "tidegauge_probe_state",
    "state",
    {
        State.STEADY: "green",
        State.NOT_ENOUGH: "text",
        State.UNSEEN: "super-light-orange",
        State.SUSPECT: "yellow",
        State.BLIND: "purple",
        State.CHANGED: "orange",
        State.WORSE: "red",
    },
)
