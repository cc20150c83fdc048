"""A bus's connection: when it opens, rests and closes, and that nothing is left of it."""

import asyncio
from pathlib import Path

import pytest

from agent.model.errors import DeviceUnreachable, ProtocolError
from agent.model.limits import Limits
from agent.protocol.modbus.framing import query
from agent.transport.modbus.bus import BusLimits, ModbusBus
from agent.transport.modbus.line import TtyLine
from agent.transport.modbus.pause import Pause
from agent.transport.modbus.serial_port import SerialSettings
from simulator.wire.modbus_faults import Late, Silent
from simulator.wire.modbus_server import ModbusServer
from tests.waiting import until

from .conftest import Rig, Words, words

pytestmark = pytest.mark.moved_clock

ASKED = query(1, "holding", 10, 2)
LIMITS = Limits(timeout_s=0.2, retries=0)


def open_files() -> set[Path]:
    """The file descriptors of this process."""
    return set(Path("/proc/self/fd").iterdir())


async def test_nothing_connects_before_the_first_request(net_rig: Rig) -> None:
    await asyncio.sleep(0.01)
    assert not net_rig.server.connections
    await net_rig.read(1, 10)
    assert len(net_rig.server.connections) == 1


async def test_fifty_reads_share_one_connection(net_rig: Rig) -> None:
    answers = await asyncio.gather(*(net_rig.read(1 + at % 10, at) for at in range(50)))
    assert answers == [words(1 + at % 10, "holding", at, 2) for at in range(50)]
    assert net_rig.bus.link.connects == 1


async def test_an_unused_connection_closes_and_opens_again(net_rig: Rig) -> None:
    bus = ModbusBus(net_rig.bus.link.line, net_rig.bus.link.framer, BusLimits(idle_close_s=0.02))
    limits = Limits(timeout_s=0.02, retries=0)
    await bus.read(ASKED, limits)
    await until(lambda: not net_rig.server.connections)
    assert await bus.read(ASKED, limits) == words(1, "holding", 10, 2)
    assert bus.link.connects == 2
    await bus.close()


async def test_a_peer_that_closes_unused_connections_costs_nothing(net_rig: Rig) -> None:
    await net_rig.read(1, 10)
    for connection in list(net_rig.server.connections):
        connection.transport.close()
        await connection.gone
    assert await net_rig.read(1, 20, retries=0) == words(1, "holding", 20, 2)


async def test_the_first_request_waits_for_a_slow_starter() -> None:
    server = ModbusServer({1: Words(1)})
    port = await server.start_tcp()
    bus = ModbusBus.tcp("127.0.0.1", port, BusLimits(connect_pause_s=0.05))
    reading = asyncio.create_task(bus.read(ASKED, LIMITS))
    await until(lambda: server.connections)
    assert server.requests == {}
    await reading
    assert server.requests == {1: 1}
    await bus.close()
    await server.close()


async def test_a_closed_port_is_named_and_not_hammered(unused_tcp_port: int) -> None:
    bus = ModbusBus.tcp("127.0.0.1", unused_tcp_port, BusLimits(reconnect_s=60, reconnect_max_s=60))
    with pytest.raises(DeviceUnreachable, match=f"127.0.0.1:{unused_tcp_port}"):
        await bus.read(ASKED, LIMITS)
    for _ in range(3):
        with pytest.raises(DeviceUnreachable, match="tried again in"):
            await bus.read(ASKED, LIMITS)
    await bus.close()


async def test_backoff_grows_to_its_limit(unused_tcp_port: int) -> None:
    limits = BusLimits(reconnect_s=0.001, reconnect_max_s=0.003)
    bus = ModbusBus.tcp("127.0.0.1", unused_tcp_port, limits)
    pauses = []
    for _ in range(8):
        with pytest.raises(DeviceUnreachable):
            await bus.read(ASKED, LIMITS)
        pauses.append(bus.link.backoff_s())
    assert max(pauses) <= 0.003
    await bus.close()


async def test_a_missing_serial_port_is_unreachable(tmp_path: Path) -> None:
    bus = ModbusBus.serial(str(tmp_path / "ttyUSB0"))
    with pytest.raises(DeviceUnreachable, match=r"ttyUSB0: .*No such file"):
        await bus.read(ASKED, LIMITS)
    await bus.close()


async def test_a_serial_port_has_one_owner(tmp_path: Path) -> None:
    rig = Rig("pty", tmp_path)
    await rig.start()
    await rig.read(1, 10)
    assert rig.port is not None
    other = ModbusBus.serial(rig.port.path)
    with pytest.raises(DeviceUnreachable, match="unavailable"):
        await other.read(ASKED, LIMITS)
    await other.close()
    await rig.close()


async def test_close_fails_what_is_pending_and_leaves_nothing(rig: Rig) -> None:
    rig.break_with(Silent())
    before = open_files()
    reads = [asyncio.create_task(rig.read(unit, 10, timeout_s=60)) for unit in (1, 2, 3)]
    await until(lambda: rig.server.requests)
    await rig.bus.close()
    await rig.bus.close()
    for read in reads:
        with pytest.raises(DeviceUnreachable, match="bus was closed"):
            await read
    with pytest.raises(DeviceUnreachable, match="bus was closed"):
        await rig.read(1, 10)
    await until(lambda: not rig.server.connections)
    assert open_files() == before
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_forgotten_question_keeps_the_line_until_its_answer_came(rig: Rig) -> None:
    rig.break_with(Late(times=1, seconds=0.05))
    reading = asyncio.create_task(rig.read(1, 10, timeout_s=5))
    await until(lambda: rig.server.requests)
    reading.cancel()
    assert await rig.read(2, 20, timeout_s=5) == words(2, "holding", 20, 2)
    assert rig.server.requests == {1: 1, 2: 1}


async def test_many_cancelled_reads_leave_a_working_bus(rig: Rig) -> None:
    for round_number in range(20):
        reads = [asyncio.create_task(rig.read(unit, 10, timeout_s=1)) for unit in range(1, 6)]
        await asyncio.sleep(0.0002 * round_number)
        for read in reads:
            read.cancel()
        await asyncio.gather(*reads, return_exceptions=True)
    answers = await asyncio.gather(*(rig.read(unit, 50, timeout_s=1) for unit in range(1, 11)))
    assert answers == [words(unit, "holding", 50, 2) for unit in range(1, 11)]


@pytest.mark.parametrize(
    ("baudrate", "parity", "stopbits", "character_s", "silence_s"),
    [
        (9600, "N", 1, 10 / 9600, 35 / 9600),
        (9600, "E", 1, 11 / 9600, 38.5 / 9600),
        (19200, "N", 2, 11 / 19200, 38.5 / 19200),
        (38400, "E", 1, 11 / 38400, 0.00175),
        (115200, "N", 1, 10 / 115200, 0.00175),
    ],
)
def test_silence_between_frames_follows_the_standard(
    baudrate: int, parity: str, stopbits: int, character_s: float, silence_s: float
) -> None:
    line = TtyLine("/dev/null", SerialSettings(baudrate, parity, stopbits))
    assert line.character_s == pytest.approx(character_s)
    assert line.silence_s == pytest.approx(silence_s)


async def test_a_line_that_babbles_fails_honestly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.transport.modbus.link.time", asyncio.get_running_loop())
    monkeypatch.setattr(Pause, "open", lambda: None)
    server = ModbusServer({1: Words(1)})
    port = server.start_pty()
    bus = ModbusBus.serial(port.path, 115_200, "N", 1, BusLimits(turnaround_s=0.5))
    assert await bus.read(ASKED, LIMITS) == words(1, "holding", 10, 2)

    async def babble() -> None:
        while True:
            port.put(b"\x55")
            await asyncio.sleep(0.1)

    babbling = asyncio.create_task(babble())
    with pytest.raises(ProtocolError, match="never silent"):
        await bus.read(ASKED, LIMITS)
    babbling.cancel()
    await bus.close()
    await server.close()
