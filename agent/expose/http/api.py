"""The HTTP interface for programs: metrics, health, devices and readings as JSON."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Query, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse, StreamingResponse
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.config.web import Web
from agent.expose import json_model
from agent.expose.device_info import DeviceView, condition
from agent.expose.http.basic_auth import BasicAuth
from agent.expose.http.compression import GZIP_FROM_BYTES, gzipped
from agent.expose.http.same_origin import from_own_page
from agent.expose.prometheus.exposition import PrometheusExposition
from agent.expose.prometheus.exposition_format import accepts_gzip, negotiate
from agent.expose.prometheus.own_metrics import agent_version
from agent.model.catalogue import CATALOGUE
from agent.model.values import Reading
from agent.store.latest import Store

_READINGS_PER_CHUNK = 500  # about 2 ms of work before the polls may run again
_NAME_LENGTH = 256

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

Reload = Callable[[], Awaitable[tuple[bool, str]]]
"""Reloads the configuration; returns whether it did, and a message."""

_Name = Annotated[str | None, Query(max_length=_NAME_LENGTH)]


def create_app(
    store: Store,
    exposition: PrometheusExposition,
    devices: Sequence[DeviceView],
    ready: Callable[[], bool],
    web: Web | None = None,
    reload: Reload | None = None,
) -> FastAPI:
    """Return the application. ``devices`` is read on every request; all must be in ``store``.

    With users in ``web``, every path requires a password, including the health checks. ``reload``
    is available as ``POST /-/reload`` if it is given; all other routes are read-only. No page
    loads anything from another host.
    """
    app = FastAPI(
        title="rackagent",
        version=agent_version(),
        description="Readings of a rack's power, cooling and network devices.",
        docs_url=None,
        redoc_url=None,
    )
    web = web or Web()
    if web.users:
        app.add_middleware(BasicAuth, users=web.users)
    app.add_middleware(SecurityHeaders, extra=web.headers)  # outermost: a 401 has them too
    _add_metrics(app, exposition)
    _add_health(app, ready)
    _add_api(app, store, devices)
    if reload is not None:
        _add_reload(app, reload)
    return app


class SecurityHeaders:
    """ASGI middleware: adds headers that a route did not set; ``extra`` override the defaults."""

    def __init__(self, app: ASGIApp, extra: Mapping[str, str]) -> None:
        self._app = app
        self._headers = {**_HEADERS, **extra}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application and add the headers to the start of its response."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _add_metrics(app: FastAPI, exposition: PrometheusExposition) -> None:
    formats: dict[str, Any] = {"text/plain": {}, "application/openmetrics-text": {}}

    @app.get("/metrics", response_class=Response, responses={200: {"content": formats}})
    async def metrics(request: Request) -> Response:
        """Return all fresh readings and the agent's metrics, as Prometheus text or OpenMetrics."""
        form = negotiate(request.headers.get("accept", ""))
        headers = {"Content-Type": form.value, "Vary": "Accept, Accept-Encoding"}
        body = exposition.render(form)
        wants_gzip = accepts_gzip(request.headers.get("accept-encoding", ""))
        if wants_gzip and len(body) >= GZIP_FROM_BYTES:
            body = await gzipped(body)
            headers["Content-Encoding"] = "gzip"
        return Response(body, headers=headers)


def _add_health(app: FastAPI, ready: Callable[[], bool]) -> None:
    @app.get("/-/healthy", response_class=PlainTextResponse)
    async def healthy() -> str:
        """Return 200 while the process runs."""
        return "healthy\n"

    @app.get(
        "/-/ready",
        response_class=PlainTextResponse,
        responses={503: {"description": "The first poll cycle is not complete."}},
    )
    async def is_ready() -> PlainTextResponse:
        """Return 200 once every device was polled, 503 before."""
        if ready():
            return PlainTextResponse("ready\n")
        return PlainTextResponse("waiting for the first cycle\n", status_code=503)


def _add_reload(app: FastAPI, reload: Reload) -> None:
    refused: dict[int | str, dict[str, Any]] = {
        403: {"description": "Sent by a page of another site."},
        409: {"description": "The file is invalid; the current configuration is kept."},
    }

    @app.post("/-/reload", response_class=PlainTextResponse, responses=refused)
    async def reload_configuration(request: Request) -> PlainTextResponse:
        """Reload the configuration file; 409 gives the reason why the current one is kept."""
        if not from_own_page(request.headers):
            raise HTTPException(403, "only a page of this agent may send this request")
        done, text = await reload()
        return PlainTextResponse(f"{text}\n", status_code=200 if done else 409)


def _add_api(app: FastAPI, store: Store, devices: Sequence[DeviceView]) -> None:
    missing: dict[int | str, dict[str, Any]] = {404: {"description": "Unknown device or metric."}}

    @app.get("/api/v1/devices", response_class=JSONResponse)
    async def list_devices() -> JSONResponse:
        """Return every configured device with the state of its polls."""
        return JSONResponse({"devices": [_device(store, view) for view in devices]})

    @app.get(
        "/api/v1/readings",
        response_class=Response,
        responses={200: {"content": {"application/json": {}}}, **missing},
    )
    async def list_readings(device: _Name = None, metric: _Name = None) -> StreamingResponse:
        """Return every fresh reading, also bad ones; limited to one device or metric if given."""
        if device is not None and device not in store.devices:
            raise HTTPException(404, f"no device {device!r} is configured")
        if metric is not None and metric not in CATALOGUE:
            raise HTTPException(404, f"metric {metric!r} does not exist")
        found = (r for r in store.readings(device) if metric is None or r.metric == metric)
        return StreamingResponse(_readings_json(found), media_type="application/json")


def _device(store: Store, view: DeviceView) -> json_model.Json:
    state = store.device(view.name)
    return {
        "name": view.name,
        "rack": view.rack,
        "site": view.site,
        "kind": state.kind or view.kind or None,
        "profile": state.profile or view.profile or None,
        "url": view.address,
        "labels": dict(view.labels),
        "state": condition(state),
        "up": state.up,
        "identity": json_model.identity(state.identity),
        "last_poll": {
            "started_at": _timestamp(state.last_started_at),
            "duration_s": state.last_duration_s,
        },
        "last_success_at": _timestamp(state.last_success_at),
        "polls": state.polls,
        "readings": sum(len(block.series) for block in state.blocks(store.steady_now())),
        "failures": [json_model.failure(failure) for failure in state.failures],
        "failure_counts": dict(state.failure_counts),
    }


def _timestamp(unix_s: float | None) -> str | None:
    return None if unix_s is None else json_model.timestamp(unix_s)


async def _readings_json(found: Iterable[Reading]) -> AsyncIterator[str]:
    """Yield one JSON object in pieces, so that 100,000 readings do not delay the polls."""
    remaining = iter(found)
    lead = '{"readings": ['
    while chunk := list(islice(remaining, _READINGS_PER_CHUNK)):
        objects = ({"device": r.device} | json_model.reading(r) for r in chunk)
        yield lead + ",\n".join(json.dumps(each, allow_nan=False) for each in objects)
        lead = ",\n"
        await asyncio.sleep(0)
    yield "]}\n" if lead.startswith(",") else lead + "]}\n"
