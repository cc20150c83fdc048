"""The only place where things are wired together: configuration in, a running agent out."""

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import structlog
from fastapi import FastAPI

from agent.app.event_loop import hearing, stopping
from agent.app.notify import Notifier
from agent.app.probe import Prober
from agent.app.reload import Outcome, Reloader
from agent.app.wiring import Agent
from agent.config import Config
from agent.config.web import exposure
from agent.events.service import Recorder
from agent.expose.http.api import Reload, create_app
from agent.expose.http.discovery import add_discovery
from agent.expose.http.events import add_events
from agent.expose.http.probe_route import add_probe
from agent.expose.http.serve import serve
from agent.expose.http.tls import Certificates
from agent.transport.factory import Transports
from agent.web.data.runs import Runs
from agent.web.data.site import Site
from agent.web.live import Live
from agent.web.routes import add_pages

_log = structlog.get_logger("daemon")


@dataclass(frozen=True, slots=True)
class Running:
    """A running agent: where it listens, and the task that ends only by a bug."""

    agent: Agent
    host: str
    port: int
    polling: asyncio.Task[None]
    reloader: Reloader

    @property
    def url(self) -> str:
        """Its start page."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        scheme = "http" if self.agent.config.web.tls is None else "https"
        return f"{scheme}://{host}:{self.port}"

    async def until(self, stop: asyncio.Event) -> None:
        """Wait for ``stop``. Raises what a poller died of, should one die."""
        waiting = asyncio.create_task(stop.wait(), name="stop")
        try:
            await asyncio.wait({waiting, self.polling}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        if self.polling.done():
            self.polling.result()


@contextlib.asynccontextmanager
async def running(
    config: Config, load: Callable[[], Config] | None = None
) -> AsyncIterator[Running]:
    """Run ``config`` with its HTTP interface while the block runs.

    ``load`` reads the configuration anew where a reload is asked for; without it the same one is
    taken over again. Raises ConfigError when a port cannot be bound, before anything is polled.
    """
    agent = Agent(config)
    web = config.web
    reloader = Reloader(config, load or (lambda: config), agent.change)
    agent.exposition.registry.register(reloader.metrics)

    async def reload() -> tuple[bool, str]:
        outcome = await reloader.reload()
        return outcome.done, outcome.text

    async with (
        Transports(config.quirks()) as transports,
        agent.recording() as recorder,
        _serving(agent, recorder, reload) as address,
        agent.hearing_traps(),
        agent.publishing(recorder),
    ):
        if unsafe := exposure(address[0], web):
            _log.warning("HTTP is open", host=address[0], port=address[1], reason=unsafe)
        polling = asyncio.create_task(agent.run(transports), name="pollers")
        try:
            yield Running(agent, *address, polling, reloader)
        finally:
            polling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await polling


@contextlib.asynccontextmanager
async def _serving(
    agent: Agent, recorder: Recorder, reload: Reload
) -> AsyncIterator[tuple[str, int]]:
    """Serve what the configuration offers over HTTP; gives the address that is really bound."""
    config = agent.config
    tls = None if config.web.tls is None else Certificates(config.web.tls).context
    app, live = _app(agent, recorder, reload)
    async with serve(app, config.listen_host, config.listen_port, tls) as address:
        try:
            yield address
        finally:
            live.close()  # a stream has no end of its own, and a stop would wait for it


def _app(agent: Agent, recorder: Recorder, reload: Reload) -> tuple[FastAPI, Live]:
    """The HTTP interface with all that the configuration offers there."""
    config = agent.config
    app = create_app(
        *(agent.store, agent.exposition, agent.views, lambda: agent.ready, config.web),
        reload if config.reload_http else None,
    )
    add_discovery(app, agent.views, config.siblings)
    add_events(app, recorder, agent.store)
    site = Site(
        *(agent.store, agent.views, agent.history, agent.profile),
        runs=Runs(agent.runs),
        plan=agent.plan,
    )
    live = add_pages(app, site, lambda: agent.ready, config.web.users)
    if config.probe_networks:
        add_probe(app, Prober(config).probe)
    return app, live


async def run_until_stopped(
    load: Callable[[], Config], announce: Callable[[Running], None]
) -> None:
    """Run what ``load`` gives until SIGTERM or SIGINT; SIGHUP loads anew.

    ``announce`` is told once it serves. Raises ConfigError where it cannot begin.
    """
    config = load()
    stop, manager = asyncio.Event(), Notifier()
    with stopping(stop):
        async with running(config, load) as current:
            announce(current)
            for warning in config.warnings:
                _log.warning("configuration", warning=warning)
            _log.info("started", devices=len(config.devices), url=current.url)
            manager.send("READY=1", f"STATUS={len(config.devices)} devices, {current.url}")
            async with manager.watched(current.agent.stuck), reloading(current, manager):
                await current.until(stop)
            _log.info("stopping")
            manager.send("STOPPING=1")


@contextlib.asynccontextmanager
async def reloading(current: Running, manager: Notifier) -> AsyncIterator[None]:
    """Reload on SIGHUP, and on a change of the file where that is wanted, while the block runs."""
    asked = asyncio.Event()

    async def answer() -> None:
        while True:
            await asked.wait()
            asked.clear()  # what is asked for meanwhile becomes one reload more
            manager.send("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")
            outcome = await current.reloader.reload()
            manager.send("READY=1", f"STATUS={_said(outcome)}")

    jobs = [answer()]
    if current.agent.config.reload_watch:
        jobs.append(current.reloader.watch())
    tasks = [asyncio.create_task(job, name="reload") for job in jobs]
    try:
        with hearing(signal.SIGHUP, asked.set):
            yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


def _said(outcome: Outcome) -> str:
    return outcome.text if outcome.done else "configuration refused, the old one is in force"
