"""The link over the native SNMP engine: address, deadline, discovery, recovery."""

import asyncio
import socket
from collections.abc import Callable

from agent.model.credentials import SnmpCredentials, SnmpVersion
from agent.model.errors import AuthenticationError, DeviceTimeout, DeviceUnreachable
from agent.model.limits import Limits
from agent.protocol.snmp import message
from agent.protocol.snmp.message import Pdu
from agent.protocol.snmp.security import CommunitySecurity, Reply, Security
from agent.protocol.snmp.usm import UsmSecurity
from agent.transport.snmp.engine import Address, SnmpEngine
from agent.transport.snmp.transport import RequestPdu, SnmpTransport

_MAX_RECOVERIES = 3  # unknown engine, its time, and one more for a device that just rebooted


def security_of(credentials: SnmpCredentials) -> Security:
    """Return the security model of these credentials."""
    match credentials.version:
        case SnmpVersion.V1:
            return CommunitySecurity(message.V1, credentials.community.encode())
        case SnmpVersion.V2C:
            return CommunitySecurity(message.V2C, credentials.community.encode())
        case SnmpVersion.V3:
            return UsmSecurity(credentials)


def native_transport(
    engine: SnmpEngine,
    host: str,
    port: int,
    credentials: SnmpCredentials,
    limits: Limits,
    *,
    any_source: bool = False,
) -> SnmpTransport:
    """Return a transport to one device over ``engine``, which stays open when it closes."""
    link = NativeLink(engine, host, port, security_of(credentials), limits, any_source=any_source)
    return SnmpTransport(link, limits, bulk=credentials.version is not SnmpVersion.V1)


class NativeLink:
    """Requests to one device over the shared engine. It has no socket and no task.

    ``any_source`` accepts responses from another address with the same port, for agents that
    respond from another interface.
    """

    def __init__(
        self,
        engine: SnmpEngine,
        host: str,
        port: int,
        security: Security,
        limits: Limits,
        *,
        any_source: bool = False,
    ) -> None:
        self._engine = engine
        self._host = host
        self._port = port
        self._security = security
        self._limits = limits
        self._any_source = any_source
        self._address: Address | None = None

    async def exchange(
        self,
        request: RequestPdu,
        smaller: RequestPdu | None = None,
        check: Callable[[Pdu], None] | None = None,
    ) -> tuple[Pdu, RequestPdu]:
        """Send a request; see :class:`SnmpLink`. A response that fails ``check`` is ignored."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._limits.timeout_s * (self._limits.retries + 1)
        discovered = False
        try:
            for _ in range(_MAX_RECOVERIES + 1):
                requests: dict[int, RequestPdu | None] = {}
                reply = await self._exchange_once(request, smaller, check, requests, deadline)
                if isinstance(reply, Pdu):
                    return reply, requests[reply.request_id] or request
                self._security.recover(reply)
                discovered = True
        except (DeviceTimeout, AuthenticationError) as error:
            # The name may have another address now, or the device another engine.
            self._address = None
            self._security.forget()
            # An agent that cannot decrypt a request does not answer it.
            if discovered and isinstance(error, DeviceTimeout):
                raise DeviceTimeout(f"{error}, except to discovery: wrong privacy?") from None
            raise
        self._security.forget()
        raise AuthenticationError("the device sends reports instead of a response")

    async def close(self) -> None:
        """Do nothing: the engine is shared by all devices."""

    async def _exchange_once(
        self,
        request: RequestPdu,
        smaller: RequestPdu | None,
        check: Callable[[Pdu], None] | None,
        requests: dict[int, RequestPdu | None],
        deadline: float,
    ) -> Reply:
        security, engine = self._security, self._engine
        discover = not security.ready

        def make(wanted: RequestPdu | None) -> tuple[int, bytes]:
            message_id = engine.new_id()
            requests[message_id] = wanted
            if wanted is None:
                return message_id, security.probe(message_id)
            return message_id, security.seal(
                message_id, wanted.kind, 0, wanted.repetitions, wanted.varbinds
            )

        def opener(data: bytes, message_id: int) -> Reply:
            reply = security.open(data, message_id)
            if isinstance(reply, Pdu) and check is not None:
                check(reply)
            return reply

        return await engine.exchange(
            self._address or await self._resolve(),
            make(None if discover else request),
            opener,
            timeout_s=self._limits.timeout_s,
            deadline=deadline,
            make_smaller=None if discover or smaller is None else lambda: make(smaller),
            any_source=self._any_source,
        )

    async def _resolve(self) -> Address:
        """Return the socket address of the device. Raises DeviceUnreachable if it has none."""
        self._address = _numeric_address(self._host, self._port)
        if self._address is None:
            loop = asyncio.get_running_loop()
            try:
                async with asyncio.timeout(self._limits.timeout_s):
                    found = await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_DGRAM)
            except (OSError, UnicodeError) as error:
                reason = str(error) or "the name server does not answer"
                raise DeviceUnreachable(f"{self._host} does not resolve: {reason}") from None
            self._address = _address(found[0][4])
        return self._address


def _numeric_address(host: str, port: int) -> Address | None:
    """Return the socket address of an IP literal, without the thread that names need."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return None
    return _address(found[0][4])


def _address(found: tuple[str | int | bytes, ...]) -> Address:
    host, port, *rest = found
    if rest:
        flow, scope = rest
        return str(host), int(port), int(flow), int(scope)
    return str(host), int(port)
