"""Put the parts of the agent together: configuration in, a running agent out."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from agent.app.event_loop import CallbackErrors
from agent.app.reload import Reloader, check_fixed
from agent.app.serving import serving
from agent.commission.journal.run_index import RunIndex
from agent.config import Config, DeviceConfig
from agent.config.web import exposure
from agent.events.service import EventService
from agent.expose.device_info import DeviceView
from agent.expose.prometheus.collectors import EventMetrics, TransportMetrics, TrapMetrics
from agent.expose.prometheus.exposition import PrometheusExposition
from agent.model.values import PollResult
from agent.poll.poller import Poller, Schedule
from agent.profile.points import Profile
from agent.store.history import History
from agent.store.latest import Store
from agent.transport.factory import Transports, open_device
from agent.transport.snmp.traps import Sender, Traps
from agent.web.data.cables import CablePlan
from agent.web.data.run_metrics import CommissionMetrics

_log = structlog.get_logger("agent")
_STUCK_AFTER_S = 300.0  # more than backoff and a slow device's longest cycle (deadline.py)
_STUCK_AFTER_INTERVALS = 3.0


async def _nothing() -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True)
class Component:
    """A part of the agent beside its pollers.

    ``run`` works until it is cancelled; an exception in it ends the agent. ``forget`` drops the
    state of a device that is no longer configured.
    """

    run: Callable[[], Coroutine[Any, Any, None]] = _nothing
    forget: Callable[[str], None] = lambda device: None


def stuck_after_s(interval_s: float) -> float:
    """Return the time (seconds) without a finished cycle after which a poller counts as stuck."""
    return _STUCK_AFTER_S + _STUCK_AFTER_INTERVALS * interval_s


class Agent:
    """A running configuration: its store, its exposition and one poller per device.

    ``components`` are its other parts; ``run`` runs those that were added before it is called.
    """

    def __init__(self, config: Config) -> None:
        self.config = config
        self.labels = {device.name: _labels(device) for device in config.devices}
        self.store = Store({device.name: device.stale_after_s for device in config.devices})
        self.exposition = PrometheusExposition(self.labels)
        self.store.subscribe(self.exposition.update, self.exposition.derive)
        self.history = History()
        self.store.subscribe(self.history.observe)
        evidence = config.spec.evidence
        self.runs = RunIndex(evidence.folder if evidence else None)
        self._waiting = {device.name for device in config.devices}
        self._polled_at = dict.fromkeys(self._waiting, time.monotonic())
        self._pollers: dict[str, Poller] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._group = asyncio.TaskGroup()
        self._transports: Transports | None = None
        self.views = [self._view(device) for device in config.devices]
        self.components = [
            Component(CallbackErrors().run),
            Component(forget=self.history.forget),
        ]

    @property
    def ready(self) -> bool:
        """Return whether every device had its first cycle, successful or not."""
        return not self._waiting

    def stuck(self) -> list[str]:
        """Return the devices whose poller has ended no cycle for longer than possible.

        A device that does not answer is not stuck: its cycles end, without success.
        """
        now = time.monotonic()
        return [
            device.name
            for device in self.config.devices
            if now - self._polled_at[device.name] > stuck_after_s(device.interval_s)
        ]

    def profile(self, name: str) -> Profile | None:
        """Return a profile of the current library; None for an unknown name."""
        library = self.config.library
        return library.get(name) if name in library.profiles else None

    def plan(self, rack: str) -> CablePlan | None:
        """Return the build sheet of a rack and its devices by role, or None without a sheet."""
        names = {device.role: device.name for device in self.config.devices if device.rack == rack}
        path = self.config.rack(rack).sheet if names else None
        return None if path is None else CablePlan(path, names)

    def _view(self, device: DeviceConfig) -> DeviceView:
        """Return what the HTTP interface shows of a device."""
        known = device.profile != "auto"
        return DeviceView(
            name=device.name,
            rack=device.rack,
            site=device.site,
            kind=self.config.library.get(device.profile).kind if known else "",
            profile=device.profile if known else "",
            url=str(device.url),
            labels=device.labels,
            position=device.position,
        )

    async def run(self, transports: Transports) -> None:
        """Poll every device and run every component until cancelled; an error in one ends all."""
        self._transports = transports
        async with self._group as group:
            for device in self.config.devices:
                self._begin(device, transports)
            for component in self.components:
                group.create_task(component.run())

    def _begin(self, device: DeviceConfig, transports: Transports) -> None:
        poller = self._pollers[device.name] = self._poller(device, transports)
        self._tasks[device.name] = self._group.create_task(poller.run(), name=device.name)

    async def change(self, config: Config) -> str:
        """Apply ``config``: restart the devices that differ and leave the others alone.

        Returns a summary for people. Raises ConfigError, with nothing changed, if ``config``
        changes settings that need a restart.
        """
        check_fixed(self.config, config)
        assert self._transports is not None  # set by run()  # noqa: S101
        before = {device.name: device for device in self.config.devices}
        after = {device.name: device for device in config.devices}
        added = [name for name in after if name not in before]
        removed = [name for name in before if name not in after]
        reopened = _reopened(self.config, config)
        changed = [
            name
            for name in after
            if name in before
            and (
                after[name].url.line in reopened or self._differs(before[name], after[name], config)
            )
        ]
        await self._end([*removed, *changed])
        self.config = config
        self._transports.set_quirks(config.quirks())
        for name in removed:
            self._forget(name)
        for name in changed:
            self.history.forget(name)
        for name in (*added, *changed):
            device = after[name]
            self.labels[name] = _labels(device)
            self.store.add(name, device.stale_after_s)
            self.exposition.add(name, self.labels[name])
            self._polled_at[name] = time.monotonic()
            self._begin(device, self._transports)
        self.views[:] = [self._view(device) for device in config.devices]
        if config.spec.traps and any(after[name].url.protocol == "snmp" for name in added):
            _log.warning("traps of added devices are counted without a device name until a restart")
        kept = len(after) - len(added) - len(changed)
        return f"{len(added)} added, {len(changed)} changed, {len(removed)} removed, {kept} kept"

    def _differs(self, before: DeviceConfig, after: DeviceConfig, config: Config) -> bool:
        """Return whether a device has to restart: it or its profile is another.

        If its profile is found by identification, the one found is compared; if none was found, the
        device is asked again, because there may be a profile for it now.
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
        for component in self.components:
            component.forget(name)
        self._waiting.discard(name)
        del self.labels[name], self._polled_at[name], self._pollers[name]

    def wake(self, device: str) -> None:
        """Poll a device soon. Does nothing for a device that is not configured."""
        if device in self._pollers:
            self._pollers[device].wake()

    def _poller(self, device: DeviceConfig, transports: Transports) -> Poller:
        return Poller(
            device.name,
            device.url.protocol,
            device.profile,
            self.config.library,
            Schedule(device.interval_s),
            partial(open_device, device, transports),
            self._deliver,
            device.url,
            self.store.prepare,
        )

    def _deliver(self, result: PollResult) -> None:
        self.store.put(result)
        self._waiting.discard(result.device)
        self._polled_at[result.device] = time.monotonic()


def _reopened(before: Config, after: Config) -> set[str]:
    """Return the Modbus lines whose quirks differ: a line in use keeps those it was opened with."""
    old, new = before.quirks(), after.quirks()
    return {line for line in old.keys() | new.keys() if old.get(line) != new.get(line)}


def _labels(device: DeviceConfig) -> dict[str, str]:
    """Return the labels of every series of a device, beside its name."""
    return {**device.labels, "site": device.site, "rack": device.rack}


@dataclass(frozen=True, slots=True)
class Running:
    """A running agent: its address, and the task that ends only by a bug."""

    agent: Agent
    host: str
    port: int
    polling: asyncio.Task[None]
    reloader: Reloader

    @property
    def url(self) -> str:
        """Return the address of its start page."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        scheme = "http" if self.agent.config.web.tls is None else "https"
        return f"{scheme}://{host}:{self.port}"

    async def until(self, stop: asyncio.Event) -> None:
        """Wait for ``stop``. Raises the error that ended a poller, if one did."""
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

    ``load`` reads the configuration again for a reload; without it the same one is taken over
    again. Raises ConfigError when a port cannot be bound, before anything is polled.
    """
    agent = Agent(config)
    web = config.web
    reloader = Reloader(config, load or (lambda: config), agent.change)
    agent.exposition.registry.register(reloader.metrics)
    if config.spec.evidence is not None:
        agent.exposition.registry.register(CommissionMetrics(agent.runs, config.spec.site))
        agent.components.append(Component(agent.runs.keep))

    async def reload() -> tuple[bool, str]:
        outcome = await reloader.reload()
        return outcome.done, outcome.text

    async with (
        Transports(config.quirks()) as transports,
        _events(agent) as recorder,
        serving(agent, recorder, reload) as address,
        _traps(agent),
        _mqtt(agent, recorder),
    ):
        if unsafe := exposure(address[0], web):
            _log.warning("HTTP is open", host=address[0], port=address[1], reason=unsafe)
        agent.exposition.registry.register(TransportMetrics(transports))
        polling = asyncio.create_task(agent.run(transports), name="pollers")
        try:
            yield Running(agent, *address, polling, reloader)
        finally:
            polling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await polling


@contextlib.asynccontextmanager
async def _traps(agent: Agent) -> AsyncIterator[None]:
    """Bind the port for traps, if configured. Count each trap and poll its device early.

    Raises ConfigError if the port cannot be bound.
    """
    config, traps_at = agent.config, agent.config.spec.traps
    if traps_at is None:
        yield
        return
    # Imported only if configured: it takes longer to load than the whole agent.
    from agent.transport.snmp.pysnmp_receiver import TrapReceiver

    snmp = [device for device in config.devices if device.url.protocol == "snmp"]
    traps = Traps((Sender(d.name, d.url.host, d.credentials) for d in snmp), agent.wake)
    metrics = TrapMetrics(agent.labels, traps.counts, traps.refused)
    accepted = [*(d.credentials for d in snmp), *config.credentials.values()]
    receiver = await TrapReceiver.open(traps_at.address, accepted, traps.receive, traps.refuse)
    try:
        agent.exposition.registry.register(metrics)
        agent.components += [Component(receiver.run), Component(traps.keep_resolving)]
        _log.info("listening for traps", host=receiver.host, port=receiver.port)
        yield
    finally:
        await receiver.close()


@contextlib.asynccontextmanager
async def _events(agent: Agent) -> AsyncIterator[EventService]:
    """Open the journal of events. Raises ConfigError if that is not possible."""
    spec, names = agent.config.spec.events, [device.name for device in agent.config.devices]
    recorder = EventService(spec.path, spec.max_events, names, time.time())
    agent.store.subscribe(recorder.observe, recorder.derive)
    agent.exposition.registry.register(EventMetrics(recorder))
    agent.components.append(
        Component(recorder.run, lambda device: recorder.forget(device, time.time()))
    )
    try:
        yield recorder
    finally:
        await recorder.close()


@contextlib.asynccontextmanager
async def _mqtt(agent: Agent, recorder: EventService) -> AsyncIterator[None]:
    """Open the outbox for MQTT, if a broker is configured. Raises ConfigError."""
    config = agent.config
    if config.spec.mqtt is None:
        yield
        return
    # Imported only if configured, as the receiver of traps.
    from agent.expose.mqtt.publisher import Publisher

    publisher = Publisher(
        config.spec.mqtt,
        config.spec.site,
        lambda device: agent.labels[device]["rack"],
        list(agent.labels),
        config.mqtt_password,
    )
    agent.store.subscribe(publisher.observe)
    recorder.subscribe(publisher.publish_event)
    agent.exposition.registry.register(publisher.metrics)
    agent.components.append(Component(publisher.run, publisher.forget))
    try:
        yield
    finally:
        await publisher.close()
