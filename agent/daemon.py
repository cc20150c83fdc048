"""The only place where things are wired together: configuration in, a running agent out."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from agent.config import Config, DeviceConfig
from agent.config.web import exposure
from agent.expose.http import create_app
from agent.expose.prometheus import PrometheusExposition
from agent.expose.serve import serve
from agent.expose.tls import Certificates
from agent.expose.trap_metrics import TrapMetrics
from agent.expose.view import DeviceView
from agent.loop import stopping
from agent.notify import Notifier
from agent.poller import Poller, Schedule
from agent.store import Store
from agent.transport.base import Limits, Transport
from agent.transport.factory import Transports
from agent.transport.snmp.traps import Sender, Traps
from agent.values import PollResult

_log = structlog.get_logger("daemon")
_STUCK_AFTER_S = 300.0  # beyond what backoff and a slow device's longest cycle explain
_STUCK_AFTER_INTERVALS = 3.0


class Agent:
    """One running configuration: its store, its exposition and one poller per device."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self._labels = {
            device.name: {**device.labels, "site": device.site, "rack": device.rack}
            for device in config.devices
        }
        self.store = Store({device.name: device.stale_after_s for device in config.devices})
        self.exposition = PrometheusExposition(self._labels)
        self.store.subscribe(self.exposition.update)
        self._waiting = {device.name for device in config.devices}
        self._polled_at = dict.fromkeys(self._waiting, time.monotonic())
        self._pollers: dict[str, Poller] = {}
        self._jobs: list[Callable[[], Coroutine[Any, Any, None]]] = []

    @property
    def ready(self) -> bool:
        """Whether every device had its first cycle, well or badly."""
        return not self._waiting

    def stuck(self) -> list[str]:
        """Devices whose poller has ended no cycle, well or badly, for longer than can be.

        A device that does not answer is not among them: its cycles end.
        """
        now = time.monotonic()
        return [
            device.name
            for device in self.config.devices
            if now - self._polled_at[device.name]
            > _STUCK_AFTER_S + _STUCK_AFTER_INTERVALS * device.interval_s
        ]

    def views(self) -> list[DeviceView]:
        """What the HTTP interface tells about each device."""
        library = self.config.library
        return [
            DeviceView(
                name=device.name,
                rack=device.rack,
                site=device.site,
                kind="" if device.profile == "auto" else library.get(device.profile).kind,
                profile="" if device.profile == "auto" else device.profile,
                url=str(device.url),
                labels=device.labels,
            )
            for device in self.config.devices
        ]

    async def run(self, transports: Transports) -> None:
        """Poll every device, and hear traps, until cancelled. A bug in one ends all, loudly."""
        self._pollers = {
            device.name: self._poller(device, transports) for device in self.config.devices
        }
        async with asyncio.TaskGroup() as group:
            for name, poller in self._pollers.items():
                group.create_task(poller.run(), name=name)
            for job in self._jobs:
                group.create_task(job())

    @contextlib.asynccontextmanager
    async def hearing_traps(self) -> AsyncIterator[None]:
        """Have the port for traps, where one is wanted; ``run`` listens to it.

        Each trap is counted, and its device polled early. Raises ConfigError when the port cannot
        be bound.
        """
        if self.config.traps_listen is None:
            yield
            return
        # Imported only where it is wanted: it takes longer to load than the whole agent.
        from agent.transport.snmp.pysnmp_receiver import TrapReceiver

        snmp = [device for device in self.config.devices if device.url.protocol == "snmp"]
        traps = Traps((Sender(d.name, d.url.host, d.credentials) for d in snmp), self._wake)
        metrics = TrapMetrics(self._labels, traps.counts, traps.refused)
        accepted = [*(d.credentials for d in snmp), *self.config.credentials.values()]
        receiver = await TrapReceiver.open(
            self.config.traps_listen, accepted, traps.take, traps.refuse
        )
        try:
            self.exposition.registry.register(metrics)
            self._jobs += [receiver.run, traps.keep_resolving]
            _log.info("listening for traps", host=receiver.host, port=receiver.port)
            yield
        finally:
            await receiver.close()

    def _wake(self, device: str) -> None:
        if device in self._pollers:
            self._pollers[device].wake()

    def _poller(self, device: DeviceConfig, transports: Transports) -> Poller:
        return Poller(
            device.name,
            device.url.protocol,
            device.profile,
            self.config.library,
            Schedule(device.interval_s),
            partial(open_transport, device, transports),
            self._deliver,
            device.url,
        )

    def _deliver(self, result: PollResult) -> None:
        self.store.put(result)
        self._waiting.discard(result.device)
        self._polled_at[result.device] = time.monotonic()


async def open_transport(device: DeviceConfig, transports: Transports) -> Transport:
    """The transport that a device's configuration asks for."""
    limits = Limits(timeout_s=device.timeout_s, retries=device.retries)
    return await transports.open(device.url, device.credentials, limits, device.engine)


@dataclass(frozen=True, slots=True)
class Running:
    """A running agent: where it listens, and the task that ends only by a bug."""

    agent: Agent
    host: str
    port: int
    polling: asyncio.Task[None]

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
async def running(config: Config) -> AsyncIterator[Running]:
    """Run ``config`` with its HTTP interface while the block runs.

    Raises ConfigError when a port cannot be bound, before anything is polled.
    """
    agent = Agent(config)
    web = config.web
    app = create_app(agent.store, agent.exposition, agent.views(), lambda: agent.ready, web)
    tls = None if web.tls is None else Certificates(web.tls).context
    async with (
        Transports(config.quirks()) as transports,
        serve(app, config.listen_host, config.listen_port, tls) as address,
        agent.hearing_traps(),
    ):
        if unsafe := exposure(address[0], web):
            _log.warning("HTTP is open", host=address[0], port=address[1], reason=unsafe)
        polling = asyncio.create_task(agent.run(transports), name="pollers")
        try:
            yield Running(agent, *address, polling)
        finally:
            polling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await polling


async def run_until_stopped(config: Config, announce: Callable[[Running], None]) -> None:
    """Run ``config`` until SIGTERM or SIGINT; ``announce`` is told once it serves."""
    stop, manager = asyncio.Event(), Notifier()
    with stopping(stop):
        async with running(config) as current:
            announce(current)
            for warning in config.warnings:
                _log.warning("configuration", warning=warning)
            _log.info("started", devices=len(config.devices), url=current.url)
            manager.send("READY=1", f"STATUS={len(config.devices)} devices, {current.url}")
            async with manager.watched(current.agent.stuck):
                await current.until(stop)
            _log.info("stopping")
            manager.send("STOPPING=1")
