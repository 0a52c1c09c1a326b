"""The routes. `Board` is the exporter that the pages read; the application is plain ASGI."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from monitor.exporters.exposition import exposition
from monitor.report import ModelReport, MonitorReport, ProbesReport, as_seen_at
from monitor.verdict import Channel
from monitor.web.page import render

HANG_SECS = 60.0
"""A poll loop that has not come round for so long hangs: the process should be restarted."""

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


class Board:
    """Holds the latest report for those who read it. `now` gives Unix seconds."""

    def __init__(self, *, now: Callable[[], float]) -> None:
        self._now = now
        self._report: MonitorReport | None = None

    def export(self, report: MonitorReport) -> None:
        self._report = report

    def latest(self) -> MonitorReport | None:
        """The report as it must be read now; None before the first."""
        return None if self._report is None else as_seen_at(self._report, self._now())


def application(
    *, board: Board, registry: CollectorRegistry, loop_age: Callable[[], float], config: Mapping[str, Any]
) -> Starlette:
    """The web face of one monitor. `loop_age` gives seconds since the poll loop last came round, `config` the
    effective settings with secrets masked."""

    async def metrics(request: Request) -> Response:
        body, content_type = await run_in_threadpool(exposition, registry, request.headers.get("accept", ""))
        return Response(body, headers={"Content-Type": content_type})

    async def health(_: Request) -> Response:
        age = loop_age()
        if age > HANG_SECS:
            return PlainTextResponse(f"the poll loop has hung for {age:.0f} s\n", status_code=503)
        return PlainTextResponse("ok\n")

    async def ready(_: Request) -> Response:
        report = board.latest()
        if report is None or not report.ready:
            return PlainTextResponse("no source has answered yet\n", status_code=503)
        return PlainTextResponse("ok\n")

    async def verdicts(_: Request) -> Response:
        keys = (
            "name",
            "verdict",
            "meaning",
            "blind",
            "exchanges",
            "needed",
            "baseline_id",
            "input_shift",
            "out_of_support",
            "readers",
        )
        return _json(
            [
                {key: getattr(m, key) for key in keys}
                | {"spans": m.spans, "incidents": m.incidents}
                | {"evidence": _evidence(m)}
                for m in _models(board)
            ]
        )

    async def incidents(_: Request) -> Response:
        return _json([{"model": m.name, **msgspec.to_builtins(i)} for m in _models(board) for i in m.incidents])

    async def signals(_: Request) -> Response:
        return _json([{"model": m.name, "channels": m.channels, "topics": m.topics} for m in _models(board)])

    async def probes(_: Request) -> Response:
        return _json([{"model": m.name, **_probes(m.probes)} for m in _models(board) if m.probes is not None])

    async def settings(_: Request) -> Response:
        return _json(config)

    async def page(request: Request) -> Response:
        return HTMLResponse(render(board.latest(), request.query_params.get("model")), headers=_HEADERS)

    return Starlette(
        routes=[
            Route("/", page),
            Route("/metrics", metrics),
            Route("/healthz", health),
            Route("/readyz", ready),
            Route("/api/v1/verdicts", verdicts),
            Route("/api/v1/incidents", incidents),
            Route("/api/v1/signals", signals),
            Route("/api/v1/probes", probes),
            Route("/api/v1/config", settings),
        ],
        middleware=[Middleware(GZipMiddleware, compresslevel=1)],  # series repeat themselves: a thirtieth is left
    )


def _models(board: Board) -> tuple[Any, ...]:
    report = board.latest()
    return () if report is None else report.models


def _without_columns(channel: Any) -> dict[str, Any]:
    return {k: v for k, v in msgspec.structs.asdict(channel).items() if k != "columns"}


def _evidence(model: ModelReport) -> dict[Channel, Any]:
    """Per channel, without its columns."""
    done = model.probes and model.probes.compared
    return {c: _without_columns(known) for c, known in model.channels.items()} | dict(done.findings if done else {})


def _probes(probes: ProbesReport) -> dict[str, Any]:
    """Outcomes as a list: JSON has no keys of three parts."""
    counted = [
        dict(zip(("suite", "category", "outcome", "n"), (*k, n), strict=True)) for k, n in probes.outcomes.items()
    ]
    return msgspec.structs.asdict(probes) | {"outcomes": counted}


def _json(body: Any) -> Response:
    return Response(msgspec.json.encode(body), media_type="application/json", headers={"Cache-Control": "no-store"})
