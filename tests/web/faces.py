"""A real server over a board, for those who look at it."""

from contextlib import contextmanager
from types import SimpleNamespace

import httpx
from reports import NOW

from monitor.exporters.prometheus import PrometheusExporter, process_registry
from monitor.web.app import application
from monitor.web.board import Board
from monitor.web.server import Server


@contextmanager
def serving(*reports, config=None, now=NOW, port=0):
    """A server over a board that was given the reports; `face` lets a test turn its clock and its loop's age."""
    face = SimpleNamespace(now=now, loop_age=0.0)
    registry, board = process_registry(), Board(now=lambda: face.now)
    exporter = PrometheusExporter(registry=registry, now=lambda: face.now)

    def export(each):
        board.export(each)
        exporter.export(each)

    for each in reports:
        export(each)
    app = application(board=board, registry=registry, loop_age=lambda: face.loop_age, config=config or {})
    with (
        Server(app, host="127.0.0.1", port=port) as server,
        httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=30) as client,
    ):
        face.get, face.export, face.port = client.get, export, server.port
        face.close = lambda: server.__exit__(None, None, None)
        yield face
