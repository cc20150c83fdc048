"""Reads the devices of a configuration on demand, by the agent's own profiles and transports."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from agent.config import Config
from agent.model.errors import DeviceError
from agent.model.values import Quality, Reading, Value
from agent.poll.rack_reader import RackReader


class ReadingNotFound(DeviceError):
    """A requested reading is missing, bad or ambiguous."""

    kind = "not_shown"


@dataclass(frozen=True, slots=True)
class DeviceReadings:
    """All readings of one device at one moment."""

    device: str
    readings: tuple[Reading, ...]

    def all(self, metric: str, labels: Mapping[str, str]) -> list[Reading]:
        """Return the readings of a metric that carry these labels, bad ones too."""
        return [
            reading
            for reading in self.readings
            if reading.metric == metric and labels.items() <= reading.labels.items()
        ]

    def one(self, metric: str, labels: Mapping[str, str]) -> Reading:
        """Return the only such reading with a value. Raises ReadingNotFound, which lists others."""
        found = self.all(metric, labels)
        wanted = spelled(self.device, metric, labels)
        worth = [r for r in found if r.value is not None and r.quality is not Quality.BAD]
        if len(worth) == 1:
            return worth[0]
        if len(worth) > 1:
            raise ReadingNotFound(
                f"{wanted} matches several readings: {_labels(worth)}; name more labels"
            )
        if found:
            raise ReadingNotFound(f"{wanted} is bad: {found[0].reason}")
        others = self.all(metric, {})
        if others:
            raise ReadingNotFound(f"{wanted} does not exist; there are: {_labels(others)}")
        raise ReadingNotFound(f"{self.device} does not report {metric}")


def spelled(device: str, metric: str, labels: Mapping[str, str]) -> str:
    """Return the series as ``cdu rack_leak_detected{sensor="1"}``."""
    inside = ", ".join(f'{name}="{value}"' for name, value in labels.items())
    return f"{device} {metric}" + (f"{{{inside}}}" if inside else "")


def _labels(readings: Iterable[Reading]) -> str:
    texts = [",".join(f"{k}={v}" for k, v in r.labels.items()) or "(none)" for r in readings]
    return "; ".join(texts[:8]) + (f"; {len(texts) - 8} more" if len(texts) > 8 else "")


class Reader:
    """A reader of the devices of a configuration; each read makes every request of a device.

    An asynchronous context manager.
    """

    def __init__(self, config: Config) -> None:
        self._rack = RackReader(config)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._rack.close()

    @property
    def devices(self) -> tuple[str, ...]:
        """The names of the devices."""
        return self._rack.devices

    async def read(self, name: str) -> DeviceReadings:
        """Read everything of a device now. Raises ReadingNotFound if it is unknown or silent."""
        if name not in self.devices:
            raise ReadingNotFound(f"unknown device {name!r}; there are: {', '.join(self.devices)}")
        read = await self._rack.read_device(name, time.monotonic())
        if not read.answered:
            raise ReadingNotFound(f"{name} does not answer: {read.reason}")
        return DeviceReadings(name, read.readings)


def shown(value: Value) -> str:
    """Return a value as text for messages."""
    return f"{value:g}" if isinstance(value, float) else str(value)
