"""Traps and informs from the network: a socket, the gate, and pysnmp behind them.

pysnmp decodes, decrypts, turns v1 into v2 (RFC 3584 section 3.1) and answers informs; it takes
about 0.35 ms for each, so a flood waits in a queue and lets everything else have its turn.
pysnmp has no types: Any ends here.
"""

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable, Iterable
from typing import Any, Self, cast

from pyasn1.error import PyAsn1Error
from pysnmp.carrier.asyncio.dgram.udp import DOMAIN_NAME as UDP
from pysnmp.carrier.asyncio.dgram.udp import UdpTransportAddress
from pysnmp.carrier.asyncio.dgram.udp6 import DOMAIN_NAME as UDP6
from pysnmp.carrier.asyncio.dgram.udp6 import Udp6TransportAddress
from pysnmp.entity import config
from pysnmp.entity.engine import SnmpEngine
from pysnmp.entity.rfc3413.ntfrcv import NotificationReceiver
from pysnmp.error import PySnmpError
from pysnmp.proto.rfc1902 import OctetString
from pysnmp.proto.secmod.cache import Cache

from agent.model.credentials import SnmpCredentials
from agent.model.errors import ConfigError
from agent.protocol.snmp import keys
from agent.transport.snmp.pysnmp_link import auth_data
from agent.transport.snmp.trap_gate import Principal, Refusal, TrapGate
from agent.transport.snmp.traps import Notification

QUEUE_MAX = 2048
DATAGRAM_OCTETS_MAX = 16 * 1024

_TICK_S = 0.5
_RECEIVE_BUFFER_OCTETS = 1 << 20
_TRAP_OID = (1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0)  # snmpTrapOID.0, RFC 3418
_TRAP_ADDRESS = (1, 3, 6, 1, 6, 3, 18, 1, 3, 0)  # snmpTrapAddress.0, RFC 3584
_EVERY_ENGINE = bytes(5)  # pysnmp's name for the users of engines it does not know

_STUMBLES = (  # what pysnmp raises over nonsense inside a message
    PySnmpError,
    PyAsn1Error,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)

_Address = tuple[Any, ...]


class TrapReceiver:
    """Listens until closed. ``deliver`` gets what is believed, ``refuse`` why others are not.

    Both are called from the event loop and must be quick.
    """

    def __init__(
        self,
        credentials: Iterable[SnmpCredentials],
        deliver: Callable[[Notification], None],
        refuse: Callable[[Refusal], None],
    ) -> None:
        known = list(dict.fromkeys(credentials))
        self._refuse = refuse
        self._queue: asyncio.Queue[tuple[bytes, _Address]] = asyncio.Queue(QUEUE_MAX)
        self._engine = _Pysnmp(known, deliver)
        self._gate = TrapGate(known, self._engine.engine_id)
        self._transport: asyncio.DatagramTransport | None = None
        self.host, self.port = "", 0

    @classmethod
    async def open(
        cls,
        listen: tuple[str, int],
        credentials: Iterable[SnmpCredentials],
        deliver: Callable[[Notification], None],
        refuse: Callable[[Refusal], None],
    ) -> Self:
        """Listen on host and port (0: any). Raises ConfigError where that is not possible."""
        host, port = listen
        receiver = cls(credentials, deliver, refuse)
        loop = asyncio.get_running_loop()
        try:
            transport, _ = await loop.create_datagram_endpoint(
                lambda: _Protocol(receiver.take), local_addr=(host, port)
            )
        except OSError as error:
            reason = error.strerror or str(error)
            raise ConfigError(f"cannot listen for traps on {host} port {port}: {reason}") from None
        bound = cast("socket.socket", transport.get_extra_info("socket"))
        with contextlib.suppress(OSError):
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER_OCTETS)
        receiver.host, receiver.port = transport.get_extra_info("sockname")[:2]
        receiver._transport = transport
        receiver._engine.send = transport.sendto
        return receiver

    async def close(self) -> None:
        """Give the socket back."""
        if self._transport is not None:
            self._transport.close()
            await asyncio.sleep(0)  # the loop drops a closed socket in its next turn

    def take(self, data: bytes, address: _Address) -> None:
        """Queue one datagram."""
        if len(data) > DATAGRAM_OCTETS_MAX:
            self._refuse(Refusal.MALFORMED)
            return
        try:
            self._queue.put_nowait((data, address))
        except asyncio.QueueFull:
            self._refuse(Refusal.OVERFLOW)

    async def run(self) -> None:
        """Handle what arrives, for ever. What waits in the queue when cancelled is dropped."""
        while True:
            try:
                async with asyncio.timeout(_TICK_S):
                    data, address = await self._queue.get()
            except TimeoutError:
                self._engine.tick()
                continue
            self._handle(data, address)
            self._engine.tick()
            await self._let_others_go()

    async def _let_others_go(self) -> None:
        """Give the loop a turn, and more while a burst comes in: the socket's buffer is small."""
        before = -1
        while self._queue.qsize() > before:
            before = self._queue.qsize()
            await asyncio.sleep(0)

    def _handle(self, data: bytes, address: _Address) -> None:
        verdict = self._gate.check(data)
        if isinstance(verdict, Refusal):
            self._refuse(verdict)
            return
        if verdict.learnt is not None:
            self._engine.add_user(verdict.learnt[1], verdict.learnt[0])
        answered = self._engine.receive(data, address, verdict.principal)
        if verdict.doubted:
            self._refuse(Refusal.SECURITY)
        elif not answered:
            self._refuse(Refusal.MALFORMED)


class _Protocol(asyncio.DatagramProtocol):
    """The socket's callbacks."""

    def __init__(self, take: Callable[[bytes, _Address], None]) -> None:
        self._take = take

    def datagram_received(self, data: bytes, addr: _Address) -> None:
        """Hand one datagram over."""
        self._take(data, addr)


class _Pysnmp:
    """pysnmp's engine, and for it the dispatcher of one socket.

    Of several credentials with the same user, the first one counts for informs.
    """

    def __init__(
        self, credentials: Iterable[SnmpCredentials], deliver: Callable[[Notification], None]
    ) -> None:
        self.send: Callable[[bytes, _Address], object] = lambda data, address: None
        self._deliver = deliver
        self._engine: Any = SnmpEngine()
        self._receive: Any = None
        self._timers: list[Any] = []
        self._ticks = 0
        self._ticked_at = time.monotonic()
        self._sender: tuple[str, Principal] = ("", Principal())
        self._answered = False
        self._engine.register_transport_dispatcher(self)
        NotificationReceiver(self._engine, self._notified)
        listed = list(credentials)
        first_by_user = {one.user: one for one in reversed(listed) if one.user}
        for number, one in enumerate(listed):
            if not one.user:
                config.add_v1_system(self._engine, f"c{number}", one.community.encode())
        for one in first_by_user.values():
            self.add_user(one, self.engine_id)
            if one.auth_protocol is None:
                self.add_user(one, _EVERY_ENGINE)

    @property
    def engine_id(self) -> bytes:
        """Our own engine id, for which informs are signed."""
        return bytes(self._engine.snmpEngineID)

    def receive(self, data: bytes, address: _Address, who: Principal) -> bool:
        """Let pysnmp have one datagram; whether it delivered or answered something."""
        v6 = ":" in address[0]
        place = (Udp6TransportAddress if v6 else UdpTransportAddress)(address)
        self._sender = (address[0], who)
        self._answered = False
        try:
            self._receive(self, UDP6 if v6 else UDP, place, data)
        except _STUMBLES:
            self._answered = False
        for model in self._engine.security_models.values():
            model._cache = Cache()  # it would keep an entry of each trap for ever
        return self._answered

    def add_user(self, credentials: SnmpCredentials, engine_id: bytes) -> None:
        """Let a user sign for the engine ``engine_id``."""
        auth, priv = credentials.auth_protocol, credentials.priv_protocol
        auth_key = priv_key = None
        if auth is not None:
            auth_key = keys.auth_key(auth, credentials.auth_secret.encode(), engine_id)
            if priv is not None:
                secret = credentials.priv_secret.encode()
                priv_key = keys.priv_key(auth, priv, secret, engine_id)
        protocols = auth_data(credentials)
        config.add_v3_user(
            self._engine,
            credentials.user,
            protocols.authentication_protocol,
            auth_key,
            protocols.privacy_protocol,
            priv_key,
            OctetString(engine_id),
            authKeyType=config.USM_KEY_TYPE_LOCALIZED,
            privKeyType=config.USM_KEY_TYPE_LOCALIZED,
        )

    def tick(self) -> None:
        """Let pysnmp's clock go on."""
        now = time.monotonic()
        if now - self._ticked_at >= _TICK_S:
            self._ticked_at = now
            self._ticks += 1
            for timer in self._timers:
                timer(time.time())

    def _notified(
        self, engine: Any, state: Any, context_id: Any, context: Any, varbinds: Any, _: Any
    ) -> None:
        """The callback: varbinds in the form of v2."""
        self._answered = True
        trap, agent = "", None
        for name, value in varbinds:
            if tuple(name) == _TRAP_OID:
                trap = ".".join(map(str, value))
            elif tuple(name) == _TRAP_ADDRESS:
                agent = socket.inet_ntoa(bytes(value))
        address, who = self._sender
        self._deliver(Notification(address, agent, who, trap))

    # What pysnmp's engine wants of a transport dispatcher.

    def register_recv_callback(self, callback: Any, recv_id: Any = None) -> None:
        """Where datagrams go."""
        self._receive = callback

    def register_timer_callback(self, callback: Any, interval: Any = None) -> None:
        """What ticks."""
        self._timers.append(callback)

    def send_message(self, data: bytes, domain: Any, address: _Address) -> None:
        """The answer to an inform, or a report."""
        self._answered = True
        self.send(data, tuple(address))

    def get_timer_resolution(self) -> float:
        """Seconds of a tick."""
        return _TICK_S

    def get_timer_ticks(self) -> int:
        """Ticks so far."""
        return self._ticks
