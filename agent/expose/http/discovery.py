"""``GET /sd``: agents and devices for Prometheus, in its HTTP service discovery format."""

from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import FastAPI, Query, Request
from fastapi.responses import JSONResponse

from agent.expose.device_info import DeviceView
from agent.expose.json_model import Json

_META = "__meta_rackagent_"
_Role = Annotated[Literal["agent", "device"], Query()]


def add_discovery(app: FastAPI, devices: Sequence[DeviceView], siblings: Sequence[str]) -> None:
    """Add ``/sd`` to ``app``. ``devices`` is read on every request."""

    @app.get("/sd", response_class=JSONResponse)
    async def discover(request: Request, role: _Role = "agent") -> JSONResponse:
        """Return targets: this agent and its siblings, or (``role=device``) the polled devices.

        Labels begin with ``__meta_rackagent_``; Prometheus drops them after relabelling.
        """
        if role == "device":
            return JSONResponse([_device(view) for view in devices])
        own = request.url.netloc
        return JSONResponse([_agent(own), *(_agent(each) for each in siblings if each != own)])


def _agent(target: str) -> Json:
    return {"targets": [target], "labels": {f"{_META}role": "agent"}}


def _device(view: DeviceView) -> Json:
    labels = {"role": "device", "device": view.name, "rack": view.rack, "site": view.site}
    labels |= {"profile": view.profile or "auto"}
    labels |= {f"label_{name}": value for name, value in view.labels.items()}
    return {
        "targets": [view.address],
        "labels": {f"{_META}{name}": value for name, value in labels.items()},
    }
