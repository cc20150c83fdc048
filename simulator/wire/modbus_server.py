"""A small Modbus server: several units on TCP, on RTU over TCP and on pseudo-terminals.

Unlike most servers it does not answer for absent units, it answers pipelined requests, and it
misbehaves when a fault is set. Source: Modbus Application Protocol V1.1b3.
"""

import asyncio
import os
import struct
import tty
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, cast

from simulator.wire.modbus_faults import Exchange, HangUp, ModbusFault, Send, WireStep
from simulator.wire.modbus_wire import Framing, Mbap, Rtu

_TABLES = {1: "coil", 2: "discrete", 3: "holding", 4: "input"}
_BITS_MAX, _REGISTERS_MAX = 2000, 125
_BUFFER_MAX = 4096
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3


class IllegalAddress(Exception):
    """A request names a register that the bank does not have."""


class RegisterBank(Protocol):
    """The registers of one unit."""

    def read(self, table: str, address: int, count: int) -> Sequence[int]:
        """Return ``count`` words (bits for coil and discrete) from 0-based ``address``.

        Raises IllegalAddress if one of them does not exist.
        """
        ...


def answer(bank: RegisterBank, pdu: bytes) -> bytes:
    """Return the correct reply PDU; writes are refused as an illegal function."""
    function = pdu[0]
    table = _TABLES.get(function)
    if table is None or len(pdu) < 5:
        return bytes((function | 0x80, ILLEGAL_FUNCTION))
    address, count = struct.unpack_from(">HH", pdu, 1)
    bits = function <= 2
    if not 1 <= count <= (_BITS_MAX if bits else _REGISTERS_MAX):
        return bytes((function | 0x80, ILLEGAL_VALUE))
    try:
        if address + count > 65536:
            raise IllegalAddress(address + count - 1)
        values = bank.read(table, address, count)
    except IllegalAddress:
        return bytes((function | 0x80, ILLEGAL_ADDRESS))
    if not bits:
        return struct.pack(f">BB{count}H", function, 2 * count, *values)
    packed = sum((value & 1) << position for position, value in enumerate(values))
    size = (count + 7) // 8
    return bytes((function, size)) + packed.to_bytes(size, "little")


class _ServedConnection:
    """One connection: answers requests in order and carries out the steps of faults."""

    def __init__(
        self,
        server: "ModbusServer",
        framing: Framing,
        write: Callable[[bytes], None],
        hang_up: Callable[[], None],
    ) -> None:
        self._server = server
        self._framing = framing
        self._write = write
        self._hang_up = hang_up
        self._buffer = bytearray()
        self._steps: deque[WireStep] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def received(self, data: bytes) -> None:
        """Answer every request that is complete."""
        self._buffer += data
        if len(self._buffer) > _BUFFER_MAX:
            del self._buffer[:-_BUFFER_MAX]
        for transaction, unit, pdu in self._framing.requests(self._buffer):
            self._steps.extend(self._server.steps(self._framing, transaction, unit, pdu))
        if self._timer is None:
            self._go()

    def end(self) -> None:
        """Drop what was still to be sent."""
        self._steps.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _go(self) -> None:
        self._timer = None
        pending = b""
        while self._steps:
            step = self._steps.popleft()
            if isinstance(step, Send):
                pending += step.data
                continue
            if pending:
                self._write(pending)
                pending = b""
            if isinstance(step, HangUp):
                self._steps.clear()
                self._hang_up()
                return
            self._timer = asyncio.get_running_loop().call_later(step.seconds, self._go)
            return
        if pending:
            self._write(pending)


class _Connection(asyncio.Protocol):
    """A TCP connection as a session."""

    transport: asyncio.Transport

    def __init__(self, server: "ModbusServer", framing: Framing) -> None:
        self._server = server
        self._framing = framing
        self._session: _ServedConnection | None = None
        self.gone = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the session, unless a fault refuses the connection."""
        # uvloop keeps the methods of asyncio.Transport, not the class.
        self.transport = plain = cast(asyncio.Transport, transport)
        self._server.connections.add(self)
        if self._server.fault.accepts():
            self._session = _ServedConnection(self._server, self._framing, plain.write, plain.close)
        else:
            plain.close()

    def data_received(self, data: bytes) -> None:
        """Pass the bytes to the session."""
        if self._session is not None:
            self._session.received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """End the session."""
        self._server.connections.discard(self)
        if self._session is not None:
            self._session.end()
        self.gone.set_result(None)


class PtyPort:
    """The server's end of a serial cable: a pseudo-terminal whose ``path`` a client opens."""

    def __init__(self, server: "ModbusServer") -> None:
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        # Keeping the client's end open here keeps the line up while no client has it open.
        self.path = os.ttyname(self._slave)
        self._session = _ServedConnection(server, Rtu(), self.put, self.close)
        self._open = True
        asyncio.get_running_loop().add_reader(self._master, self._readable)

    def close(self) -> None:
        """Unplug the cable: a client that has the path open sees the line go down."""
        if not self._open:
            return
        self._open = False
        self._session.end()
        asyncio.get_running_loop().remove_reader(self._master)
        os.close(self._master)
        os.close(self._slave)

    def _readable(self) -> None:
        try:
            data = os.read(self._master, _BUFFER_MAX)
        except BlockingIOError:
            return
        self._session.received(data)

    def put(self, data: bytes) -> None:
        """Put bytes on the line, requested or not."""
        try:
            os.write(self._master, data)
        except BlockingIOError:
            # No client reads and the driver's buffer is full: the bytes are lost.
            return


class ModbusServer:
    """Units and their banks on any number of listeners. ``fault`` may be set at any time.

    A unit that is not in ``units`` does not answer. ``requests`` counts the requests to each unit,
    absent ones included.
    """

    def __init__(self, units: Mapping[int, RegisterBank], fault: ModbusFault | None = None) -> None:
        self.units = units
        self.fault = fault or ModbusFault()
        self.requests: dict[int, int] = {}
        self.connections: set[_Connection] = set()
        self._listeners: list[asyncio.Server] = []
        self._ports: list[PtyPort] = []

    async def start_tcp(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen for Modbus TCP and return the port (0 takes a free one)."""
        return await self._listen(Mbap(), host, port)

    async def start_rtu_tcp(self, host: str = "127.0.0.1", port: int = 0) -> int:
        """Listen for RTU over TCP and return the port (0 takes a free one)."""
        return await self._listen(Rtu(), host, port)

    def start_pty(self) -> PtyPort:
        """Serve RTU on a new pseudo-terminal; a client opens its ``path``."""
        port = PtyPort(self)
        self._ports.append(port)
        return port

    async def close(self) -> None:
        """Stop listening and close every connection."""
        for listener in self._listeners:
            listener.close()
        connections = list(self.connections)
        for connection in connections:
            connection.transport.abort()
        for port in self._ports:
            port.close()
        for listener in self._listeners:
            await listener.wait_closed()
        for connection in connections:
            await connection.gone
        self._listeners.clear()
        self._ports.clear()

    def steps(
        self, framing: Framing, transaction: int, unit: int, pdu: bytes
    ) -> Sequence[WireStep]:
        """Return the steps that answer one request."""
        number = self.requests.get(unit, 0) + 1
        self.requests[unit] = number
        bank = self.units.get(unit)
        if bank is None:
            return ()
        exchange = Exchange(framing, number, transaction, unit, pdu, answer(bank, pdu))
        spoilt = self.fault.spoil(exchange)
        return (Send(exchange.frame),) if spoilt is None else spoilt

    async def _listen(self, framing: Framing, host: str, port: int) -> int:
        loop = asyncio.get_running_loop()
        listener = await loop.create_server(lambda: _Connection(self, framing), host, port)
        self._listeners.append(listener)
        bound: int = listener.sockets[0].getsockname()[1]
        return bound
