"""A Modbus device with a hole in its map, polled over a real connection to a simulated bank."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from pymodbus import FramerType
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from agent.config import load_config
from agent.model.credentials import SnmpCredentials
from agent.model.limits import Limits
from agent.model.values import PollResult, Quality, Reading, ReadRegisters
from agent.parse.url import parse_url
from agent.poll.poller import Poller, Schedule
from agent.poll.read_once import Target, read_device
from agent.poll.reader import DeviceRead, DeviceReader
from agent.profile.library import Library, open_library
from agent.profile.spec_modbus import Quirks
from agent.transport.base import Transport
from agent.transport.factory import Transports
from agent.transport.memory import MemoryTransport
from simulator.wire.modbus_faults import ModbusFault, WrongTransaction
from simulator.wire.modbus_server import IllegalAddress, ModbusServer

PROFILE = """\
profile: meter
title: t
kind: pdu
protocol: modbus
verified: datasheet
source: s
quirks: {delay_ms: 5, connect_pause_ms: 10}
info:
  vendor: A
  model: {address: 0, count: 2}
  serial: {address: 2, count: 2}
points:
  - {metric: rack_outlet_power_watts, unit: W, address: 10, repeat: 20, repeat_label: outlet}
  - {metric: rack_alarm_active, address: 40, bits: {0: a, 1: b}}
"""


class Bank:
    """Register n holds n; some do not exist."""

    def __init__(self, *missing: int) -> None:
        self.missing = set(missing)

    def read(self, table: str, address: int, count: int) -> Sequence[int]:
        span = range(address, address + count)
        if self.missing.intersection(span):
            raise IllegalAddress(address)
        return span


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "meter.yaml").write_text(PROFILE)
    return tmp_path


async def look_at(folder: Path, bank: Bank) -> DeviceRead:
    server = ModbusServer({7: bank})
    port = await server.start_tcp()
    try:
        url = parse_url(f"modbus+tcp://127.0.0.1:{port}/7")
        return await read_device(
            Target(url, SnmpCredentials(), Limits()), open_library([folder]), "meter"
        )
    finally:
        await server.close()


def by_quality(readings: Sequence[Reading], quality: Quality) -> list[Reading]:
    return [reading for reading in readings if reading.quality is quality]


async def test_one_missing_register_costs_one_reading(folder: Path) -> None:
    look = await look_at(folder, Bank(17))

    assert look.error is None
    good = {r.labels["outlet"]: r.value for r in look.readings if "outlet" in r.labels and r.value}
    assert good == {str(n): n + 9 for n in range(1, 21) if n != 8}
    (bad,) = by_quality(look.readings, Quality.BAD)
    assert (bad.labels, bad.value) == ({"outlet": "8"}, None)
    assert "holding 17..17: exception 2, illegal data address" in bad.reason
    assert [failure.kind for failure in look.failures] == ["rejected"]


@pytest.mark.peer
async def test_a_peer_nobody_here_wrote_is_read_around_its_holes(
    folder: Path, unused_tcp_port: int
) -> None:
    shared = [
        SimData(start, values=list(range(start, stop)), datatype=DataType.REGISTERS)
        for start, stop in ((0, 4), (10, 17), (18, 41))
    ]
    server = ModbusTcpServer(
        SimDevice(7, simdata=shared),
        framer=FramerType.SOCKET,
        address=("127.0.0.1", unused_tcp_port),
    )
    await server.serve_forever(background=True)
    try:
        url = parse_url(f"modbus+tcp://127.0.0.1:{unused_tcp_port}/7")
        library = open_library([folder])
        look = await read_device(Target(url, SnmpCredentials(), Limits()), library, "meter")
    finally:
        server.close()
        await asyncio.sleep(0.01)
    good = {r.labels["outlet"]: r.value for r in look.readings if "outlet" in r.labels and r.value}
    assert good == {str(n): n + 9 for n in range(1, 21) if n != 8}
    assert [f.message for f in look.failures] == [
        "unit 7 holding 17..17: exception 2, illegal data address"
    ]


async def test_one_missing_field_costs_no_other_of_the_identity(folder: Path) -> None:
    look = await look_at(folder, Bank(0))
    assert look.identity is not None
    assert (look.identity.vendor, look.identity.model) == ("A", None)
    assert look.identity.serial is not None


async def test_a_device_that_refuses_everything_is_down_and_neighbouring_cycles_agree(
    folder: Path,
) -> None:
    results: list[PollResult] = []
    transport = MemoryTransport(registers={"holding": {}})

    async def open_transport() -> Transport:
        return transport

    poller = Poller(
        "d", "modbus", "meter", open_library([folder]), Schedule(10), open_transport, results.append
    )
    assert not (await poller.poll()).up
    transport.registers["holding"].update({n: n for n in range(100)})
    assert (await poller.poll()).up
    assert len(results) == 2


async def test_a_refused_register_stays_bad_without_being_asked(folder: Path) -> None:
    words = {n: n for n in range(100) if n != 17}
    transport = MemoryTransport(registers={"holding": words})

    async def open_transport() -> Transport:
        return transport

    results: list[PollResult] = []
    poller = Poller(
        "d", "modbus", "meter", open_library([folder]), Schedule(10), open_transport, results.append
    )
    await poller.poll()
    transport.requests.clear()
    again = await poller.poll()
    asked = [(r.address, r.count) for r in transport.requests if isinstance(r, ReadRegisters)]
    assert all(not address <= 17 < address + count for address, count in asked)
    assert len(asked) <= 3
    assert again.up
    assert again.failures == ()
    readings = [r for blocks in again.blocks.values() for b in blocks for r in b.readings()]
    assert [r.labels for r in by_quality(readings, Quality.BAD)] == [{"outlet": "8"}]


def test_what_devices_of_a_line_need_is_joined(folder: Path) -> None:
    slow = PROFILE.replace("profile: meter", "profile: slow").replace("delay_ms: 5", "delay_ms: 50")
    (folder / "slow.yaml").write_text(slow)
    site = folder / "site" / "site.yaml"
    site.parent.mkdir()
    site.write_text(
        "profiles: [..]\nracks:\n  - name: r\n    devices:\n"
        "      - {name: a, profile: meter, url: 'modbus+tcp://h/1'}\n"
        "      - {name: b, profile: slow, url: 'modbus+tcp://h/2'}\n"
        "      - {name: c, profile: auto, url: 'modbus+tcp://h/3'}\n"
        "      - {name: d, profile: meter, url: 'modbus+rtu:///dev/ttyS9/3'}\n"
        "      - {name: e, profile: apc-rpdu2, url: 'snmp://h'}\n"
    )
    assert load_config(site).quirks() == {
        "h:502": Quirks(delay_ms=50, connect_pause_ms=10),
        "/dev/ttyS9": Quirks(delay_ms=5, connect_pause_ms=10),
    }


async def test_a_line_is_opened_with_what_its_devices_need() -> None:
    url = parse_url("modbus+tcp://h:1502/1")
    async with Transports({"h:1502": Quirks(delay_ms=50, connect_pause_ms=500)}) as transports:
        bus = transports.bus(url)
        assert (bus.limits.turnaround_s, bus.limits.connect_pause_s) == (0.05, 0.5)
        other = transports.bus(parse_url("modbus+rtutcp://h:1503/1"))
        assert other.limits.turnaround_s == 0


class Line:
    """A reader of a device on a gateway, over transports that stay open between its reads."""

    def __init__(self, folder: Path, port: int, profile: str) -> None:
        url = parse_url(f"modbus+tcp://127.0.0.1:{port}/7")
        library = open_library([folder])
        quirks = {} if profile == "auto" else {url.line: library.get(profile).quirks}
        self.transports = Transports(quirks)
        own = Library({"meter": folder / "meter.yaml"}, {}, {"meter": library.get("meter")})
        self.reader = DeviceReader(
            *("meter", "modbus", profile, own),
            partial(self.transports.open, url, SnmpCredentials(), Limits(timeout_s=0.2, retries=0)),
            url=url,
        )


@asynccontextmanager
async def line(folder: Path, profile: str, fault: ModbusFault | None = None) -> AsyncIterator[Line]:
    server = ModbusServer({7: Bank()})
    server.fault = fault or ModbusFault()
    found = Line(folder, await server.start_tcp(), profile)
    try:
        async with found.transports, found.reader:
            yield found
    finally:
        await server.close()


def with_quirks(folder: Path, quirks: str) -> None:
    text = PROFILE.replace("{delay_ms: 5, connect_pause_ms: 10}", quirks)
    text += "identify: {address: 5, data_type: uint16, matches: '^5$'}\n"
    (folder / "meter.yaml").write_text(text)


async def test_quirks_of_a_profile_that_was_found_apply(folder: Path) -> None:
    with_quirks(folder, "{delay_ms: 5, connect_pause_ms: 10}")
    async with line(folder, "auto") as meter:
        assert (await meter.reader.read(0.0)).answered
        [bus] = meter.transports.buses
        assert (bus.limits.turnaround_s, bus.limits.connect_pause_s) == (0.005, 0.01)
        assert (await meter.reader.read(10.0)).answered


@pytest.mark.parametrize("profile", ["meter", "auto"])
async def test_a_connection_that_others_need_closes_after_the_cycle(
    folder: Path, profile: str
) -> None:
    with_quirks(folder, "{close_after_cycle: true}")
    async with line(folder, profile) as meter:
        for cycle in (1, 2):
            assert (await meter.reader.read(10.0 * cycle)).answered
            [bus] = meter.transports.buses
            assert not bus.link.is_open
            assert bus.link.connects == cycle


async def test_replies_with_transactions_of_their_own_are_believed_where_the_profile_says_so(
    folder: Path,
) -> None:
    async with line(folder, "meter", WrongTransaction()) as meter:
        found = await meter.reader.read(0.0)
        assert not found.answered
        assert "an answer came with transaction 8, asked was 1" in found.reason
    with_quirks(folder, "{own_transactions: true}")
    async with line(folder, "meter", WrongTransaction()) as meter:
        found = await meter.reader.read(0.0)
        assert not found.failures
        [bus] = meter.transports.buses
        assert bus.link.connects == bus.counters.questions > 1
