"""A scan of a gateway finds Open Rack's units and says which profile each one gets."""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.parse.url import Url
from agent.poll.scan import Scan, scan_units
from agent.profile.library import Library
from simulator.wire.modbus_server import IllegalAddress, ModbusServer
from tests.drivers.harness import library


@dataclass
class Words:
    """One unit's holding registers; every other one does not exist."""

    words: dict[int, int]

    def read(self, table: str, address: int, count: int) -> Sequence[int]:
        try:
            return [self.words[place] for place in range(address, address + count)]
        except KeyError:
            raise IllegalAddress from None


def unit(texts: dict[int, str]) -> Words:
    """Eight registers for each text, filled with NUL."""
    words = {}
    for address, text in texts.items():
        octets = text.encode().ljust(16, b"\0")
        for place in range(8):
            words[address + place] = int.from_bytes(octets[2 * place : 2 * place + 2], "big")
    return Words(words)


async def test_each_unit_gets_its_own_profile_on_one_gateway() -> None:
    units = {
        8: unit({8: "NEW-RECEIVER"}),
        48: unit({0: "Delta", 8: "BBU-BU123AE000"}),
        144: unit({8: "ECD17020037"}),
        200: unit({8: "NEW-PSU"}),
    }
    server = ModbusServer(units)
    port = await server.start_tcp()
    try:
        gateway = Scan(Url("modbus+tcp", "127.0.0.1", port, unit=0))
        found = await scan_units(gateway, library(), lambda done, total: None, sorted(units))
    finally:
        await server.close()

    assert {device.url.unit: device.profile for device in found} == {
        8: "orv3-power-receiver",
        48: "orv3-hpr-bbu",
        144: "orv3-hpr-psu",
        200: "orv3-psu",
    }


async def test_a_unit_without_an_address_plan_is_found_at_another_one_s_unit_id() -> None:
    shipped = library()
    names = ("orv3-power-receiver", "orv3-capacitor-unit")
    few = Library({name: shipped.profiles[name] for name in names}, shipped.fragments, {})
    server = ModbusServer({8: unit({0: "Delta", 8: "ECD27010006"})})
    port = await server.start_tcp()
    try:
        gateway = Scan(Url("modbus+tcp", "127.0.0.1", port, unit=0))
        found = await scan_units(gateway, few, lambda done, total: None)
    finally:
        await server.close()

    assert [(device.url.unit, device.profile) for device in found] == [(8, "orv3-capacitor-unit")]


async def scanned(units: dict[int, Words], asked: Sequence[int] = ()) -> list[tuple[int, object]]:
    """The unit ids and profiles that a scan of a network endpoint writes."""
    server = ModbusServer(dict(units))
    port = await server.start_tcp()
    try:
        gateway = Scan(Url("modbus+tcp", "127.0.0.1", port, unit=0))
        found = await scan_units(gateway, library(), lambda done, total: None, asked)
    finally:
        await server.close()
    return [(device.url.unit, device.profile) for device in found]


METER = Words({**unit({49: "PM5310"}).words, **dict.fromkeys(range(57, 69), 0), 8: 0})


async def test_a_device_that_ignores_the_unit_id_is_one_device() -> None:
    everywhere = dict.fromkeys(range(256), METER)
    assert await scanned(everywhere) == [(255, "schneider-pm5000")]
    assert await scanned(everywhere, range(1, 6)) == [(1, "schneider-pm5000")]


async def test_a_device_that_refuses_at_every_unit_id_is_one_unknown_device() -> None:
    nothing = dict.fromkeys(range(256), Words({}))
    assert await scanned(nothing, range(1, 6)) == [(1, None)]
    assert await scanned({**nothing, 3: METER}, range(1, 6)) == [(3, "schneider-pm5000")]


async def test_units_with_one_serial_number_are_one_device() -> None:
    one, other = dict(METER.words), dict(METER.words)
    one |= {129: 0, 130: 4711}
    other |= {129: 0, 130: 4712}
    units = {1: Words(one), 2: Words(one), 3: Words(other)}
    assert await scanned(units, range(1, 6)) == ([(1, "schneider-pm5000"), (3, "schneider-pm5000")])


async def test_a_unit_is_identified_by_every_profile_not_by_those_at_home_there() -> None:
    """Unit 200 is at home at orv3-psu, which its registers would satisfy by answering alone."""
    assert await scanned({200: METER}, [200]) == [(200, "schneider-pm5000")]


async def test_a_device_at_unit_0_alone_is_found() -> None:
    assert await scanned({0: METER}, [0, 1]) == [(0, "schneider-pm5000")]
