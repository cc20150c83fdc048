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
