"""Events for programs: the JSON of one, ``GET /api/v1/events``, and their metrics."""

import sqlite3
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Query
from fastapi.responses import JSONResponse

from agent.events.records import Event
from agent.events.service import Recorder
from agent.expose import json_model
from agent.store.latest import Store

_LIMIT_MAX = 1000
_ID_MAX = 2**53  # what JSON's readers hold exactly
_NAME_LENGTH = 256

_Device = Annotated[str | None, Query(max_length=_NAME_LENGTH)]
_After = Annotated[int, Query(ge=0, le=_ID_MAX)]
_Limit = Annotated[int, Query(ge=1, le=_LIMIT_MAX)]


def event_json(event: Event) -> json_model.Json:
    """One event; ``reason`` and ``source`` only where there is one."""
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


def add_events(app: FastAPI, recorder: Recorder, store: Store) -> None:
    """Offer ``/api/v1/events`` on ``app``, about the devices of ``store``."""
    missing: dict[int | str, dict[str, Any]] = {
        404: {"description": "No such device."},
        503: {"description": "The journal's disk fails; events wait to be written."},
    }

    @app.get("/api/v1/events", response_class=JSONResponse, responses=missing)
    async def list_events(
        device: _Device = None, after: _After = 0, limit: _Limit = 100, standing: bool = False
    ) -> JSONResponse:
        """Events numbered beyond ``after``, oldest first. Ask again with ``next`` for more.

        With ``standing`` only alarms and silent devices that still are.
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
