"""The Modbus server read by mbpoll and pymodbus, and its corners by literal bytes."""

import asyncio
import os
import re
import shutil
from collections.abc import AsyncIterator

import pytest
from pymodbus import FramerType
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient

from simulator.wire.modbus_faults import ClosesMidRequest, Late, Refuses, Silent, Split
from simulator.wire.modbus_server import IllegalAddress, ModbusServer
from tests.waiting import PATIENCE_S

Client = AsyncModbusTcpClient | AsyncModbusSerialClient
MBPOLL = shutil.which("mbpoll") or ("mbpoll" if os.environ.get("CI") == "true" else None)
needs_mbpoll = pytest.mark.skipif(MBPOLL is None, reason="mbpoll is not installed")


class Bank:
    """Holding n is 1000 + n, input n is 2000 + n, bits are their address's parity; 0 to 499."""

    def __init__(self, unit: int) -> None:
        self.unit = unit

    def read(self, table: str, address: int, count: int) -> list[int]:
        if address + count > 500:
            raise IllegalAddress(address)
        base = {"holding": 1000, "input": 2000}.get(table)
        span = range(address, address + count)
        return [at & 1 for at in span] if base is None else [base + self.unit + at for at in span]


@pytest.fixture
async def server() -> AsyncIterator[ModbusServer]:
    server = ModbusServer({unit: Bank(unit) for unit in (1, 2, 3)})
    yield server
    await server.close()


async def mbpoll(*arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        MBPOLL or "mbpoll", "-0", "-1", "-o", "0.3", *arguments,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await asyncio.wait_for(process.communicate(), PATIENCE_S)
    return output.decode()


def values(output: str) -> list[int]:
    return [int(value) for value in re.findall(r"^\[\d+\]:\s+(\d+)", output, re.MULTILINE)]


@pytest.mark.peer
@needs_mbpoll
async def test_mbpoll_over_tcp(server: ModbusServer) -> None:
    target = ("-m", "tcp", "-p", str(await server.start_tcp()), "127.0.0.1")
    read = await mbpoll("-a", "2", "-r", "100", "-c", "5", "-t", "4", *target)
    assert values(read) == [1102, 1103, 1104, 1105, 1106]
    read = await mbpoll("-a", "1", "-r", "0", "-c", "125", "-t", "3", *target)
    assert values(read) == list(range(2001, 2126))
    read = await mbpoll("-a", "1", "-r", "3", "-c", "20", "-t", "0", *target)
    assert values(read) == [at & 1 for at in range(3, 23)]
    assert "Illegal data address" in await mbpoll("-a", "1", "-r", "499", "-c", "2", *target)
    assert "timed out" in await mbpoll("-a", "9", "-r", "0", *target)
    written = await mbpoll("-a", "1", "-r", "0", *target, "7")
    assert "Illegal function" in written


@pytest.mark.peer
@needs_mbpoll
async def test_mbpoll_on_a_line_with_three_units(server: ModbusServer) -> None:
    port = server.start_pty()
    line = ("-m", "rtu", "-b", "19200", "-P", "none", port.path)
    for unit in (1, 2, 3):
        read = await mbpoll("-a", str(unit), "-r", "100", "-c", "3", "-t", "4", *line)
        assert values(read) == [1100 + unit, 1101 + unit, 1102 + unit]
    assert "timed out" in await mbpoll("-a", "9", "-r", "0", *line)
    assert "Illegal data address" in await mbpoll("-a", "1", "-r", "499", "-c", "2", *line)


async def read_with_pymodbus(client: Client) -> None:
    assert await client.connect()
    for unit in (1, 3):
        holding = await client.read_holding_registers(10, count=100, device_id=unit)
        assert holding.registers == list(range(1010 + unit, 1110 + unit))
        inputs = await client.read_input_registers(499, count=1, device_id=unit)
        assert inputs.registers == [2499 + unit]
    coils = await client.read_coils(5, count=11, device_id=1)
    assert coils.bits[:11] == [bool(at & 1) for at in range(5, 16)]
    assert (await client.read_holding_registers(450, count=100, device_id=1)).exception_code == 2
    assert (await client.write_register(3, 1, device_id=1)).exception_code == 1
    assert (await client.write_registers(3, [1, 2], device_id=1)).exception_code == 1
    assert (await client.write_coil(3, True, device_id=1)).exception_code == 1
    assert (await client.write_coils(3, [True] * 9, device_id=1)).exception_code == 1
    client.close()


@pytest.mark.peer
async def test_pymodbus_client_over_tcp(server: ModbusServer) -> None:
    await read_with_pymodbus(AsyncModbusTcpClient("127.0.0.1", port=await server.start_tcp()))
    port = await server.start_rtu_tcp()
    client = AsyncModbusTcpClient("127.0.0.1", port=port, framer=FramerType.RTU)
    await read_with_pymodbus(client)


@pytest.mark.peer
async def test_pymodbus_client_on_a_line(server: ModbusServer) -> None:
    pytest.importorskip("serial", reason="pymodbus needs pyserial for serial lines")
    await read_with_pymodbus(AsyncModbusSerialClient(server.start_pty().path, baudrate=115_200))


async def exchange(port: int, request: str, size: int) -> str:
    """Send literal bytes, read exactly ``size``; hexadecimal both."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(bytes.fromhex(request))
    try:
        return (await asyncio.wait_for(reader.readexactly(size), PATIENCE_S)).hex(" ")
    finally:
        writer.close()
        await writer.wait_closed()


async def test_pipelined_requests_are_all_answered(server: ModbusServer) -> None:
    port = await server.start_tcp()
    request = "0007 0000 0006 01 03 0000 0001  0008 0000 0006 02 04 0001 0001"
    reply = "00 07 00 00 00 05 01 03 02 03 e9 00 08 00 00 00 05 02 04 02 07 d3"
    assert await exchange(port, request, 22) == reply


async def test_a_request_may_come_in_pieces_and_behind_noise(server: ModbusServer) -> None:
    port = await server.start_rtu_tcp()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for octet in bytes.fromhex("ff 00 11  01 03 0000 0001 84 0a"):
        writer.write(bytes([octet]))
        await asyncio.sleep(0.001)
    # 01 03 02 03E9 by hand: the CRC of the request is the one every tutorial shows.
    assert (await reader.readexactly(7))[:5] == bytes.fromhex("01 03 02 03E9")
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize(
    ("pdu", "code"),
    [
        ("03 0000 0000", 3),
        ("03 0000 007E", 3),
        ("01 0000 07D1", 3),
        ("03 FFFF 0002", 2),
        ("06 0000 0001", 1),
        ("2B 0E 01 00", 1),
    ],
)
async def test_exceptions(server: ModbusServer, pdu: str, code: int) -> None:
    port = await server.start_tcp()
    octets = bytes.fromhex(pdu)
    request = f"0001 0000 {len(octets) + 1:04x} 01 {octets.hex()}"
    reply = await exchange(port, request, 9)
    assert reply == f"00 01 00 00 00 03 01 {octets[0] | 0x80:02x} {code:02x}"


async def test_faults_strike_whom_they_are_meant_for(server: ModbusServer) -> None:
    port = await server.start_tcp()
    ask_one, ask_two = "0001 0000 0006 01 03 0000 0001", "0002 0000 0006 02 03 0000 0001"
    right_one, right_two = "00 01 00 00 00 05 01 03 02 03 e9", "00 02 00 00 00 05 02 03 02 03 ea"
    server.fault = Silent(unit=1)
    assert await exchange(port, ask_one + ask_two, 11) == right_two
    server.fault = Refuses(times=1, code=6)
    assert await exchange(port, ask_one + ask_two, 20) == "00 01 00 00 00 03 01 83 06 " + right_two
    server.fault = Late(times=1, seconds=0.01)
    assert await exchange(port, ask_one + ask_two, 22) == f"{right_one} {right_two}"
    server.fault = Split(size=3)
    assert await exchange(port, ask_one, 11) == right_one
    server.fault = ClosesMidRequest(address=0, size=4)
    with pytest.raises(asyncio.IncompleteReadError):
        await exchange(port, ask_one, 11)


async def test_closing_twice_leaves_nothing(server: ModbusServer) -> None:
    port = await server.start_tcp()
    await server.start_rtu_tcp()
    server.start_pty()
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    await server.close()
    await server.close()
    assert not server.connections
    writer.close()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
