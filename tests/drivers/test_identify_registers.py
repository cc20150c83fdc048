"""Which shipped profile a Modbus device gets by itself: texts, numbers and Open Rack's unit ids."""

import pytest

from agent.model.errors import UnknownDevice
from agent.poll.identify import identify
from agent.transport.memory import MemoryTransport
from tests.drivers.harness import library


def device(texts: dict[int, str | int], size: int = 0) -> MemoryTransport:
    """Holding registers 0 to ``size`` - 1, and beyond them those given; the rest is refused.

    A text takes eight registers, filled with NUL.
    """
    words = dict.fromkeys(range(size), 0)
    for address, value in texts.items():
        if isinstance(value, int):
            words[address] = value
            continue
        octets = value.encode().ljust(16, b"\0")
        for place in range(0, len(octets), 2):
            words[address + place // 2] = int.from_bytes(octets[place : place + 2], "big")
    return MemoryTransport(registers={"holding": words})


async def best(transport: MemoryTransport, unit: int) -> str:
    """The name of the profile that ``profile: auto`` takes."""
    return (await identify(transport, "modbus", library().all(), unit)).profile.name


@pytest.mark.parametrize(
    ("texts", "size", "unit", "profile"),
    [
        # the high-power generation says who it is
        ({8: "ECD17020037"}, 126, 144, "orv3-hpr-psu"),
        ({8: "700-037147-0000"}, 126, 223, "orv3-hpr-psu"),
        ({8: "ECD17020037"}, 126, 1, "orv3-hpr-psu"),
        ({0: "Panasonic", 8: "BJ-A3C0002A"}, 314, 48, "orv3-hpr-bbu"),
        ({0: "Delta", 8: "BBU-BU123AE000"}, 314, 143, "orv3-hpr-bbu"),
        ({0: "Delta", 8: "ECD27010006"}, 200, 48, "orv3-capacitor-unit"),
        ({0: "03-1", 8: "Delta", 16: "ECD70000017"}, 125, 40, "orv3-hpr-pmm-psu"),
        ({0: "03-1", 8: "Delta", 16: "BBU-BC100AE000"}, 125, 20, "orv3-hpr-pmm-bbu"),
        ({0: "03-1", 8: "Panasonic", 16: "BJ-BPM103A"}, 125, 16, "orv3-hpr-pmm-bbu"),
        ({392: "Delta", 408: "ECD68000049"}, 0, 7, "orv3-power-shelf"),
        ({392: "ARTESYN", 408: "700-055253-1000"}, 0, 7, "orv3-power-shelf"),
        ({392: "Delta", 408: "BBU-BS723AE000"}, 0, 7, "orv3-battery-shelf"),
        ({392: "Delta", 408: "ECD68000047"}, 0, 7, "orv3-battery-shelf"),
        ({392: "Panasonic", 408: "BJ-BSB103A"}, 0, 7, "orv3-battery-shelf"),
        ({6604: "RDF040DSS5193E0", 36864: 480}, 0, 12, "orv3-rpu"),
        # the same texts in two generations: the unit id decides
        ({0: "Panasonic", 8: "BJ-BBU"}, 314, 64, "orv3-bbu"),
        ({0: "Panasonic", 8: "BJ-BBU"}, 314, 58, "orv3-hpr-bbu"),
        # makers nobody published: the address plan decides
        ({8: "NEW-PSU"}, 110, 200, "orv3-psu"),
        ({8: "NEW-PSU"}, 126, 144, "orv3-hpr-psu"),
        ({8: "NEW-PSU"}, 126, 170, "orv3-hpr-psu"),
        ({0: "NEW", 8: "NEW-BBU"}, 314, 96, "orv3-bbu"),
        ({0: "NEW", 8: "NEW-BBU"}, 314, 142, "orv3-hpr-bbu"),
        ({8: "NEW-RECEIVER"}, 110, 9, "orv3-power-receiver"),
        ({8: "NEW-PMM"}, 125, 33, "orv3-hpr-pmm-psu"),
        ({36864: 480}, 0, 12, "orv3-rpu"),
        ({0: "OLD-PSU"}, 306, 165, "orv2-psu"),
        ({0: "OLD-PSU"}, 306, 170, "orv2-psu"),
        # valves and meters
        ({3: 4}, 160, 1, "belimo-ev200"),
        ({33120: "Danfoss A/S", **dict.fromkeys(range(33128, 33145), 0)}, 0, 1, "danfoss-novocon"),
        ({11: 1650}, 80, 1, "carlogavazzi-em24"),
        ({11: 121}, 36, 1, "carlogavazzi-et112"),
        ({55: 499}, 96, 1, "carlogavazzi-em24-is"),
        ({19050: 0x4247, 19051: 0xEB85}, 0, 1, "janitza-umg-modbus"),
        ({49: "PM5560", **dict.fromkeys(range(57, 69), 0)}, 0, 1, "schneider-pm5000"),
        ({40069: 203}, 0, 240, "sunspec-meter"),
        ({40069: 0x8000, 40070: 201}, 0, 240, "sunspec-meter-66"),
    ],
)
async def test_a_device_gets_its_own_profile(
    texts: dict[int, str | int], size: int, unit: int, profile: str
) -> None:
    assert await best(device(texts, size), unit) == profile


@pytest.mark.parametrize("unit", [1, 5, 44])
async def test_a_device_that_answers_zeros_everywhere_is_unknown(unit: int) -> None:
    with pytest.raises(UnknownDevice):
        await best(device({}, 65536), unit)


async def test_a_pumping_unit_is_not_every_device_that_has_its_register() -> None:
    with pytest.raises(UnknownDevice):
        await best(device({36864: 480}), 13)


async def test_a_supply_that_says_who_it_is_costs_few_probes() -> None:
    transport = device({8: "ECD17020037"}, 126)

    assert await best(transport, 144) == "orv3-hpr-psu"
    assert len(transport.requests) == 1
