"""The HTTP interface of a running agent: metrics, API, events, pages and ``/probe``."""

import contextlib
from collections.abc import AsyncIterator
from typing import Protocol

from fastapi import FastAPI

from agent.app.probe import Prober
from agent.config import Config
from agent.events.service import EventService
from agent.expose.device_info import DeviceView
from agent.expose.http.api import Reload, create_app
from agent.expose.http.discovery import add_discovery
from agent.expose.http.events import add_events
from agent.expose.http.probe_route import add_probe
from agent.expose.http.serve import serve
from agent.expose.http.tls import Certificates
from agent.expose.prometheus.exposition import PrometheusExposition
from agent.profile.points import Profile
from agent.store.history import History
from agent.store.latest import Store
from agent.web.data.cables import CablePlan
from agent.web.data.runs import Runs
from agent.web.data.site import Site
from agent.web.live import Live
from agent.web.routes import add_pages


class ShownAgent(Protocol):
    """The view of an agent that the HTTP interface needs."""

    config: Config
    store: Store
    exposition: PrometheusExposition
    history: History
    views: list[DeviceView]

    @property
    def ready(self) -> bool:
        """True if every device has finished its first poll."""
        ...

    def profile(self, name: str) -> Profile | None:
        """Return a profile by its name."""
        ...

    def plan(self, rack: str) -> CablePlan | None:
        """Return the build sheet of a rack."""
        ...


@contextlib.asynccontextmanager
async def serving(
    agent: ShownAgent, recorder: EventService, reload: Reload
) -> AsyncIterator[tuple[str, int]]:
    """Serve HTTP while the block runs; yield the bound host and port.

    Raises ConfigError if the port cannot be bound or the certificates cannot be read.
    """
    config = agent.config
    tls = None if config.web.tls is None else Certificates(config.web.tls).context
    app, live = _app(agent, recorder, reload)
    async with serve(app, *config.spec.http.address, tls) as address:
        try:
            yield address
        finally:
            live.close()  # event streams never end by themselves, and a stop would wait for them


def _app(agent: ShownAgent, recorder: EventService, reload: Reload) -> tuple[FastAPI, Live]:
    """Return the application with all configured routes, and its live updates."""
    config, evidence = agent.config, agent.config.spec.evidence
    app = create_app(
        *(agent.store, agent.exposition, agent.views, lambda: agent.ready, config.web),
        reload if config.spec.reload.http else None,
    )
    add_discovery(app, agent.views, tuple(config.spec.http.siblings))
    add_events(app, recorder, agent.store)
    site = Site(
        *(agent.store, agent.views, agent.history, agent.profile),
        runs=Runs(evidence.folder if evidence else None),
        plan=agent.plan,
    )
    live = add_pages(app, site, lambda: agent.ready, config.web.users)
    if config.spec.probe is not None:
        add_probe(app, Prober(config, config.spec.probe).probe)
    return app, live
