"""Traps: counts notifications per device and kind, and polls the sending device early."""

import asyncio
import ipaddress
import socket
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import structlog

from agent.model.credentials import SnmpCredentials
from agent.transport.snmp.trap_gate import Principal, Refusal, principal

KINDS_MAX = 32
"""Number of kinds counted by name for one device; further kinds count as ``other``."""

OTHER = "other"
UNKNOWN = ""
"""Device name of a notification from an unknown or ambiguous sender."""

_RESOLVE_EVERY_S = 300.0
_GENERIC = {  # RFC 3418, snmpTraps
    "1.3.6.1.6.3.1.1.5.1": "coldStart",
    "1.3.6.1.6.3.1.1.5.2": "warmStart",
    "1.3.6.1.6.3.1.1.5.3": "linkDown",
    "1.3.6.1.6.3.1.1.5.4": "linkUp",
    "1.3.6.1.6.3.1.1.5.5": "authenticationFailure",
}

_log = structlog.get_logger("traps")


@dataclass(frozen=True, slots=True)
class Notification:
    """An accepted trap or inform.

    ``address`` is that of the sender, ``agent_address`` that of the originating device if the
    message has it (snmpTrapAddress, or agent-addr of v1). ``trap`` is snmpTrapOID, dotted.
    """

    address: str
    agent_address: str | None
    principal: Principal
    trap: str


@dataclass(frozen=True, slots=True)
class Sender:
    """A device that may send notifications: its name, host and credentials."""

    name: str
    host: str
    credentials: SnmpCredentials


class Traps:
    """Counters of notifications; each one wakes the poller of its device.

    ``counts`` is by device and kind, ``refused`` by reason. ``wake`` is called with a device name.
    """

    def __init__(self, senders: Iterable[Sender], wake: Callable[[str], None]) -> None:
        self._senders = tuple(senders)
        self._wake = wake
        self._by_address: Mapping[str, tuple[Sender, ...]] = {}
        self._kinds: dict[str, int] = {}
        self.counts: dict[tuple[str, str], int] = {}
        self.refused = {reason.value: 0 for reason in Refusal}

    def receive(self, notification: Notification) -> None:
        """Count a notification and wake the pollers of its devices."""
        concerned = self._concerned(notification)
        device = concerned[0].name if len(concerned) == 1 else UNKNOWN
        self._count(device, _GENERIC.get(notification.trap, notification.trap or OTHER))
        for sender in concerned:
            self._wake(sender.name)

    def refuse(self, reason: Refusal) -> None:
        """Count a refused datagram; the first one of each reason is logged."""
        if not self.refused[reason.value]:
            _log.warning("trap refused", reason=reason.value)
        self.refused[reason.value] += 1

    async def resolve(self) -> None:
        """Resolve the hosts of all devices; a name that does not resolve keeps its addresses."""
        before = self._by_address
        hosts = {sender.host for sender in self._senders}
        found = dict(zip(hosts, await asyncio.gather(*map(_addresses, hosts)), strict=True))
        table: dict[str, tuple[Sender, ...]] = {}
        for sender in self._senders:
            kept = [address for address, known in before.items() if sender in known]
            for address in found[sender.host] or kept:
                table[address] = (*table.get(address, ()), sender)
        self._by_address = table

    async def keep_resolving(self) -> None:
        """Resolve the hosts of all devices periodically, until cancelled."""
        while True:
            await self.resolve()
            await asyncio.sleep(_RESOLVE_EVERY_S)

    def _concerned(self, notification: Notification) -> tuple[Sender, ...]:
        """Return the devices at the address; if several share it, those with the credentials."""
        for address in (notification.address, notification.agent_address):
            found = self._by_address.get(_canonical(address), ()) if address else ()
            if len(found) > 1:
                fitting = [s for s in found if principal(s.credentials) == notification.principal]
                found = tuple(fitting) or found
            if found:
                return found
        return ()

    def _count(self, device: str, kind: str) -> None:
        if (device, kind) not in self.counts:
            kinds = self._kinds.get(device, 0)
            if kinds >= KINDS_MAX:
                kind = OTHER
            elif kind != OTHER:
                self._kinds[device] = kinds + 1
        self.counts[device, kind] = self.counts.get((device, kind), 0) + 1


async def _addresses(host: str) -> set[str]:
    """Return the addresses of ``host``; empty if it does not resolve."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        return set()
    return {_canonical(str(address[0])) for *_, address in found}


def _canonical(address: str) -> str:
    """Return the canonical form of an address; IPv4 mapped to IPv6 becomes IPv4."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    inner = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return str(inner or parsed)
