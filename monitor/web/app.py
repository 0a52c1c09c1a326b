"""The routes over a board; the application is plain ASGI."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from hashlib import sha256
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
from monitor.report import ModelReport
from monitor.verdict import Channel
from monitor.web.board import Board
from monitor.web.bundle import Bundle, plain_probes
from monitor.web.document import asset, style
from monitor.web.page import render

HANG_SECS = 60.0
"""A poll loop that has not come round for so long hangs: the process should be restarted."""

_KEPT_BY_NOBODY = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
_POLICY = (
    "default-src 'none'; style-src {style}; script-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = _KEPT_BY_NOBODY | {"Content-Security-Policy": _POLICY.format(style="'self'")}


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
                | {"spans": m.spans, "incidents": m.incidents, "epochs": m.epochs}
                | {"evidence": _evidence(m)}
                for m in _models(board)
            ]
        )

    async def incidents(_: Request) -> Response:
        return _json([{"model": m.name, **msgspec.to_builtins(i)} for m in _models(board) for i in m.incidents])

    async def signals(_: Request) -> Response:
        return _json([{"model": m.name, "channels": m.channels, "topics": m.topics} for m in _models(board)])

    async def probes(_: Request) -> Response:
        return _json([{"model": m.name, **plain_probes(m.probes)} for m in _models(board) if m.probes is not None])

    async def settings(_: Request) -> Response:
        return _json(config)

    async def page(request: Request) -> Response:
        asked = (request.query_params.get(name) for name in ("model", "incident"))
        return HTMLResponse(render(board.latest(), *asked, looks=board.looks, during=board.during), headers=_HEADERS)

    async def style_sheet(_: Request) -> Response:
        return Response(style(), media_type="text/css", headers=_KEPT_BY_NOBODY)

    async def script(_: Request) -> Response:
        return Response(asset("page.js"), media_type="text/javascript", headers=_KEPT_BY_NOBODY)

    async def incident(request: Request) -> Response:
        bundle, refused = _bundle(board, request)
        return _json(bundle.plain()) if bundle is not None else _json(refused, status=404)

    async def incident_page(request: Request) -> Response:
        bundle, refused = _bundle(board, request)
        if bundle is None:
            return PlainTextResponse(f"{refused['error']}\n", status_code=404, headers=_KEPT_BY_NOBODY)
        digest = b64encode(sha256(style().encode()).digest()).decode()
        headers = _KEPT_BY_NOBODY | {"Content-Security-Policy": _POLICY.format(style=f"'sha256-{digest}'")}
        return HTMLResponse(bundle.page(), headers=headers)

    return Starlette(
        routes=[
            Route("/", page),
            Route("/page.css", style_sheet),
            Route("/page.js", script),
            Route("/incident.html", incident_page),
            Route("/metrics", metrics),
            Route("/healthz", health),
            Route("/readyz", ready),
            Route("/api/v1/verdicts", verdicts),
            Route("/api/v1/incidents", incidents),
            Route("/api/v1/incident", incident),
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
    return {c: _without_columns(known) for c, known in model.evidence.items()}


def _bundle(board: Board, request: Request) -> tuple[Bundle | None, dict[str, Any]]:
    """All about the incident that is asked for, else why there is none and which there are."""
    asked, known = request.query_params.get("id", ""), [i.id for m in _models(board) for i in m.incidents]
    report = board.latest()
    if report is None or asked not in known:
        return None, {"error": f"there is no incident {asked!r}", "known": known}
    return Bundle.of(report, asked, looks=board.looks, during=board.during), {}


def _json(body: Any, *, status: int = 200) -> Response:
    return Response(
        msgspec.json.encode(body),
        status_code=status,
        media_type="application/json",
        headers={"Cache-Control": "no-store"},
    )
