"""Notifications counted per device and kind, and the device that sent one polled early."""

import asyncio
import ipaddress
import socket
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import structlog

from agent.model.credentials import SnmpCredentials
from agent.transport.snmp.trap_gate import Principal, Refusal, principal

KINDS_MAX = 32
"""Kinds that are counted by name for one device; more become ``other``."""

OTHER = "other"
UNKNOWN = ""
"""The device of a notification that belongs to none, or to one of several."""

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
    """One believed trap or inform.

    ``address`` is the sender's, ``agent_address`` that of the device it speaks for, where it says
    so (snmpTrapAddress, or agent-addr of v1). ``trap`` is snmpTrapOID, dotted.
    """

    address: str
    agent_address: str | None
    principal: Principal
    trap: str


@dataclass(frozen=True, slots=True)
class Sender:
    """A device that may send notifications: where it is polled, and with which credentials."""

    name: str
    host: str
    credentials: SnmpCredentials


class Traps:
    """Finds the device of a notification, counts it, and wakes the device's poller.

    ``counts`` is by device and kind, ``refused`` by reason. ``wake`` gets a device's name.
    """

    def __init__(self, senders: Iterable[Sender], wake: Callable[[str], None]) -> None:
        self._senders = tuple(senders)
        self._wake = wake
        self._by_address: Mapping[str, tuple[Sender, ...]] = {}
        self._kinds: dict[str, int] = {}
        self.counts: dict[tuple[str, str], int] = {}
        self.refused = {reason.value: 0 for reason in Refusal}

    def take(self, notification: Notification) -> None:
        """Count one notification and wake whom it concerns."""
        concerned = self._concerned(notification)
        device = concerned[0].name if len(concerned) == 1 else UNKNOWN
        self._count(device, _GENERIC.get(notification.trap, notification.trap or OTHER))
        for sender in concerned:
            self._wake(sender.name)

    def refuse(self, reason: Refusal) -> None:
        """Count a datagram that was not believed; the first of a kind is logged."""
        if not self.refused[reason.value]:
            _log.warning("trap refused", reason=reason.value)
        self.refused[reason.value] += 1

    async def resolve(self) -> None:
        """Find the addresses of all devices; a name that leads nowhere keeps those it had."""
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
        """Know the addresses of the devices, for ever."""
        while True:
            await self.resolve()
            await asyncio.sleep(_RESOLVE_EVERY_S)

    def _concerned(self, notification: Notification) -> tuple[Sender, ...]:
        """The devices at the address; where several share it, those with its credentials."""
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
    """The addresses of ``host``; none where it does not resolve."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        return set()
    return {_canonical(str(address[0])) for *_, address in found}


def _canonical(address: str) -> str:
    """One spelling of an address; IPv4 inside IPv6 becomes IPv4."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    inner = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return str(inner or parsed)
