"""Events as JSON, ``GET /api/v1/events``, and the metrics of the event service."""

import sqlite3
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Query
from fastapi.responses import JSONResponse

from agent.events.records import Event
from agent.events.service import EventService
from agent.expose import json_model
from agent.store.latest import Store

_LIMIT_MAX = 1000
_ID_MAX = 2**53  # the largest integer that every JSON reader keeps exactly
_NAME_LENGTH = 256

_Device = Annotated[str | None, Query(max_length=_NAME_LENGTH)]
_After = Annotated[int, Query(ge=0, le=_ID_MAX)]
_Limit = Annotated[int, Query(ge=1, le=_LIMIT_MAX)]


def event_json(event: Event) -> json_model.Json:
    """Return one event; ``reason`` and ``source`` are present only if known."""
    trace = event.trace
    source = {} if trace is None else {"source": json_model.source(trace.source, trace.raw)}
    return {
        "kind": event.kind.value,
        "action": event.action.value,
        "device": event.subject.device,
        "metric": event.subject.metric,
        "labels": dict(event.subject.labels),
        "value": event.value,
        "before": event.before,
        "at": json_model.timestamp(event.at),
        **({"reason": event.reason} if event.reason else {}),
        **source,
    }


def add_events(app: FastAPI, recorder: EventService, store: Store) -> None:
    """Add ``/api/v1/events`` to ``app``, for the devices of ``store``."""
    missing: dict[int | str, dict[str, Any]] = {
        404: {"description": "Unknown device."},
        503: {"description": "The disk of the journal fails; events wait to be written."},
    }

    @app.get("/api/v1/events", response_class=JSONResponse, responses=missing)
    async def list_events(
        device: _Device = None, after: _After = 0, limit: _Limit = 100, standing: bool = False
    ) -> JSONResponse:
        """Return events with numbers above ``after``, oldest first; for more, pass ``next``.

        ``standing`` limits them to active alarms and devices that are down.
        """
        if device is not None and device not in store.devices:
            raise HTTPException(404, f"no device {device!r} is configured")
        try:
            found = await recorder.find(device, after, limit, standing=standing)
        except sqlite3.Error as error:
            raise HTTPException(503, f"the journal cannot be used: {error}") from None
        listed = [
            {"id": kept.id, **event_json(kept.event), "standing": kept.standing} for kept in found
        ]
        return JSONResponse({"events": listed, "next": found[-1].id if found else after})
