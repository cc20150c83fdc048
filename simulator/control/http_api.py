"""A small HTTP interface to a simulated site: look at it, load it, break it, keep its state.

For loopback only: who reaches it may do everything to the simulation.
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
from simulator.site.site import Site

_MISSING, _UNPROCESSABLE = 404, 422


class FaultOrder(BaseModel):
    """A fault to inject now. ``for`` is in rack time; without it the fault stays."""

    model_config = ConfigDict(extra="forbid")

    fault: str
    params: dict[str, str | int | float] = Field(default_factory=dict)
    for_: Duration | None = Field(None, alias="for", gt=0)


class LoadOrder(BaseModel):
    """Work for a rack's trays, 0 (idle) to 1.1. ``rack`` may be left out where there is one."""

    model_config = ConfigDict(extra="forbid")

    rack: str = ""
    ratio: float


def create_control(site: Site) -> FastAPI:
    """The application. Errors are ``{"detail": TEXT}`` with status 422 (404: no such fault)."""
    app = FastAPI(title="rackagent simulator", docs_url=None, redoc_url=None)

    @app.exception_handler(ConfigError)
    async def refuse(request: Request, error: ConfigError) -> JSONResponse:
        return JSONResponse({"detail": str(error)}, _UNPROCESSABLE)

    _add_state(app, site)
    _add_faults(app, site)
    return app


def _add_state(app: FastAPI, site: Site) -> None:
    @app.get("/state")
    async def state() -> dict[str, Any]:
        """Every rack's main figures, every device, and the faults in force."""
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
                    "powered": item.panel.powered,
                    "boots": item.panel.boot.count,
                }
                for item in site
            },
            "faults": [shown(active) for active in site.desk.active],
        }

    @app.post("/load")
    async def load(order: LoadOrder) -> dict[str, Any]:
        """Give a rack work."""
        model = site.rack(order.rack)
        model.set_load(order.ratio)
        return {"ratio": model.load}

    @app.get("/snapshot")
    async def snapshot() -> dict[str, Any]:
        """The state of every rack, to be put back later."""
        return site.snapshot()

    @app.put("/snapshot")
    async def restore(state: Annotated[dict[str, Any], Body()]) -> dict[str, Any]:
        """Go on from a snapshot."""
        site.restore(state)
        return {"racks": list(site.racks)}


def _add_faults(app: FastAPI, site: Site) -> None:
    @app.get("/faults")
    async def faults() -> dict[str, Any]:
        """The catalogue: what can be injected, its parameters, what it looks like."""
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
        """Break something now."""
        return shown(site.desk.inject(order.fault, order.params, order.for_))

    @app.delete("/faults/{number}")
    async def clear(number: int) -> JSONResponse:
        """Repair one fault."""
        try:
            return JSONResponse(shown(site.desk.clear(number)))
        except ConfigError as error:
            return JSONResponse({"detail": str(error)}, _MISSING)


def shown(active: Active) -> dict[str, Any]:
    """A fault in force as JSON."""
    return {
        "id": active.id,
        "fault": active.fault,
        "params": dict(active.params),
        "where": active.where,
        "since_s": active.since_s,
        "until_s": active.until_s,
    }
