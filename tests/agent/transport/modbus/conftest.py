"""A Modbus server and a bus joined by each kind of line, for tests that hold on all of them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent.model.limits import Limits
from agent.model.values import Answer, ReadRegisters
from agent.transport.modbus.bus import BusLimits, ModbusBus
from agent.transport.modbus.transport import ModbusTransport
from simulator.wire.modbus_faults import ModbusFault
from simulator.wire.modbus_server import IllegalAddress, ModbusServer, PtyPort

HASTY = BusLimits(
    gap_s=0.05,
    reconnect_s=0.01,
    reconnect_max_s=5.0,
    busy_pause_s=0.005,
    silent_pause_s=60.0,
    silent_pause_max_s=60.0,
)


class Words:
    """A unit whose registers tell unit, table and address apart. 600..609 do not exist."""

    def __init__(self, unit: int) -> None:
        self.unit = unit

    def read(self, table: str, address: int, count: int) -> list[int]:
        if address + count > 1000 or (address < 610 and address + count > 600):
            raise IllegalAddress(address)
        return [word(self.unit, table, at) for at in range(address, address + count)]


def word(unit: int, table: str, address: int) -> int:
    if table in ("coil", "discrete"):
        return (address * 7 + unit) >> 1 & 1
    return (unit * 1000 + address) ^ (0x4000 if table == "input" else 0)


def words(unit: int, table: str, address: int, count: int) -> bytes:
    """The payload that a right answer has."""
    width = 1 if table in ("coil", "discrete") else 2
    values = (word(unit, table, at) for at in range(address, address + count))
    return b"".join(value.to_bytes(width, "big") for value in values)


class Rig:
    """One server with ten units (1 to 10), one bus to it, and a transport per unit on demand."""

    def __init__(self, wire: str, place: Path) -> None:
        self.wire = wire
        self.server = ModbusServer({unit: Words(unit) for unit in range(1, 11)})
        self.port: PtyPort | None = None
        self._path = place / "line"
        self._number = 0
        self._transports: list[ModbusTransport] = []

    async def start(self, limits: BusLimits = HASTY) -> None:
        if self.wire == "pty":
            self.plug_in()
            self.bus = ModbusBus.serial(str(self._path), 115_200, "N", limits=limits)
            return
        if self.wire == "tcp":
            self._number = await self.server.start_tcp()
            self.bus = ModbusBus.tcp("127.0.0.1", self._number, limits)
        else:
            self._number = await self.server.start_rtu_tcp()
            self.bus = ModbusBus.rtu_tcp("127.0.0.1", self._number, limits)

    def plug_in(self) -> None:
        """A pseudo-terminal under the path the bus knows, as udev names a serial adapter."""
        self.port = self.server.start_pty()
        self._path.unlink(missing_ok=True)
        self._path.symlink_to(self.port.path)

    async def outage(self) -> None:
        """The far end goes away: cable pulled, or gateway switched off."""
        await self.server.close()

    async def restore(self) -> None:
        if self.wire == "pty":
            self.plug_in()
        elif self.wire == "tcp":
            await self.server.start_tcp(port=self._number)
        else:
            await self.server.start_rtu_tcp(port=self._number)

    def break_with(self, fault: ModbusFault) -> None:
        self.server.fault = fault

    def unit(self, unit: int, timeout_s: float = 1.0, retries: int = 1) -> ModbusTransport:
        transport = ModbusTransport(self.bus, unit, Limits(timeout_s=timeout_s, retries=retries))
        self._transports.append(transport)
        return transport

    async def read(
        self,
        unit: int,
        address: int,
        count: int = 2,
        table: str = "holding",
        timeout_s: float = 1.0,
        retries: int = 1,
    ) -> bytes:
        """Ask one unit; the payload."""
        transport = self.unit(unit, timeout_s, retries)
        answer: Answer = await transport.fetch(ReadRegisters(table, address, count))
        assert isinstance(answer.payload, bytes)
        return answer.payload

    async def close(self) -> None:
        for transport in self._transports:
            await transport.close()
        await self.bus.close()
        await self.server.close()


async def _rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Rig]:
    rig = Rig(request.param, tmp_path)
    await rig.start()
    yield rig
    await rig.close()


rig = pytest.fixture(params=("tcp", "rtu_tcp", "pty"), name="rig")(_rig)
net_rig = pytest.fixture(params=("tcp", "rtu_tcp"), name="net_rig")(_rig)
rtu_rig = pytest.fixture(params=("rtu_tcp", "pty"), name="rtu_rig")(_rig)
tcp_rig = pytest.fixture(params=("tcp",), name="tcp_rig")(_rig)
