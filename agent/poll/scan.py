"""Scans for devices: unit ids on a Modbus line or gateway, SNMP addresses of an IP network.

A scan only reads, and only what the profiles declare: a line's unit ids and probe registers, an
agent's sysObjectID and sysDescr. Both are bounded in number and slow on purpose.
"""

import asyncio
import contextlib
import ipaddress
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from agent.model.credentials import SnmpCredentials
from agent.model.errors import ConfigError, DeviceError, RequestRejected, UnknownDevice
from agent.model.limits import Limits
from agent.parse.url import Url, parse_url
from agent.plan import make_plan
from agent.poll.identify import identify, read_identity
from agent.profile.library import Library
from agent.profile.points import Profile
from agent.transport.base import Transport
from agent.transport.factory import Transports

HOSTS_MAX = 1024  # a /22: more than a row of racks has
SERIAL_UNITS = range(1, 248)  # Modbus over serial line V1.02, section 2.2
NETWORK_UNITS = range(256)
_DIRECT_UNITS = (255, 0)  # a device that is no gateway: Messaging on TCP/IP V1.0b, 4.4.2.2
_RESERVED_UNIT = 251  # one of 248 to 254, at which no device is: Serial Line V1.02, section 2.2
_AT_ONCE = 16  # SNMP hosts that are asked concurrently
_PAUSE_S = 0.02  # between the starts of two of them
_SNMP_LIMITS = Limits(timeout_s=1.0, retries=1)
_MODBUS_LIMITS = Limits(timeout_s=0.3, retries=0)

Progress = Callable[[int, int], None]
"""A callback that receives the number of finished probes and of all probes."""


@dataclass(frozen=True, slots=True)
class Found:
    """A device that answered; ``profile`` is None if no profile of the library fits it.

    ``serial`` is its serial number, if it was read.
    """

    url: Url
    profile: str | None
    why: str
    serial: str | None = None


@dataclass(frozen=True, slots=True)
class Scan:
    """A range to scan: SNMP hosts, or the units of one Modbus endpoint (unit 0 in ``base``)."""

    base: Url
    hosts: tuple[str, ...] = ()

    @property
    def protocol(self) -> str:
        """``snmp`` or ``modbus``."""
        return self.base.protocol


def parse_scan(text: str) -> Scan:
    """Parse the range to scan.

    ``snmp://10.0.0.0/28``, ``modbus+rtu:///dev/ttyUSB0?baudrate=19200``, ``modbus+tcp://host``.
    Raises ConfigError if it is not an address or network, or has more than 1,024 hosts.
    """
    parts = urlsplit(text)
    if parts.scheme == "snmp":
        return _parse_network(text, parts.netloc + parts.path)
    if parts.scheme in ("modbus+rtu", "modbus+ascii"):
        query = f"?{parts.query}" if parts.query else ""
        return Scan(parse_url(f"{parts.scheme}://{parts.path}/0{query}"))
    if parts.path.strip("/"):
        raise ConfigError(f"{text!r}: a scan finds the unit ids itself; leave the path out")
    return Scan(parse_url(f"{text.rstrip('/')}/0"))


def _parse_network(text: str, network: str) -> Scan:
    address, _, length = network.partition("/")
    base = parse_url(f"snmp://{address}")
    if not length:
        return Scan(base, (base.host,))
    try:
        found = ipaddress.ip_network(f"{base.host}/{length}", strict=False)
    except ValueError as error:
        raise ConfigError(f"{text!r} is not a network: {error}") from None
    if found.num_addresses > HOSTS_MAX:
        message = f"{text!r} has {found.num_addresses} addresses; scan at most {HOSTS_MAX} at once"
        raise ConfigError(message)
    return Scan(base, tuple(map(str, found.hosts())))


async def scan_hosts(
    scan: Scan, credentials: SnmpCredentials, library: Library, progress: Progress
) -> list[Found]:
    """Return every host of the network that answers with these credentials."""
    profiles = library.all()
    gate = asyncio.Semaphore(_AT_ONCE)
    done = 0

    async with Transports() as transports:

        async def ask(host: str) -> Found | None:
            nonlocal done
            url = replace(scan.base, host=host)
            async with gate:
                try:
                    async with transports.opened(url, credentials, _SNMP_LIMITS) as transport:
                        best = (await identify(transport, "snmp", profiles)).candidates[0]
                    return Found(url, best.profile.name, best.why)
                except UnknownDevice as error:
                    return Found(url, None, str(error))
                except DeviceError:
                    return None
                finally:
                    done += 1
                    progress(done, len(scan.hosts))

        async with asyncio.TaskGroup() as group:
            tasks = []
            for host in scan.hosts:
                tasks.append(group.create_task(ask(host)))
                await asyncio.sleep(_PAUSE_S)
    return [found for task in tasks if (found := task.result()) is not None]


async def scan_units(
    scan: Scan, library: Library, progress: Progress, units: Sequence[int] = ()
) -> list[Found]:
    """Return every device that answers a probe register of a profile.

    The profiles' own unit ids are tried, or ``units``; each unit is identified as ``identify`` does
    it. On a serial line whose settings the URL leaves open, each profile's settings are tried in
    turn. On a network most devices ignore the unit id: one that answers at an id that no device can
    have is written once, and so are units that report the same serial number.
    """
    profiles = [p for p in library.all() if p.protocol == "modbus" and _probes(p)]
    turns = _turns(scan, profiles, units)
    total = sum(len(asked) for _, asked, _ in turns)
    found: list[Found] = []
    done = 0
    for base, asked, fitting in turns:
        line: list[Found] = []
        async with Transports() as transports:
            anyone = None
            if not base.serial:
                reserved = replace(base, unit=_RESERVED_UNIT)
                anyone = await _ask_unit(transports, reserved, fitting)
            for unit in asked:
                done += 1
                answer = await _ask_unit(transports, replace(base, unit=unit), fitting)
                progress(done, total)
                if answer is None:
                    continue
                line.append(answer)
                if anyone is not None and anyone.profile is not None:
                    break
        found += line if base.serial else _distinct(line, anyone)
    progress(total, total)
    return found


def _distinct(found: Sequence[Found], anyone: Found | None) -> list[Found]:
    """Return each device of a network endpoint once.

    ``anyone`` is what the unit id answered that no device has. Units that no profile fits are
    that same answer.
    """
    kept: dict[object, Found] = {}
    for device in found:
        if device.serial is not None:
            key: object = (device.profile, device.serial)
        else:
            key = None if anyone is not None and device.profile is None else device.url.unit
        kept.setdefault(key, device)
    if len(kept) > 1:
        kept.pop(None, None)
    return list(kept.values())


def _probes(profile: Profile) -> bool:
    return any(rule.address is not None for rule in profile.identify)


def _turns(
    scan: Scan, profiles: Iterable[Profile], units: Sequence[int]
) -> list[tuple[Url, Sequence[int], Sequence[Profile]]]:
    """Return, per line setting, the units to ask and the profiles that may be there."""
    turns: dict[str, tuple[Url, set[int], list[Profile]]] = {}
    for profile in profiles:
        own = [u for first, last in profile.serial.units for u in range(first, last + 1)]
        base = scan.base
        if base.serial and not base.options:
            line = profile.serial
            base = base.with_line(line.baudrate, line.parity, line.stopbits)
        _, asked, fitting = turns.setdefault(str(base), (base, set(), []))
        asked.update(units or own)
        fitting.append(profile)
    direct = () if scan.base.serial or units else _DIRECT_UNITS
    return [
        (base, (*direct, *sorted(asked.difference(direct))), fitting)
        for base, asked, fitting in turns.values()
    ]


async def _ask_unit(transports: Transports, url: Url, profiles: Sequence[Profile]) -> Found | None:
    """Return the device at ``url``; None where nothing answers."""
    try:
        async with transports.opened(url, SnmpCredentials(), _MODBUS_LIMITS) as transport:
            best = (await identify(transport, "modbus", profiles, url.unit)).candidates[0]
            serial = None if url.serial else await _serial_number(transport, best.profile)
        return Found(url, best.profile.name, best.why, serial)
    except (UnknownDevice, RequestRejected) as error:
        return Found(url, None, str(error))
    except DeviceError:
        return None


async def _serial_number(transport: Transport, profile: Profile) -> str | None:
    with contextlib.suppress(DeviceError):
        identity, _ = await read_identity(transport, profile, make_plan(profile))
        return identity.serial
    return None


def as_config(found: Iterable[Found], interval: str = "10s") -> str:
    """Write a configuration to start from, with a comment where a profile is to be chosen."""
    lines = [
        "# Written by a scan. Name the devices, then: rackagent check FILE",
        "site: my-site",
        f"defaults: {{interval: {interval}}}",
        "racks:",
        "  - name: r01",
        "    devices:",
    ]
    for number, device in enumerate(found, start=1):
        lines.append(f"      - name: device-{number}")
        lines.append(f"        url: {device.url}")
        lines.append(f"        profile: {device.profile or 'auto'}    # {device.why}")
    return "\n".join(lines) + "\n"
