"""A small HTTP interface to a simulated site: read it, set its load, inject faults, keep its state.

For loopback only: it has no authentication and controls the whole simulation.
"""

from typing import Annotated, Any

from fastapi import Body, FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from agent.config.spec import Duration
from agent.model.errors import ConfigError
from simulator.control.summary import summary
from simulator.faults.catalogue import catalogue
from simulator.faults.injection import Active
from simulator.site.site import SimulatedSite

_MISSING, _UNPROCESSABLE = 404, 422


class FaultOrder(BaseModel):
    """A fault to inject now. ``for`` is in rack time; without it the fault stays."""

    model_config = ConfigDict(extra="forbid")

    fault: str
    params: dict[str, str | int | float] = Field(default_factory=dict)
    for_: Duration | None = Field(None, alias="for", gt=0)


class LoadOrder(BaseModel):
    """Work of a rack's trays, 0 (idle) to 1.1. ``rack`` may be left out if there is only one."""

    model_config = ConfigDict(extra="forbid")

    rack: str = ""
    ratio: float


def create_control(site: SimulatedSite) -> FastAPI:
    """Return the application; errors are ``{"detail": TEXT}``, status 422 (404: unknown fault)."""
    app = FastAPI(title="rackagent simulator", docs_url=None, redoc_url=None)

    @app.exception_handler(ConfigError)
    async def refuse(request: Request, error: ConfigError) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, _UNPROCESSABLE)

    _add_state(app, site)
    _add_faults(app, site)
    return app


def _add_state(app: FastAPI, site: SimulatedSite) -> None:
    @app.get("/state")
    async def state() -> dict[str, Any]:
        """Return every rack's main figures, every device, and the active faults."""
        return {
            "elapsed_s": site.elapsed_s,
            "speed": site.speed,
            "racks": {
                name: {"model": model.spec.name, "roles": model.roles, **summary(model)}
                for name, model in site.racks.items()
            },
            "devices": {
                item.device.name: {
                    "url": str(item.device.url),
                    "rack": item.device.rack,
                    "role": item.device.role,
                    "profile": item.profile.name,
                    "powered": item.role_view.powered,
                    "boots": item.role_view.boot.count,
                }
                for item in site
            },
            "faults": [shown(active) for active in site.injector.active],
        }

    @app.post("/load")
    async def load(order: LoadOrder) -> dict[str, Any]:
        """Set the load of a rack."""
        model = site.rack(order.rack)
        model.set_load(order.ratio)
        return {"ratio": model.load}

    @app.get("/snapshot")
    async def snapshot() -> dict[str, Any]:
        """Return the state of every rack, to be restored later."""
        return site.snapshot()

    @app.put("/snapshot")
    async def restore(state: Annotated[dict[str, Any], Body()]) -> dict[str, Any]:
        """Continue from a snapshot."""
        site.restore(state)
        return {"racks": list(site.racks)}


def _add_faults(app: FastAPI, site: SimulatedSite) -> None:
    @app.get("/faults")
    async def faults() -> dict[str, Any]:
        """Return the catalogue of faults: parameters and symptoms."""
        return {
            kind.name: {
                "of": kind.of,
                "signature": kind.signature,
                "params": dict(kind.defaults),
                "alias_of": kind.alias or None,
            }
            for kind in catalogue().values()
        }

    @app.post("/faults", status_code=201)
    async def inject(order: FaultOrder) -> dict[str, Any]:
        """Inject a fault now."""
        return shown(site.injector.inject(order.fault, order.params, order.for_))

    @app.delete("/faults/{number}")
    async def clear(number: int) -> JSONResponse:
        """Clear one fault."""
        try:
            return JSONResponse(shown(site.injector.clear(number)))
        except ConfigError as error:
            return JSONResponse({"detail": str(error)}, _MISSING)


def shown(active: Active) -> dict[str, Any]:
    """Return an active fault as JSON."""
    return {
        "id": active.id,
        "fault": active.fault,
        "params": dict(active.params),
        "where": active.where,
        "since_s": active.since_s,
        "until_s": active.until_s,
    }
