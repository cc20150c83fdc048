"""The transport seam and the pool: what the daemon holds in its hand."""

import asyncio
from pathlib import Path

import pytest
import uvloop

from agent.model.errors import ConfigError, DeviceTimeout, DeviceUnreachable
from agent.model.limits import Limits
from agent.model.values import GetOids, ReadRegisters
from agent.transport.base import Transport
from agent.transport.modbus.bus import BusLimits
from agent.transport.modbus.serial_port import SerialSettings
from agent.transport.modbus.transport import BusPool, ModbusTransport
from simulator.wire.modbus_faults import ModbusFault, Silent

from .conftest import Rig, words

pytestmark = pytest.mark.moved_clock


@pytest.mark.parametrize("table", ["holding", "input", "coil", "discrete"])
@pytest.mark.parametrize("count", [1, 2, 9, 125])
async def test_every_table_answers_in_the_shape_the_codec_reads(
    rig: Rig, table: str, count: int
) -> None:
    transport: Transport = rig.unit(3)
    request = ReadRegisters(table, 100, count)
    answer = await transport.fetch(request)
    assert answer.payload == words(3, table, 100, count)
    assert answer.request is request
    assert answer.failures == ()


async def test_the_last_transport_closes_the_bus(rig: Rig) -> None:
    one, two = rig.unit(1), rig.unit(2)
    await one.fetch(ReadRegisters("holding", 0, 1))
    await one.close()
    await one.close()
    assert not rig.bus.closed
    with pytest.raises(DeviceUnreachable, match="closed"):
        await one.fetch(ReadRegisters("holding", 0, 1))
    await two.fetch(ReadRegisters("holding", 0, 1))
    await two.close()
    assert rig.bus.closed
    with pytest.raises(DeviceUnreachable):
        await two.fetch(ReadRegisters("holding", 0, 1))


async def test_one_bus_per_endpoint() -> None:
    pool = BusPool()
    gateway = pool.tcp("192.0.2.1", 502)
    assert pool.tcp("192.0.2.1", 502) is gateway
    assert pool.tcp("192.0.2.1", 503) is not gateway
    assert pool.rtu_tcp("192.0.2.2", 4001) is pool.rtu_tcp("192.0.2.2", 4001)
    line = pool.serial("/dev/ttyS9", 19200, "N")
    assert pool.serial("/dev/ttyS9", 19200, "N") is line
    await gateway.close()
    assert pool.tcp("192.0.2.1", 502) is not gateway
    await pool.close()
    assert line.closed


async def test_one_endpoint_has_one_setting() -> None:
    pool = BusPool()
    pool.serial("/dev/ttyS9", 19200, "N")
    pool.tcp("192.0.2.1", 502)
    with pytest.raises(ConfigError, match="/dev/ttyS9 is used with two different settings"):
        pool.serial("/dev/ttyS9", 9600, "N")
    with pytest.raises(ConfigError, match=r"192\.0\.2\.1:502"):
        pool.rtu_tcp("192.0.2.1", 502)
    with pytest.raises(ConfigError, match=r"192\.0\.2\.1:502"):
        pool.tcp("192.0.2.1", 502, BusLimits(turnaround_s=0.1))
    await pool.close()


async def test_what_a_user_may_get_wrong_is_named() -> None:
    bus = BusPool().tcp("192.0.2.1")
    with pytest.raises(ConfigError, match="unit 300"):
        ModbusTransport(bus, 300, Limits())
    with pytest.raises(ConfigError, match="baudrate 12345"):
        SerialSettings(12345)
    with pytest.raises(ConfigError, match="parity 'X'"):
        SerialSettings(9600, "X")
    with pytest.raises(ConfigError, match="stopbits 3"):
        SerialSettings(9600, "N", 3)
    with pytest.raises(ConfigError, match="databits 6"):
        SerialSettings(9600, "N", 1, 6)


async def test_snmp_questions_are_a_bug_here() -> None:
    transport = ModbusTransport(BusPool().tcp("192.0.2.1"), 1)
    with pytest.raises(TypeError, match="GetOids"):
        await transport.fetch(GetOids((b"\x2b",)))
    await transport.close()


@pytest.mark.parametrize("wire", ["tcp", "rtu_tcp", "pty"])
def test_the_daemons_event_loop_carries_every_line(wire: str, tmp_path: Path) -> None:
    async def read() -> None:
        rig = Rig(wire, tmp_path)
        await rig.start()
        answers = await asyncio.gather(*(rig.read(unit, 100, 125) for unit in (1, 2, 3)))
        assert answers == [words(unit, "holding", 100, 125) for unit in (1, 2, 3)]
        rig.break_with(Silent())
        with pytest.raises(DeviceTimeout):
            await rig.read(1, 100, timeout_s=0.05)
        rig.break_with(ModbusFault())
        await rig.outage()
        with pytest.raises(DeviceUnreachable):
            await rig.read(1, 100)
        await rig.restore()
        await asyncio.sleep(rig.bus.link.backoff_s())
        assert await rig.read(1, 200) == words(1, "holding", 200, 2)
        await rig.close()

    uvloop.run(read())
