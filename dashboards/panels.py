"""The kinds of panels. Each takes its title, what a tired reader should conclude from it, its unit, its queries, and
the alerts whose runbooks it leads to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import common, prometheus, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.models.common import (
    BigValueGraphMode,
    GraphDrawStyle,
    GraphThresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    StackingMode,
    TooltipDisplayMode,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DataTransformerConfig,
    DynamicConfigValue,
    GridPos,
    Panel,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from dashboards.links import Alert, runbook, to_model
from dashboards.variables import SOURCE
from dashboards.words import Words

_REFS = "ABCDEFGHIJ"
_CALM, _LIMIT = "green", "red"


@dataclass(frozen=True)
class Query:
    """A line of a graph, or one for each of its series; `legend` may name labels, as {{label}}. `dashed` is for what
    the other lines are compared with, in red where it is a `limit`; `below` fills down to the line of that legend."""

    expr: str
    legend: str
    dashed: bool = False
    limit: bool = False
    below: str = ""


@dataclass(frozen=True)
class Column:
    """A column of a table: its PromQL, by the labels that are the table's keys. `words` colours it by what it says,
    `bad` from that value on."""

    title: str
    expr: str
    unit: str = "none"
    words: Words | None = None
    bad: float | None = None


def graph(
    title: str,
    says: str,
    unit: str,
    *queries: Query,
    runbooks: Sequence[Alert] = (),
    width: int = 8,
    limit: float | None = None,
    stacked: bool = False,
    repeat: str | None = None,
) -> Panel:
    """Lines over time; `limit` draws one across; `stacked` bars are for counts, `repeat` makes a graph for each value
    of a variable."""
    made = (
        timeseries.Panel()
        .unit(unit)
        .line_width(1)
        .fill_opacity(60 if stacked else 0)
        .draw_style(GraphDrawStyle.BARS if stacked else GraphDrawStyle.LINE)
        .show_points(VisibilityMode.AUTO)
        .legend(
            common.VizLegendOptions()
            .display_mode(LegendDisplayMode.TABLE)
            .placement(LegendPlacement.BOTTOM)
            .show_legend(True)
            .calcs(["lastNotNull", "max"])
        )
        .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
    )
    if stacked:
        # Of shorter steps the interval of rates is a multiple, and each count would stand on several bars.
        made.stacking(common.StackingConfig().mode(StackingMode.NORMAL)).interval("5m")
    if limit is not None:
        made.thresholds(_steps(limit))
        made.thresholds_style(common.GraphThresholdsStyleConfig().mode(GraphThresholdsStyleMode.DASHED))
    if repeat is not None:
        made.repeat(repeat).repeat_direction("h").max_per_row(3)
    for ref, query in zip(_REFS, queries, strict=False):
        made.with_target(_target(ref, query.expr, query.legend).range())
        if properties := _drawn(query):
            made.override_by_query(ref, properties)
    return _panel(made.build(), title, says, runbooks, width, 8)


def number(
    title: str,
    says: str,
    unit: str,
    expr: str,
    *,
    legend: str = "",
    runbooks: Sequence[Alert] = (),
    width: int = 4,
    bad: float | None = None,
    means: Mapping[int, tuple[str, str]] | None = None,
) -> Panel:
    """One number as of now; red from `bad` on. `means` gives a word and a colour for values."""
    made = stat.Panel().unit(unit).no_value("–").graph_mode(BigValueGraphMode.NONE).thresholds(_steps(bad))
    made.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    made.with_target(_target("A", expr, legend).instant())
    if means is not None:
        said = {str(value): ValueMappingResult(text=word, color=colour) for value, (word, colour) in means.items()}
        made.mappings([ValueMap(said)])
    return _panel(made.build(), title, says, runbooks, width, 4)


def states(
    title: str,
    says: str,
    words: Words,
    legend: str,
    *,
    runbooks: Sequence[Alert] = (),
    height: int = 6,
) -> Panel:
    """Which word held when, in its colour, for each model."""
    made = (
        statetimeline.Panel()
        .unit("none")
        .mappings([words.mapping()])
        .fill_opacity(80)
        .merge_values(True)
        .show_value(VisibilityMode.AUTO)
        .with_target(_target("A", words.number(), legend).range())
    )
    panel = _panel(made.build(), title, says, runbooks, 24, height)
    assert panel.field_config is not None
    assert panel.field_config.defaults is not None
    panel.field_config.defaults.links = [to_model("__field.labels.namespace", "__field.labels.model")]
    return panel


def rows(
    title: str,
    says: str,
    keys: Mapping[str, str],
    *columns: Column,
    runbooks: Sequence[Alert] = (),
    width: int = 24,
    height: int = 8,
) -> Panel:
    """A table as of now. `keys` are the labels that its queries share, each with the head of its column."""
    made = table.Panel().unit("none")
    names = [f"Value #{ref}" for ref in _REFS] if len(columns) > 1 else ["Value"]
    heads = dict(keys) | {name: column.title for name, column in zip(names, columns, strict=False)}
    for ref, column in zip(_REFS, columns, strict=False):
        made.with_target(_target(ref, column.expr, "").instant().format(PromQueryFormat.TABLE))
        made.override_by_name(column.title, _cell(column))
    if "model" in keys:
        link = to_model("__data.fields.Namespace", f"__data.fields.{keys['model']}")
        made.override_by_name(keys["model"], [DynamicConfigValue("links", [link])])
    order = {name: place for place, name in enumerate(heads)}
    made.with_transformation(DataTransformerConfig("merge", options={}))
    organized = {"excludeByName": {"Time": True}, "indexByName": order, "renameByName": heads}
    made.with_transformation(DataTransformerConfig("organize", options=organized))
    return _panel(made.build(), title, says, runbooks, width, height)


def _panel(made: Panel, title: str, says: str, runbooks: Sequence[Alert], width: int, height: int) -> Panel:
    made.title, made.description, made.datasource = title, says, SOURCE
    made.grid_pos = GridPos(w=width, h=height)
    made.links = [runbook(alert) for alert in runbooks]
    return made


def _target(ref: str, expr: str, legend: str) -> prometheus.Dataquery:
    return prometheus.Dataquery().ref_id(ref).expr(expr).legend_format(legend).datasource(SOURCE)


def _drawn(query: Query) -> list[DynamicConfigValue]:
    properties = []
    if query.dashed or query.limit:
        properties.append(DynamicConfigValue("custom.lineStyle", {"fill": "dash", "dash": [10, 10]}))
    if query.limit:
        properties.append(DynamicConfigValue("color", {"mode": "fixed", "fixedColor": _LIMIT}))
    if query.below:
        properties.append(DynamicConfigValue("custom.fillBelowTo", query.below))
        properties.append(DynamicConfigValue("custom.fillOpacity", 15))
    return properties


def _cell(column: Column) -> list[DynamicConfigValue]:
    properties = [DynamicConfigValue("unit", column.unit)]
    if column.words is not None:
        properties.append(DynamicConfigValue("mappings", [column.words.mapping()]))
    if column.bad is not None:
        properties.append(DynamicConfigValue("thresholds", _steps(column.bad).build()))
    if column.words is not None or column.bad is not None:
        properties.append(DynamicConfigValue("custom.cellOptions", {"type": "color-background", "mode": "basic"}))
    return properties


def _steps(bad: float | None) -> ThresholdsConfig:
    """Calm, and from `bad` on not."""
    steps = [Threshold(value=None, color=_CALM)]
    if bad is not None:
        steps.append(Threshold(value=bad, color=_LIMIT))
    return ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)
