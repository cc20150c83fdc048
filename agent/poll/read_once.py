"""Single reads, identifications and recordings of one device."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial

from agent.model.credentials import SnmpCredentials
from agent.model.errors import ConfigError
from agent.model.limits import Limits
from agent.parse.url import Url
from agent.poll.identify import Identification
from agent.poll.reader import DeviceRead, DeviceReader
from agent.poll.snmprec_write import Recording, record
from agent.profile.library import Library
from agent.transport.factory import Transports

_WALK_ROWS_MAX = 500_000
_WALK_OCTETS_MAX = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Target:
    """A device and how to reach it."""

    url: Url
    credentials: SnmpCredentials
    limits: Limits
    engine: str = "native"


async def read_device(
    target: Target,
    library: Library,
    profile: str = "auto",
    *,
    name: str = "",
    within_s: float | None = None,
) -> DeviceRead:
    """Make every request of the profile once. A DeviceError is part of the result, not raised.

    ``name`` is the device's name in the readings (default: its URL). Raises ConfigError for an
    unknown profile.
    """
    async with _reader(target, library, profile, name) as reader:
        return await reader.read(time.monotonic(), within_s)


async def identify_device(target: Target, library: Library) -> Identification:
    """Return the profiles that fit the device and its identity. Raises DeviceError."""
    async with _reader(target, library) as reader:
        return await reader.identify()


@asynccontextmanager
async def _reader(
    target: Target, library: Library, profile: str = "auto", name: str = ""
) -> AsyncIterator[DeviceReader]:
    """Yield a reader of the device on a line with the settings of its profile."""
    url, quirks = target.url, {}
    if profile != "auto" and url.protocol == "modbus":
        known = library.get(profile)
        url = url.with_line(known.serial.baudrate, known.serial.parity, known.serial.stopbits)
        quirks = {url.line: known.quirks}
    async with Transports(quirks) as transports:
        opening = partial(transports.open, url, target.credentials, target.limits, target.engine)
        async with DeviceReader(
            *(name or str(url), url.protocol, profile, library, opening), url=url
        ) as reader:
            yield reader


async def record_device(target: Target) -> Recording:
    """Walk all variables of an SNMP device.

    Raises DeviceError, and ConfigError for another protocol.
    """
    if target.url.protocol != "snmp":
        raise ConfigError(f"{target.url}: only SNMP devices can be walked")
    limits = replace(
        target.limits,
        max_rows=_WALK_ROWS_MAX,
        max_cells=2 * _WALK_ROWS_MAX,  # max_rows ends the walk earlier and keeps its rows
        max_octets=_WALK_OCTETS_MAX,
    )
    async with Transports() as transports:
        transport = await transports.open(target.url, target.credentials, limits, target.engine)
        try:
            return await record(transport)
        finally:
            await transport.close()
