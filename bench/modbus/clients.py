"""Three ways to read registers over Modbus TCP: the agent, plain pymodbus, and hand-written."""

import asyncio
import struct
from collections.abc import Awaitable, Callable
from typing import cast

from pymodbus.client import AsyncModbusTcpClient

from agent.model.limits import Limits
from agent.model.values import ReadRegisters
from agent.transport.modbus.bus import ModbusBus
from agent.transport.modbus.transport import ModbusTransport

Read = Callable[[], Awaitable[object]]
Open = Callable[[str, int, int], Awaitable[Read]]
_HOST_TIMEOUT_S = 2.0


async def ours(host: str, port: int, count: int) -> Read:
    """Return a transport of the agent, with all its checks."""
    transport = ModbusTransport(ModbusBus.tcp(host, port), 1, Limits(timeout_s=_HOST_TIMEOUT_S))
    request = ReadRegisters("holding", 0, count)
    unpack = struct.Struct(f">{count}H").unpack

    async def read() -> object:
        payload = (await transport.fetch(request)).payload
        assert isinstance(payload, bytes)
        return unpack(payload)

    await read()
    return read


async def pymodbus(host: str, port: int, count: int) -> Read:
    """Return pymodbus' own asyncio client, used as its documentation shows."""
    client = AsyncModbusTcpClient(host, port=port, timeout=_HOST_TIMEOUT_S)
    if not await client.connect():
        raise ConnectionError(f"no connection to {host}:{port}")

    async def read() -> object:
        reply = await client.read_holding_registers(0, count=count, device_id=1)
        return tuple(reply.registers)

    return read


class _Bare(asyncio.Protocol):
    """One query at a time; only transaction, function and byte count are checked."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.number = 0
        self.rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no subclass of asyncio's.
        self.wire = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        data = self.rest + data
        size = len(data)
        if size < 6 or size < 6 + int.from_bytes(data[4:6], "big"):
            self.rest = data
            return
        self.rest = b""
        if self.reply.done():
            return
        if data[:2] == self.number.to_bytes(2, "big") and data[7] == 3 and data[8] == self.size:
            self.reply.set_result(data[9:])
        else:
            self.reply.set_exception(ValueError("wrong reply"))

    def expire(self) -> None:
        if not self.reply.done():
            self.reply.set_exception(TimeoutError())

    async def ask(self, count: int) -> bytes:
        self.number = self.number % 0xFFFF + 1
        self.size = 2 * count
        self.reply: asyncio.Future[bytes] = self.loop.create_future()
        timer = self.loop.call_later(_HOST_TIMEOUT_S, self.expire)
        self.wire.write(struct.pack(">HHHBBHH", self.number, 0, 6, 1, 3, 0, count))
        try:
            return await self.reply
        finally:
            timer.cancel()


async def handwritten(host: str, port: int, count: int) -> Read:
    """Return a hand-written client of sixty lines, for a peer without errors."""
    _, bare = await asyncio.get_running_loop().create_connection(_Bare, host, port)
    unpack = struct.Struct(f">{count}H").unpack

    async def read() -> object:
        return unpack(await bare.ask(count))

    return read


CLIENTS: dict[str, Open] = {"ours": ours, "pymodbus": pymodbus, "handwritten": handwritten}
