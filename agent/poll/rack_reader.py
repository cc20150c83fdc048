"""Concurrent reads of many devices, each by its own profile."""

import asyncio
import time
from collections.abc import Mapping
from functools import partial
from typing import Self

from agent.config import Config
from agent.plan import CYCLE_S
from agent.poll.deadline import cycle_limit_s
from agent.poll.device_memory import DeviceMemory
from agent.poll.reader import DeviceRead, DeviceReader
from agent.profile.points import Profile
from agent.transport.factory import Transports, open_device

_AT_ONCE = 32  # devices that are read side by side


class RackReader:
    """The devices of a configuration, read on demand. An asynchronous context manager.

    Devices are read side by side, at most 32 at once; those of one line one after another.
    """

    def __init__(self, config: Config, cycle_s: float = CYCLE_S, patience: int = 1) -> None:
        """Prepare the readers. ``cycle_s`` is the interval of reads in seconds.

        Readings that contradict each other in ``patience`` reads in a row become uncertain.
        """
        self._transports = Transports(config.quirks())
        self._within_s = cycle_limit_s(cycle_s)
        self._places = asyncio.Semaphore(_AT_ONCE)
        self._readers = {
            device.name: DeviceReader(
                *(device.name, device.url.protocol, device.profile, config.library),
                partial(open_device, device, self._transports),
                url=device.url,
                cycle_s=cycle_s,
                memory=DeviceMemory(device.name, patience),
            )
            for device in config.devices
        }

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every transport and the shared connections."""
        for reader in self._readers.values():
            await reader.close()
        await self._transports.close()

    @property
    def devices(self) -> tuple[str, ...]:
        """The names of the devices."""
        return tuple(self._readers)

    def profiles(self) -> Mapping[str, Profile]:
        """Return the profile of each device that answered its last read."""
        known = {name: reader.profile for name, reader in self._readers.items()}
        return {name: profile for name, profile in known.items() if profile is not None}

    async def read(self, now: float, within_s: float | None = None) -> dict[str, DeviceRead]:
        """Read every device: the requests that are due at ``now`` (seconds of a steady clock).

        After ``within_s`` seconds the requests that are left fail, of all devices; None gives each
        device the time of a cycle. Raises ConfigError if a profile or its driver is invalid.
        """
        loop = asyncio.get_running_loop()
        ends_at = None if within_s is None else loop.time() + within_s
        found = await asyncio.gather(*(self._read(name, now, ends_at) for name in self._readers))
        return dict(zip(self._readers, found, strict=True))

    async def read_device(self, name: str, now: float) -> DeviceRead:
        """Read everything of one device, due or not. Raises KeyError for an unknown name."""
        return await self._readers[name].read(now, self._within_s, everything=True)

    async def _read(self, name: str, now: float, ends_at: float | None) -> DeviceRead:
        async with self._places:
            left_s = self._within_s
            if ends_at is not None:
                left_s = max(0.0, ends_at - asyncio.get_running_loop().time())
            return await self._readers[name].read(now, left_s)


async def read_devices(config: Config) -> dict[str, DeviceRead]:
    """Read every device once. Raises ConfigError for an invalid profile."""
    async with RackReader(config) as rack:
        return await rack.read(time.monotonic())
