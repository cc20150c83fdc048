"""The SNMP engine: one shared UDP socket per address family, and the pending requests."""

import asyncio
import os
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from agent.model.errors import DeviceError, DeviceTimeout, DeviceUnreachable, ProtocolError
from agent.protocol.snmp.message import peek_id
from agent.protocol.snmp.security import Reply

Address = tuple[str, int] | tuple[str, int, int, int]
"""A socket address as returned by getaddrinfo: IPv4, or IPv6 with flow and scope."""

_RECEIVE_BUFFER = 4 * 1024 * 1024  # a burst of 1,000 full responses; the kernel may grant less
_MAX_DATAGRAM = 65_535
_DATAGRAMS_PER_TURN = 32  # before other tasks of the event loop run
_MAX_WAITING = 65_536
_ID_BASE = 1 << 30  # ids of 2**30..2**31-1 always take four octets
_SO_RCVBUFFORCE = 33 if sys.platform == "linux" else None


@dataclass(slots=True)
class EngineCounters:
    """Counters of datagrams since the engine was opened.

    ``unmatched`` were late, duplicate or never requested; ``spoofed`` had the id of a pending
    request but another source address; ``refused`` were malformed, had another community or failed
    a check.
    """

    sent: int = 0
    retries: int = 0
    send_failures: int = 0
    received: int = 0
    unmatched: int = 0
    spoofed: int = 0
    refused: int = 0


Opener = Callable[[bytes, int], Reply]
"""Decodes a datagram with this message id into the reply, or raises DeviceError."""

Sealed = tuple[int, bytes]
"""A message id and the datagram with this id."""


class Waiting:
    """A pending exchange: the datagram to send, its deadline, and the check of responses."""

    __slots__ = (
        *("address", "any_source", "deadline", "engine", "flaw", "future", "ids"),
        *("make_smaller", "opener", "pending", "sock", "timeout_s", "timer"),
    )

    def __init__(
        self,
        engine: "SnmpEngine",
        sock: socket.socket,
        address: Address,
        first: Sealed,
        opener: Opener,
        *,
        timeout_s: float,
        deadline: float,
        make_smaller: Callable[[], Sealed] | None,
        any_source: bool,
    ) -> None:
        self.engine = engine
        self.sock = sock
        self.address = address
        self.any_source = any_source
        self.opener = opener
        self.timeout_s = timeout_s
        self.deadline = deadline
        self.pending = first
        self.make_smaller = make_smaller
        self.future: asyncio.Future[Reply] = engine.loop.create_future()
        self.ids: list[int] = []
        self.flaw: DeviceError | None = None
        self.timer: asyncio.TimerHandle | None = None

    def matches(self, source: Address) -> bool:
        """Return whether a datagram from ``source`` may be the response."""
        if source == self.address:
            return True
        if source[1] != self.address[1] or len(source) != len(self.address):
            return False
        # the flow label of IPv6 does not identify the sender
        same_host = source[0] == self.address[0] and source[3:] == self.address[3:]
        return same_host or self.any_source

    def deliver(self, data: bytes, message_id: int) -> bool:
        """Finish with a valid response; else keep its error and wait on. Return whether valid."""
        try:
            reply = self.opener(data, message_id)
        except DeviceError as flaw:
            self.flaw = flaw
            return False
        self.future.set_result(reply)
        return True

    def attempt(self) -> None:
        """Send, and schedule the next try; fail at the deadline."""
        loop = self.engine.loop
        remaining = self.deadline - loop.time()
        if remaining <= 0.001:
            if not self.future.done():
                silence = DeviceTimeout(f"no answer from {self.address[0]}")
                self.future.set_exception(self.flaw or silence)
            return
        if self.make_smaller is not None and self.ids and remaining < self.timeout_s * 1.5:
            self.pending, self.make_smaller = self.make_smaller(), None
        self.engine.send(self, *self.pending)
        self.timer = loop.call_later(min(self.timeout_s, remaining), self.attempt)


class SnmpEngine:
    """Sends requests to any number of devices and returns each response to its caller.

    Create it with :meth:`open` in its event loop. ``receive_buffer`` is the size that the kernel
    granted, in bytes.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.counters = EngineCounters()
        self.receive_buffer = 0
        self.loop = loop
        self._sockets: dict[int, socket.socket] = {}
        self._waiting: dict[int, Waiting] = {}

    @classmethod
    async def open(cls, *, receive_buffer: int = _RECEIVE_BUFFER) -> Self:
        """Bind one socket for IPv4 and one for IPv6, if the host supports them.

        Raises DeviceUnreachable if it supports neither.
        """
        engine = cls(asyncio.get_running_loop())
        for family, host in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):  # noqa: S104
            try:
                engine._sockets[family] = engine._bind(family, host, receive_buffer)
            except OSError:
                continue
        if not engine._sockets:
            raise DeviceUnreachable("this host has neither IPv4 nor IPv6")
        for sock in engine._sockets.values():
            engine.loop.add_reader(sock.fileno(), engine._readable, sock)
        return engine

    async def close(self) -> None:
        """Close the sockets; pending requests raise DeviceTimeout. May be called twice."""
        for sock in self._sockets.values():
            self.loop.remove_reader(sock.fileno())
            sock.close()
        self._sockets.clear()
        for waiting in list(self._waiting.values()):
            if not waiting.future.done():
                waiting.future.set_exception(DeviceTimeout("the SNMP engine was closed"))

    @property
    def in_flight(self) -> int:
        """Number of message ids of pending requests."""
        return len(self._waiting)

    def new_id(self) -> int:
        """Return an unpredictable, unused message or request id, 2**30..2**31-1."""
        while True:
            message_id = _ID_BASE | int.from_bytes(os.urandom(4), "big") & _ID_BASE - 1
            if message_id not in self._waiting:
                return message_id

    async def exchange(
        self,
        address: Address,
        first: Sealed,
        opener: Opener,
        *,
        timeout_s: float,
        deadline: float,
        make_smaller: Callable[[], Sealed] | None = None,
        any_source: bool = False,
    ) -> Reply:
        """Send ``first`` (id and datagram), repeat it every ``timeout_s``, return the response.

        ``opener`` decodes a datagram with the right id and source, or raises DeviceError, in which
        case the wait goes on. The try that ends at ``deadline`` (loop time) sends the result of
        ``make_smaller``, if given; responses to either are accepted. Raises the error of the last
        invalid response, DeviceTimeout without any response, DeviceUnreachable if nothing could be
        sent.
        """
        if len(self._waiting) >= _MAX_WAITING:
            raise DeviceUnreachable(f"{_MAX_WAITING} SNMP requests are already in flight")
        sock = self._sockets.get(socket.AF_INET if len(address) == 2 else socket.AF_INET6)
        if sock is None:
            raise DeviceUnreachable(
                f"no socket for {address[0]}: the engine is closed, or this host lacks the protocol"
            )
        waiting = Waiting(
            *(self, sock, address, first, opener),
            timeout_s=timeout_s,
            deadline=deadline,
            make_smaller=make_smaller,
            any_source=any_source,
        )
        try:
            waiting.attempt()
            return await waiting.future
        finally:
            for message_id in waiting.ids:
                self._waiting.pop(message_id, None)
            if waiting.timer is not None:
                waiting.timer.cancel()

    def _bind(self, family: int, host: str, receive_buffer: int) -> socket.socket:
        sock = socket.socket(family, socket.SOCK_DGRAM)
        try:
            sock.setblocking(False)
            if family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            self._size_buffer(sock, receive_buffer)
            sock.bind((host, 0))
        except OSError:
            sock.close()
            raise
        self.receive_buffer = sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
        return sock

    @staticmethod
    def _size_buffer(sock: socket.socket, size: int) -> None:
        if _SO_RCVBUFFORCE is not None:
            try:
                sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, size)
            except PermissionError:
                pass  # only root may exceed net.core.rmem_max; SO_RCVBUF works for any user
            else:
                return
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)

    def send(self, waiting: Waiting, message_id: int, datagram: bytes) -> None:
        """Send one try of ``waiting``. Never raises; an error is kept in ``waiting.flaw``."""
        self.counters.retries += bool(waiting.ids)
        if message_id not in waiting.ids:
            waiting.ids.append(message_id)
            self._waiting[message_id] = waiting
        try:
            waiting.sock.sendto(datagram, waiting.address)
        except BlockingIOError:
            # As a datagram lost in the network: the retry sends it.
            self.counters.send_failures += 1
        except OSError as error:
            self.counters.send_failures += 1
            waiting.flaw = DeviceUnreachable(f"cannot send to {waiting.address[0]}: {error}")
        else:
            self.counters.sent += 1

    def _readable(self, sock: socket.socket) -> None:
        for _ in range(_DATAGRAMS_PER_TURN):
            try:
                data, source = sock.recvfrom(_MAX_DATAGRAM)
            except BlockingIOError:
                return
            except OSError:
                continue  # an ICMP error for some device; its request times out
            self._received(data, source)

    def _received(self, data: bytes, source: Address) -> None:
        self.counters.received += 1
        try:
            message_id = peek_id(data)
        except ProtocolError:
            self.counters.refused += 1
            return
        waiting = self._waiting.get(message_id)
        if waiting is None or waiting.future.done():
            self.counters.unmatched += 1
        elif not waiting.matches(source):
            self.counters.spoofed += 1
        elif not waiting.deliver(data, message_id):
            self.counters.refused += 1
