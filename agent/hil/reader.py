"""Reads the devices of a configuration on demand, by the agent's own profiles and transports."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from agent.app.wiring import open_transport
from agent.config import Config, DeviceConfig
from agent.model.errors import DeviceError
from agent.model.values import Quality, Reading, Value
from agent.poll.device_memory import DeviceMemory
from agent.poll.poller import Session, open_session, read_once
from agent.transport.base import Transport
from agent.transport.factory import Transports


class NotShown(DeviceError):
    """A device answers, but does not show what a test looks for."""

    kind = "not_shown"


@dataclass(frozen=True, slots=True)
class Look:
    """All readings of one device at one moment."""

    device: str
    readings: tuple[Reading, ...]

    def all(self, metric: str, labels: Mapping[str, str]) -> list[Reading]:
        """The readings of a metric that carry these labels, bad ones too."""
        return [
            reading
            for reading in self.readings
            if reading.metric == metric and labels.items() <= reading.labels.items()
        ]

    def one(self, metric: str, labels: Mapping[str, str]) -> Reading:
        """The only such reading that has a value. Raises NotShown that says what there is."""
        found = self.all(metric, labels)
        wanted = spelled(self.device, metric, labels)
        worth = [r for r in found if r.value is not None and r.quality is not Quality.BAD]
        if len(worth) == 1:
            return worth[0]
        if len(worth) > 1:
            raise NotShown(f"{wanted} is several: {_labels(worth)}; name more labels")
        if found:
            raise NotShown(f"{wanted} is bad: {found[0].reason}")
        others = self.all(metric, {})
        if others:
            raise NotShown(f"{wanted} is not there; there are: {_labels(others)}")
        raise NotShown(f"{self.device} shows no {metric}")


def spelled(device: str, metric: str, labels: Mapping[str, str]) -> str:
    """``cdu rack_leak_detected{sensor="1"}``."""
    inside = ", ".join(f'{name}="{value}"' for name, value in labels.items())
    return f"{device} {metric}" + (f"{{{inside}}}" if inside else "")


def _labels(readings: Iterable[Reading]) -> str:
    texts = [",".join(f"{k}={v}" for k, v in r.labels.items()) or "(none)" for r in readings]
    return "; ".join(texts[:8]) + (f"; {len(texts) - 8} more" if len(texts) > 8 else "")


class Reader:
    """Open sessions with the devices that were read. An asynchronous context manager."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._devices = {device.name: device for device in config.devices}
        self._transports = Transports(config.quirks())
        self._open: dict[str, tuple[Transport, Session]] = {}
        self._memories = {device.name: DeviceMemory(device.name) for device in config.devices}

    async def __aenter__(self) -> "Reader":
        return self

    async def __aexit__(self, *_: object) -> None:
        for name in list(self._open):
            await self._drop(name)
        await self._transports.close()

    @property
    def devices(self) -> tuple[str, ...]:
        """Every device that can be read."""
        return tuple(self._devices)

    async def look(self, name: str) -> Look:
        """Read everything of a device now. Raises DeviceError."""
        device = self._devices.get(name)
        if device is None:
            raise NotShown(f"no device {name!r}; there are: {', '.join(self._devices)}")
        if name not in self._open:
            self._open[name] = await self._session(device)
        transport, session = self._open[name]
        session.due.clear()
        blocks, failures, answered = await read_once(session, transport, time.monotonic())
        readings = tuple(r for block in blocks.values() for part in block for r in part.readings())
        if not answered:
            await self._drop(name)
            what = failures[0].message if failures else "no answer"
            raise NotShown(f"{name} does not answer: {what}")
        return Look(name, readings)

    async def _session(self, device: DeviceConfig) -> tuple[Transport, Session]:
        transport = await open_transport(device, self._transports)
        try:
            session = await open_session(
                device.name,
                transport,
                device.url.protocol,
                device.profile,
                self._config.library,
                device.url,
                memory=self._memories[device.name],
            )
        except DeviceError as error:
            await transport.close()
            raise NotShown(f"{device.name} does not answer: {error}") from None
        return transport, session

    async def _drop(self, name: str) -> None:
        transport, _ = self._open.pop(name)
        await transport.close()


def shown(value: Value) -> str:
    """A value as a message says it."""
    return f"{value:g}" if isinstance(value, float) else str(value)
