"""One look at one device: read everything once, or find out what it is."""

import time
from dataclasses import dataclass

from agent.credentials import SnmpCredentials
from agent.errors import DeviceError
from agent.identify import Identification, identify
from agent.poller import open_session, read_once
from agent.profile.library import Library
from agent.profile.points import Profile
from agent.transport.base import Limits
from agent.transport.factory import Transports
from agent.url import Url
from agent.values import Failure, Identity, Reading


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
    async with Transports() as transports:
        transport = await transports.open(
            target.url, target.credentials, target.limits, target.engine
        )
        try:
            session = await open_session(
                str(target.url), transport, target.url.protocol, profile, library
            )
            now = time.monotonic()
            blocks, failures, _ = await read_once(session, transport, now)
        except DeviceError as error:
            return Look(None, None, (), (Failure(error.kind, str(error)),), error)
        finally:
            await transport.close()
    readings = tuple(
        reading
        for position in sorted(blocks)
        for block in blocks[position]
        for reading in block.readings()
    )
    return Look(session.profile, session.identity, readings, failures)


async def identify_device(target: Target, library: Library) -> Identification:
    """What fits the device and what it says of itself. Raises DeviceError."""
    async with Transports() as transports:
        transport = await transports.open(
            target.url, target.credentials, target.limits, target.engine
        )
        try:
            return await identify(transport, target.url.protocol, library.all())
        finally:
            await transport.close()
