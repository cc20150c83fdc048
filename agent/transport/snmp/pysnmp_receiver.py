"""Reception of traps and informs: a socket, a queue, the trap gate, and pysnmp.

pysnmp decodes, decrypts, converts v1 to v2 (RFC 3584 section 3.1) and answers informs. It takes
about 0.35 ms for each, so a burst waits in a queue, and other tasks run in between. pysnmp has no
types; Any is not used outside.
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
_EVERY_ENGINE = bytes(5)  # in pysnmp the engine id of users of unknown engines

_DECODE_ERRORS = (  # raised by pysnmp for invalid content of a message
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
    """A receiver of notifications. It calls ``deliver`` with accepted ones, else ``refuse``.

    ``refuse`` gets the reason. Both are called in the event loop and must be quick.
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
        """Listen on host and port (0: any free port). Raises ConfigError if that fails."""
        host, port = listen
        receiver = cls(credentials, deliver, refuse)
        loop = asyncio.get_running_loop()
        try:
            transport, _ = await loop.create_datagram_endpoint(
                lambda: _Protocol(receiver.enqueue), local_addr=(host, port)
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
        """Close the socket."""
        if self._transport is not None:
            self._transport.close()
            await asyncio.sleep(0)  # the event loop closes the socket in its next turn

    def enqueue(self, data: bytes, address: _Address) -> None:
        """Queue a datagram; refuse it if it is too long or the queue is full."""
        if len(data) > DATAGRAM_OCTETS_MAX:
            self._refuse(Refusal.MALFORMED)
            return
        try:
            self._queue.put_nowait((data, address))
        except asyncio.QueueFull:
            self._refuse(Refusal.OVERFLOW)

    async def run(self) -> None:
        """Handle queued datagrams until cancelled; those still in the queue are then dropped."""
        while True:
            try:
                async with asyncio.timeout(_TICK_S):
                    data, address = await self._queue.get()
            except TimeoutError:
                self._engine.tick()
                continue
            self._handle(data, address)
            self._engine.tick()
            await self._yield_to_loop()

    async def _yield_to_loop(self) -> None:
        """Let other tasks run; during a burst repeatedly, as the buffer of the socket is small."""
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
        if verdict.unsigned:
            self._refuse(Refusal.SECURITY)
        elif not answered:
            self._refuse(Refusal.MALFORMED)


class _Protocol(asyncio.DatagramProtocol):
    """The callbacks of the socket."""

    def __init__(self, enqueue: Callable[[bytes, _Address], None]) -> None:
        self._enqueue = enqueue

    def datagram_received(self, data: bytes, addr: _Address) -> None:
        """Queue a datagram."""
        self._enqueue(data, addr)


class _Pysnmp:
    """The engine of pysnmp, and its transport dispatcher for one socket.

    Of several credentials with the same user, the first is used for informs.
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
        """Engine id of the agent, for which informs are signed."""
        return bytes(self._engine.snmpEngineID)

    def receive(self, data: bytes, address: _Address, who: Principal) -> bool:
        """Pass a datagram to pysnmp; return whether it delivered or answered something."""
        v6 = ":" in address[0]
        place = (Udp6TransportAddress if v6 else UdpTransportAddress)(address)
        self._sender = (address[0], who)
        self._answered = False
        try:
            self._receive(self, UDP6 if v6 else UDP, place, data)
        except _DECODE_ERRORS:
            self._answered = False
        for model in self._engine.security_models.values():
            model._cache = Cache()  # otherwise an entry of each trap would stay for ever
        return self._answered

    def add_user(self, credentials: SnmpCredentials, engine_id: bytes) -> None:
        """Add the keys of a user for the engine ``engine_id``."""
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
        """Call the timers of pysnmp if they are due."""
        now = time.monotonic()
        if now - self._ticked_at >= _TICK_S:
            self._ticked_at = now
            self._ticks += 1
            for timer in self._timers:
                timer(time.time())

    def _notified(
        self, engine: Any, state: Any, context_id: Any, context: Any, varbinds: Any, _: Any
    ) -> None:
        """Deliver a notification; ``varbinds`` are in the form of v2. Called by pysnmp."""
        self._answered = True
        trap, agent = "", None
        for name, value in varbinds:
            if tuple(name) == _TRAP_OID:
                trap = ".".join(map(str, value))
            elif tuple(name) == _TRAP_ADDRESS:
                agent = socket.inet_ntoa(bytes(value))
        address, who = self._sender
        self._deliver(Notification(address, agent, who, trap))

    # The interface of a transport dispatcher of pysnmp.

    def register_recv_callback(self, callback: Any, recv_id: Any = None) -> None:
        """Set the callback for received datagrams."""
        self._receive = callback

    def register_timer_callback(self, callback: Any, interval: Any = None) -> None:
        """Add a callback of the timer."""
        self._timers.append(callback)

    def send_message(self, data: bytes, domain: Any, address: _Address) -> None:
        """Send the response to an inform, or a report."""
        self._answered = True
        self.send(data, tuple(address))

    def get_timer_resolution(self) -> float:
        """Return the length of a tick in seconds."""
        return _TICK_S

    def get_timer_ticks(self) -> int:
        """Return the number of ticks so far."""
        return self._ticks
