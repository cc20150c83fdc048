"""Scans for devices: unit ids on a Modbus line or gateway, SNMP addresses of an IP network.

A scan only reads, and only what the profiles declare: a line's unit ids and probe registers, an
agent's sysObjectID and sysDescr. Both are bounded in number and slow on purpose.
"""

import asyncio
import ipaddress
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from agent.model.credentials import SnmpCredentials
from agent.model.errors import ConfigError, DeviceError, RequestRejected, UnknownDevice
from agent.model.limits import Limits
from agent.parse.url import Url, parse_url
from agent.poll.identify import identify
from agent.profile.library import Library
from agent.profile.points import Profile
from agent.transport.factory import Transports

HOSTS_MAX = 1024  # a /22: more than a row of racks has
UNITS = range(1, 248)  # Modbus over serial line V1.02, section 2.2
_AT_ONCE = 16  # SNMP hosts that are asked concurrently
_PAUSE_S = 0.02  # between the starts of two of them
_SNMP_LIMITS = Limits(timeout_s=1.0, retries=1)
_MODBUS_LIMITS = Limits(timeout_s=0.3, retries=0)

Progress = Callable[[int, int], None]
"""A callback that receives the number of finished probes and of all probes."""


@dataclass(frozen=True, slots=True)
class Found:
    """A device that answered; ``profile`` is None if no profile of the library fits it."""

    url: Url
    profile: str | None
    why: str


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
    """Return every unit that answers a probe register of a profile.

    The profiles' own unit ids are tried, or ``units`` with every profile. On a serial line whose
    settings the URL leaves open, each profile's settings are tried in turn.
    """
    profiles = [p for p in library.all() if p.protocol == "modbus" and _probes(p)]
    turns = _turns(scan, profiles, units)
    total = sum(len(asked) for _, asked in turns)
    found: list[Found] = []
    done = 0
    for base, asked in turns:
        async with Transports() as transports:
            for unit, fitting in asked.items():
                url = replace(base, unit=unit)
                answer = await _ask_unit(transports, url, fitting)
                if answer is not None:
                    found.append(answer)
                done += 1
                progress(done, total)
    return found


def _probes(profile: Profile) -> bool:
    return any(rule.address is not None for rule in profile.identify)


def _turns(
    scan: Scan, profiles: Iterable[Profile], units: Sequence[int]
) -> list[tuple[Url, Mapping[int, Sequence[Profile]]]]:
    """Return for each line setting the unit ids, each with the profiles to try.

    A profile without unit ids is tried at each of them.
    """
    turns: dict[str, tuple[Url, dict[int, list[Profile]]]] = {}
    anywhere: dict[str, list[Profile]] = {}
    for profile in profiles:
        own = [u for first, last in profile.serial.units for u in range(first, last + 1)]
        base = scan.base
        if base.serial and not base.options:
            line = profile.serial
            options = (
                ("baudrate", str(line.baudrate)),
                ("parity", line.parity),
                ("stopbits", str(line.stopbits)),
            )
            base = replace(base, options=dict(options))
        _, asked = turns.setdefault(str(base), (base, {}))
        for unit in units or own:
            asked.setdefault(unit, []).append(profile)
        if not units and not own:
            anywhere.setdefault(str(base), []).append(profile)
    for key, (_, asked) in turns.items():
        for fitting in asked.values():
            fitting += anywhere.get(key, [])
    return [(base, dict(sorted(asked.items()))) for base, asked in turns.values()]


async def _ask_unit(transports: Transports, url: Url, profiles: Sequence[Profile]) -> Found | None:
    try:
        async with transports.opened(url, SnmpCredentials(), _MODBUS_LIMITS) as transport:
            best = (await identify(transport, "modbus", profiles, url.unit)).candidates[0]
        return Found(url, best.profile.name, best.why)
    except (UnknownDevice, RequestRejected) as error:
        return Found(url, None, str(error))
    except DeviceError:
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
