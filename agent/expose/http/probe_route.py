"""``GET /probe``: the readings of a device that is not configured, as multi-target exporter."""

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import FastAPI, Header, HTTPException, Query, Request, Response

from agent.expose.prometheus.exposition_format import ExpositionFormat, negotiate
from agent.model.errors import ConfigError

_WITHIN_S = 10.0
_SPARED_S = 0.5  # of the scrape timeout, reserved for the response
_TEXT_MAX = 256


@dataclass(frozen=True, slots=True)
class Asked:
    """The parameters of a probe: ``credentials`` by name, ``within_s`` is the limit in seconds."""

    target: str
    profile: str
    credentials: str
    within_s: float


class NotAllowed(ConfigError):
    """The target is not in the networks that may be probed."""


class Busy(ConfigError):
    """Too many probes are running."""


Probe = Callable[[Asked, ExpositionFormat], Awaitable[bytes]]
"""Reads a target and renders it. Raises ConfigError, NotAllowed, Busy."""

_Text = Annotated[str, Query(max_length=_TEXT_MAX)]
_Seconds = Annotated[str, Header(alias="X-Prometheus-Scrape-Timeout-Seconds", max_length=32)]


def add_probe(app: FastAPI, probe: Probe) -> None:
    """Add ``/probe`` to ``app``."""
    answers: dict[int | str, dict[str, Any]] = {
        200: {"content": {"text/plain": {}, "application/openmetrics-text": {}}},
        400: {"description": "The target, profile or credentials are unknown."},
        403: {"description": "The target is not in a network that may be probed."},
        429: {"description": "Too many devices are being probed."},
    }

    @app.get("/probe", response_class=Response, responses=answers)
    async def read_target(
        request: Request,
        target: _Text,
        profile: _Text = "auto",
        credentials: _Text = "",
        timeout: _Seconds = "",  # noqa: ASYNC109 - a header of the scraper
    ) -> Response:
        """Read ``target`` (a device URL) once; a device that does not answer is shown as down."""
        form = negotiate(request.headers.get("accept", ""))
        asked = Asked(target, profile, credentials, _within_s(timeout))
        try:
            body = await probe(asked, form)
        except ConfigError as error:
            status = {NotAllowed: 403, Busy: 429}.get(type(error), 400)
            raise HTTPException(status, str(error)) from None
        return Response(body, headers={"Content-Type": form.value, "Vary": "Accept"})


def _within_s(text: str) -> float:
    """Return the scrape timeout less a reserve; ten seconds if there is no valid timeout."""
    try:
        seconds = float(text) - _SPARED_S
    except ValueError:
        return _WITHIN_S
    return seconds if math.isfinite(seconds) and seconds > 0 else _WITHIN_S
