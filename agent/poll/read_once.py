"""One look at one device: read everything once, or find out what it is."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from agent.config import Config, DeviceConfig
from agent.model.credentials import SnmpCredentials
from agent.model.errors import (
    AuthenticationError,
    ConfigError,
    DeviceError,
    DeviceTimeout,
    DeviceUnreachable,
)
from agent.model.limits import Limits
from agent.model.values import Failure, Identity, Reading
from agent.parse.url import Url
from agent.poll.identify import Identification, identify
from agent.poll.poller import open_session, read_once
from agent.poll.snmprec_write import Recording, record
from agent.profile.library import Library
from agent.profile.points import Profile
from agent.transport.factory import Transports

_WALK_ROWS_MAX = 500_000
_WALK_OCTETS_MAX = 256 * 1024 * 1024
_AT_ONCE = 32  # devices that are read side by side


@dataclass(frozen=True, slots=True)
class Target:
    """Which device, and how to speak to it."""

    url: Url
    credentials: SnmpCredentials
    limits: Limits
    engine: str = "native"


@dataclass(frozen=True, slots=True)
class Look:
    """What one read gave. ``profile`` is None when it did not come that far."""

    profile: Profile | None
    identity: Identity | None
    readings: tuple[Reading, ...]
    failures: tuple[Failure, ...]
    error: DeviceError | None = None


async def read_device(target: Target, library: Library, profile: str = "auto") -> Look:
    """Every request of the profile once. A DeviceError is part of the result, not raised.

    Raises ConfigError for an unknown profile.
    """
    quirks = {}
    if profile != "auto" and target.url.protocol == "modbus":
        known = library.get(profile)
        line = known.serial
        url = target.url.with_line(line.baudrate, line.parity, line.stopbits)
        target = replace(target, url=url)
        quirks = {url.line: known.quirks}
    async with Transports(quirks) as transports:
        return await _read(target, str(target.url), library, profile, transports)


async def read_devices(config: Config) -> dict[str, Look]:
    """Every request of every device of ``config`` once, by the device's name.

    Devices are read side by side, those of one line one after another.
    """
    places = asyncio.Semaphore(_AT_ONCE)
    async with Transports(config.quirks()) as transports:

        async def read(device: DeviceConfig) -> Look:
            limits = Limits(timeout_s=device.timeout_s, retries=device.retries)
            target = Target(device.url, device.credentials, limits, device.engine)
            async with places:
                try:
                    return await _read(
                        target, device.name, config.library, device.profile, transports
                    )
                except DeviceError as error:
                    return Look(None, None, (), (Failure(error.kind, str(error)),), error)

        looks = await asyncio.gather(*map(read, config.devices))
    return {device.name: look for device, look in zip(config.devices, looks, strict=True)}


async def _read(
    target: Target, name: str, library: Library, profile: str, transports: Transports
) -> Look:
    way = (target.url, target.credentials, target.limits, target.engine)
    try:
        async with transports.opened(*way) as transport:
            session = await open_session(
                name, transport, target.url.protocol, profile, library, target.url
            )
            blocks, failures, _ = await read_once(session, transport, time.monotonic())
    except DeviceError as error:
        return Look(None, None, (), (Failure(error.kind, str(error)),), error)
    readings = tuple(
        reading
        for position in sorted(blocks)
        for block in blocks[position]
        for reading in block.readings()
    )
    silence = None if readings else _gone(failures)
    return Look(session.profile, session.identity, readings, failures, silence)


def _gone(failures: Sequence[Failure]) -> DeviceError | None:
    """The silence that ended a read; None where the device answered, if only with refusals."""
    silences = (DeviceTimeout, DeviceUnreachable, AuthenticationError)
    by_kind = {silence.kind: silence for silence in silences}
    for failure in failures:
        if failure.kind in by_kind:
            return by_kind[failure.kind](failure.message)
    return None


async def record_device(target: Target) -> Recording:
    """Everything an SNMP device says. Raises DeviceError, ConfigError for another protocol."""
    if target.url.protocol != "snmp":
        raise ConfigError(f"{target.url}: only SNMP devices can be walked")
    limits = replace(
        target.limits,
        max_rows=_WALK_ROWS_MAX,
        max_cells=2 * _WALK_ROWS_MAX,  # max_rows ends it before, with what there is
        max_octets=_WALK_OCTETS_MAX,
    )
    way = (target.url, target.credentials, limits, target.engine)
    async with Transports() as transports, transports.opened(*way) as transport:
        return await record(transport)


async def identify_device(target: Target, library: Library) -> Identification:
    """What fits the device and what it says of itself. Raises DeviceError."""
    way = (target.url, target.credentials, target.limits, target.engine)
    async with Transports() as transports, transports.opened(*way) as transport:
        return await identify(transport, target.url.protocol, library.all(), target.url.unit)
