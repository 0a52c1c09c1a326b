"""A dashboard: what stands on it, and its JSON."""

import copy
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders.dashboard import Dashboard as Builder
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import (
    AnnotationContainer,
    AnnotationQuery,
    Dashboard,
    DashboardCursorSync,
    DashboardDashboardTemplating,
    GridPos,
    Panel,
    RowPanel,
    VariableModel,
)

from dashboards.links import TAG, of_dashboards
from dashboards.variables import SOURCE

_COLUMNS = 24


@dataclass(frozen=True)
class Row:
    """Panels under a title, from left to right and from top to bottom; `folded` until somebody opens it."""

    title: str
    panels: Sequence[Panel]
    folded: bool = False


@dataclass(frozen=True)
class Event:
    """What is marked on the graphs of a dashboard: PromQL that is above 0 when it happens; `title` may name labels, as
    {{label}}."""

    name: str
    title: str
    expr: str
    colour: str


@dataclass(frozen=True)
class Board:
    """One dashboard. `uid` is its address and stays."""

    uid: str
    title: str
    says: str
    variables: Sequence[VariableModel]
    rows: Sequence[Row]
    events: Sequence[Event] = ()


def text(board: Board) -> str:
    """The JSON that Grafana reads: the classic schema, the same bytes for the same board."""
    return json.dumps(_dashboard(board), cls=JSONEncoder, indent=2, sort_keys=True) + "\n"


def _dashboard(board: Board) -> Dashboard:
    made = (
        Builder(board.title)
        .uid(board.uid)
        .description(board.says)
        .tags([TAG])
        .readonly()
        .time("now-24h", "now")
        .refresh("1m")
        .timezone("browser")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .build()
    )
    made.templating = DashboardDashboardTemplating(list_val=list(board.variables))
    made.annotations = AnnotationContainer(list_val=[_annotation(event) for event in board.events])
    made.links = of_dashboards()
    made.panels = list(_placed(board.rows))
    return made


class _Annotation(AnnotationQuery):
    """One of Prometheus: the SDK does not know the form of its title."""

    title_format = ""

    def to_json(self) -> dict[str, object]:
        return super().to_json() | {"titleFormat": self.title_format}


def _annotation(event: Event) -> AnnotationQuery:
    made = _Annotation(name=event.name, datasource=SOURCE, expr=event.expr, icon_color=event.colour)
    made.title_format = event.title
    return made


def _placed(rows: Sequence[Row]) -> Iterator[Panel | RowPanel]:
    """Panels with their numbers and places, rows before the panels that are theirs; a folded row holds its own."""
    number, y = 1, 0
    for row in rows:
        head = RowPanel(
            title=row.title, collapsed=row.folded, id_val=number, grid_pos=GridPos(x=0, y=y, w=_COLUMNS, h=1)
        )
        panels, y = _flowed(row.panels, number + 1, y + 1)
        number += 1 + len(panels)
        head.panels = panels if row.folded else []
        yield head
        if not row.folded:
            yield from panels


def _flowed(panels: Sequence[Panel], number: int, y: int) -> tuple[list[Panel], int]:
    """Panels line by line from `y` on, numbered from `number` on; and where the next line begins."""
    placed, x, line = [], 0, 0
    for i, panel in enumerate(panels):
        size = panel.grid_pos
        assert size is not None
        if x + size.w > _COLUMNS:
            x, y, line = 0, y + line, 0
        one = copy.copy(panel)
        one.id_val, one.grid_pos = number + i, GridPos(x=x, y=y, w=size.w, h=size.h)
        placed.append(one)
        x, line = x + size.w, max(line, size.h)
    return placed, y + line
