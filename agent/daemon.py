"""The only place where things are wired together: configuration in, a running agent out."""

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from agent.config import Config, DeviceConfig
from agent.config.web import exposure
from agent.expose.http import create_app
from agent.expose.probe import add_probe
from agent.expose.prometheus import PrometheusExposition, check_labels
from agent.expose.serve import serve
from agent.expose.tls import Certificates
from agent.expose.trap_metrics import TrapMetrics
from agent.expose.view import DeviceView
from agent.loop import hearing, stopping
from agent.notify import Notifier
from agent.poller import Poller, Schedule
from agent.probe import Prober
from agent.reload import Outcome, Reloader, check_fixed
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
        self._labels = {device.name: _labels(device) for device in config.devices}
        self.store = Store({device.name: device.stale_after_s for device in config.devices})
        self.exposition = PrometheusExposition(self._labels)
        self.store.subscribe(self.exposition.update)
        self._waiting = {device.name for device in config.devices}
        self._polled_at = dict.fromkeys(self._waiting, time.monotonic())
        self._pollers: dict[str, Poller] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._group = asyncio.TaskGroup()
        self._transports: Transports | None = None
        self.views = [self._view(device) for device in config.devices]
        self._leaving: list[Callable[[str], None]] = []
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

    def _view(self, device: DeviceConfig) -> DeviceView:
        """What the HTTP interface tells about a device."""
        known = device.profile != "auto"
        return DeviceView(
            name=device.name,
            rack=device.rack,
            site=device.site,
            kind=self.config.library.get(device.profile).kind if known else "",
            profile=device.profile if known else "",
            url=str(device.url),
            labels=device.labels,
        )

    async def run(self, transports: Transports) -> None:
        """Poll every device, and hear traps, until cancelled. A bug in one ends all, loudly."""
        self._transports = transports
        async with self._group as group:
            for device in self.config.devices:
                self._begin(device, transports)
            for job in (*self._jobs, asyncio.Event().wait):  # the last keeps an empty group open
                group.create_task(job())

    def _begin(self, device: DeviceConfig, transports: Transports) -> None:
        poller = self._pollers[device.name] = self._poller(device, transports)
        self._tasks[device.name] = self._group.create_task(poller.run(), name=device.name)

    async def change(self, config: Config) -> str:
        """Take over ``config``: only devices that differ stop and start, the rest poll on.

        Returns what was done, for people. Raises ConfigError, with nothing changed, for what only
        a restart can change.
        """
        check_fixed(self.config, config)
        check_labels({device.name: _labels(device) for device in config.devices})
        assert self._transports is not None  # it runs  # noqa: S101
        before = {device.name: device for device in self.config.devices}
        after = {device.name: device for device in config.devices}
        added = [name for name in after if name not in before]
        removed = [name for name in before if name not in after]
        changed = [n for n in after if n in before and self._differs(before[n], after[n], config)]
        await self._end([*removed, *changed])
        self.config = config
        self._transports.expect(config.quirks())
        for name in removed:
            self._forget(name)
        for name in (*added, *changed):
            device = after[name]
            self._labels[name] = _labels(device)
            self.store.add(name, device.stale_after_s)
            self.exposition.add(name, self._labels[name])
            self._polled_at[name] = time.monotonic()
            self._begin(device, self._transports)
        self.views[:] = [self._view(device) for device in config.devices]
        if config.traps_listen and any(after[name].url.protocol == "snmp" for name in added):
            _log.warning("traps of added devices are known by name after a restart")
        kept = len(after) - len(added) - len(changed)
        return f"{len(added)} added, {len(changed)} changed, {len(removed)} removed, {kept} kept"

    def _differs(self, before: DeviceConfig, after: DeviceConfig, config: Config) -> bool:
        """Whether a device has to start anew: it or its profile is another.

        One that finds its profile by asking is held to the one it found; one that found none asks
        again, because there may be a profile for it now.
        """
        if before != after:
            return True
        used = self.store.device(after.name).profile or after.profile
        if used == "auto" or used not in config.library.profiles:
            return True
        return self.config.library.get(used) != config.library.get(used)

    async def _end(self, names: list[str]) -> None:
        tasks = [self._tasks.pop(name) for name in names]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _forget(self, name: str) -> None:
        self.store.remove(name)
        self.exposition.remove(name)
        for forget in self._leaving:
            forget(name)
        self._waiting.discard(name)
        del self._labels[name], self._polled_at[name], self._pollers[name]

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

    @contextlib.asynccontextmanager
    async def publishing(self) -> AsyncIterator[None]:
        """Have the outbox for MQTT, where a broker is named; ``run`` delivers from it.

        Raises ConfigError when it cannot be opened.
        """
        if self.config.mqtt is None:
            yield
            return
        # Imported only where it is wanted, as the receiver of traps.
        from agent.expose.mqtt.publisher import Publisher

        publisher = Publisher(self.config.mqtt, lambda device: self._labels[device]["rack"])
        self.store.subscribe(publisher.hear)
        self.exposition.registry.register(publisher.metrics)
        self._jobs.append(publisher.run)
        self._leaving.append(publisher.forget)
        try:
            yield
        finally:
            await publisher.close()

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


def _labels(device: DeviceConfig) -> dict[str, str]:
    """What stands on every series of a device, beside its name."""
    return {**device.labels, "site": device.site, "rack": device.rack}


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

    app = create_app(
        *(agent.store, agent.exposition, agent.views, lambda: agent.ready, web),
        reload if config.reload_http else None,
    )
    if config.probe_networks:
        add_probe(app, Prober(config).probe)
    tls = None if web.tls is None else Certificates(web.tls).context
    async with (
        Transports(config.quirks()) as transports,
        serve(app, config.listen_host, config.listen_port, tls) as address,
        agent.hearing_traps(),
        agent.publishing(),
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
