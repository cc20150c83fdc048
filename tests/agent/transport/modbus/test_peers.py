"""The bus against servers that nobody here wrote: pymodbus and libmodbus, on network and line."""

import asyncio
import os
import shutil
import subprocess
import tty
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest
from pymodbus import FramerType
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from agent.model.errors import RequestRejected
from agent.model.limits import Limits
from agent.parse.url import parse_url
from agent.protocol.modbus.framing import query
from agent.transport.factory import Transports
from agent.transport.modbus.bus import ModbusBus
from tests.waiting import PATIENCE_S

LIMITS = Limits(timeout_s=20.0, retries=1)
COMPILER, HEADER = shutil.which("gcc"), Path("/usr/include/modbus/modbus.h")
missing = not (COMPILER and HEADER.exists()) and os.environ.get("CI") != "true"
needs_libmodbus = pytest.mark.skipif(missing, reason="gcc or libmodbus-dev is not installed")
pytestmark = pytest.mark.peer


async def check(bus: ModbusBus, unit: int, illegal: int) -> None:
    """Read every table of a peer whose register n is 1000 + n or 2000 + n, bit n is n's parity."""
    for start, count in ((0, 1), (7, 2), (100, 125)):
        for table, base in (("holding", 1000), ("input", 2000)):
            payload = await bus.read(query(unit, table, start, count), LIMITS)
            expected = range(base + start, base + start + count)
            assert payload == b"".join(value.to_bytes(2, "big") for value in expected)
        for table, odd in (("coil", 1), ("discrete", 0)):
            bits = await bus.read(query(unit, table, start, count), LIMITS)
            assert bits == bytes(at & 1 == odd for at in range(start, start + count))
    with pytest.raises(RequestRejected, match="illegal data address") as caught:
        await bus.read(query(unit, "holding", illegal, 2), LIMITS)
    assert caught.value.code == 2
    blocks = (bus.read(query(unit, "input", at, 10), LIMITS) for at in range(0, 400, 10))
    payloads = await asyncio.gather(*blocks)
    assert [int.from_bytes(payload[:2], "big") - 2000 for payload in payloads] == list(
        range(0, 400, 10)
    )


@contextmanager
def cable() -> Iterator[tuple[str, str]]:
    """Two pseudo-terminals joined back to back: what goes in at one comes out of the other."""
    loop = asyncio.get_running_loop()
    pairs = [os.openpty() for _ in range(2)]

    def join(source: int, sink: int) -> None:
        def carry() -> None:
            os.write(sink, os.read(source, 4096))

        loop.add_reader(source, carry)

    for _, slave in pairs:
        tty.setraw(slave)
    (left, left_slave), (right, right_slave) = pairs
    join(left, right)
    join(right, left)
    yield os.ttyname(left_slave), os.ttyname(right_slave)
    for master, slave in pairs:
        loop.remove_reader(master)
        os.close(master)
        os.close(slave)


def pymodbus_units() -> list[SimDevice]:
    """Units 1 and 2, alike, with what ``check`` expects at addresses 0 to 499."""
    blocks = (
        [SimData(0, values=[bool(at & 1) for at in range(500)], datatype=DataType.BITS)],
        [SimData(0, values=[not at & 1 for at in range(500)], datatype=DataType.BITS)],
        [SimData(0, values=list(range(1000, 1500)), datatype=DataType.REGISTERS)],
        [SimData(0, values=list(range(2000, 2500)), datatype=DataType.REGISTERS)],
    )
    return [SimDevice(unit, simdata=blocks) for unit in (1, 2)]


@asynccontextmanager
async def running(server: ModbusTcpServer | ModbusSerialServer) -> AsyncIterator[None]:
    await server.serve_forever(background=True)
    yield
    server.close()
    await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("framer", "scheme"),
    [
        (FramerType.SOCKET, "modbus+tcp"),
        (FramerType.RTU, "modbus+rtutcp"),
        (FramerType.ASCII, "modbus+asciitcp"),
    ],
)
async def test_pymodbus_server_over_tcp(
    framer: FramerType, scheme: str, unused_tcp_port: int
) -> None:
    address = ("127.0.0.1", unused_tcp_port)
    server = ModbusTcpServer(pymodbus_units(), framer=framer, address=address)
    async with running(server), Transports() as transports:
        for unit in (1, 2):
            bus = transports.bus(parse_url(f"{scheme}://127.0.0.1:{unused_tcp_port}/{unit}"))
            await check(bus, unit, 499)


@pytest.mark.parametrize(
    ("framer", "scheme"), [(FramerType.RTU, "modbus+rtu"), (FramerType.ASCII, "modbus+ascii")]
)
async def test_pymodbus_server_on_a_line(framer: FramerType, scheme: str) -> None:
    pytest.importorskip("serial", reason="pymodbus needs pyserial for serial lines")
    with cable() as (ours, theirs):
        server = ModbusSerialServer(pymodbus_units(), framer=framer, port=theirs, baudrate=115_200)
        async with running(server), Transports() as transports:
            bus = transports.bus(parse_url(f"{scheme}://{ours}/1?baudrate=115200&parity=N"))
            await check(bus, 1, 499)


@pytest.fixture(scope="module")
def libmodbus_server(tmp_path_factory: pytest.TempPathFactory) -> Path:
    program = tmp_path_factory.mktemp("peer") / "libmodbus_server"
    source = Path(__file__).with_name("libmodbus_server.c")
    command: list[str | Path] = [
        COMPILER or "gcc",
        "-I/usr/include/modbus",
        "-o",
        program,
        source,
        "-lmodbus",
    ]
    subprocess.run(command, check=True, timeout=60)
    return program


@asynccontextmanager
async def program(*command: str | Path) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    assert await asyncio.wait_for(process.stdout.readline(), PATIENCE_S) == b"ready\n"
    yield
    if process.returncode is None:
        process.terminate()
    await process.wait()


@needs_libmodbus
async def test_libmodbus_server_over_tcp(libmodbus_server: Path, unused_tcp_port: int) -> None:
    async with program(libmodbus_server, "tcp", str(unused_tcp_port)):
        bus = ModbusBus.tcp("127.0.0.1", unused_tcp_port)
        await check(bus, 1, 499)
        await bus.close()


@needs_libmodbus
async def test_libmodbus_server_on_a_line(libmodbus_server: Path) -> None:
    with cable() as (ours, theirs):
        async with program(libmodbus_server, "rtu", theirs, "9"):
            bus = ModbusBus.serial(ours, 115_200, "N")
            await check(bus, 9, 499)
            await bus.close()
