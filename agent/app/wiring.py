"""One configuration as it runs: its store, its exposition, one poller per device, its outlets."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from functools import partial
from typing import Any

import structlog

from agent.app.reload import check_fixed
from agent.config import Config, DeviceConfig
from agent.events.service import Recorder
from agent.expose.device_info import DeviceView
from agent.expose.http.events import EventMetrics
from agent.expose.prometheus.exposition import PrometheusExposition, check_labels
from agent.expose.prometheus.transport_metrics import TransportMetrics
from agent.expose.prometheus.trap_metrics import TrapMetrics
from agent.model.values import PollResult
from agent.poll.poller import Poller, Schedule
from agent.poll.rack_reader import open_transport
from agent.profile.points import Profile
from agent.store.history import History
from agent.store.latest import Store
from agent.transport.factory import Transports
from agent.transport.snmp.traps import Sender, Traps
from agent.web.data.cables import Plan
from agent.web.data.run_metrics import CommissionMetrics

_log = structlog.get_logger("agent")
_STUCK_AFTER_S = 300.0  # more than backoff and a slow device's longest cycle (deadline.py)
_STUCK_AFTER_INTERVALS = 3.0


def stuck_after_s(interval_s: float) -> float:
    """Return after how long (seconds) without the end of a cycle a poller counts as hung."""
    return _STUCK_AFTER_S + _STUCK_AFTER_INTERVALS * interval_s


class Agent:
    """One running configuration: its store, its exposition and one poller per device."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self._labels = {device.name: _labels(device) for device in config.devices}
        self.store = Store({device.name: device.stale_after_s for device in config.devices})
        self.exposition = PrometheusExposition(self._labels)
        self.store.subscribe(self.exposition.update, self.exposition.derive)
        self.history = History()
        self.store.subscribe(self.history.hear)
        self._waiting = {device.name for device in config.devices}
        self._polled_at = dict.fromkeys(self._waiting, time.monotonic())
        self._pollers: dict[str, Poller] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._group = asyncio.TaskGroup()
        self._transports: Transports | None = None
        self.views = [self._view(device) for device in config.devices]
        self._leaving: list[Callable[[str], None]] = [self.history.forget]
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
            if now - self._polled_at[device.name] > stuck_after_s(device.interval_s)
        ]

    def profile(self, name: str) -> Profile | None:
        """A profile of the library in force, None if it has none of that name."""
        library = self.config.library
        return library.get(name) if name in library.profiles else None

    def plan(self, rack: str) -> Plan | None:
        """Where the build sheet of a rack is, and its devices by role; None without a sheet."""
        path = self.config.sheets.get(rack)
        names = {device.role: device.name for device in self.config.devices if device.rack == rack}
        return None if path is None else Plan(path, names)

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
            position=device.position,
        )

    async def run(self, transports: Transports) -> None:
        """Poll every device, and hear traps, until cancelled. A bug in one ends all, loudly."""
        self._transports = transports
        self.exposition.registry.register(TransportMetrics(transports))
        if self.config.evidence_folder is not None:
            runs = CommissionMetrics(self.config.evidence_folder, self.config.site)
            self.exposition.registry.register(runs)
            self._jobs.append(runs.run)
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
        for name in changed:
            self.history.forget(name)
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
    async def recording(self) -> AsyncIterator[Recorder]:
        """Have the journal of events; ``run`` writes it. Raises ConfigError when it cannot be."""
        config, names = self.config, [device.name for device in self.config.devices]
        recorder = Recorder(config.events_path, config.max_events, names, time.time())
        self.store.subscribe(recorder.hear, recorder.derive)
        self.exposition.registry.register(EventMetrics(recorder))
        self._jobs.append(recorder.run)
        self._leaving.append(lambda device: recorder.forget(device, time.time()))
        try:
            yield recorder
        finally:
            await recorder.close()

    @contextlib.asynccontextmanager
    async def publishing(self, recorder: Recorder) -> AsyncIterator[None]:
        """Have the outbox for MQTT, where a broker is named; ``run`` delivers from it.

        Raises ConfigError when it cannot be opened.
        """
        if self.config.mqtt is None:
            yield
            return
        # Imported only where it is wanted, as the receiver of traps.
        from agent.expose.mqtt.publisher import Publisher

        publisher = Publisher(
            self.config.mqtt, lambda device: self._labels[device]["rack"], list(self._labels)
        )
        self.store.subscribe(publisher.hear)
        recorder.subscribe(publisher.tell)
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
            self.store.prepare,
        )

    def _deliver(self, result: PollResult) -> None:
        self.store.put(result)
        self._waiting.discard(result.device)
        self._polled_at[result.device] = time.monotonic()


def _labels(device: DeviceConfig) -> dict[str, str]:
    """What stands on every series of a device, beside its name."""
    return {**device.labels, "site": device.site, "rack": device.rack}
