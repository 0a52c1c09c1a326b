"""Grafana dashboards as code: each module that ends up in DASHBOARDS is one dashboard. `make dashboards` writes their
JSON to `dashboards/grafana`, from where Grafana provisions it."""

from collections.abc import Mapping

from dashboards import fleet, model, monitor, probes
from dashboards.board import Board

DASHBOARDS: Mapping[str, Board] = {
    "fleet": fleet.BOARD,
    "model": model.BOARD,
    "probes": probes.BOARD,
    "monitor": monitor.BOARD,
}
