"""Modbus devices told apart by what their registers say, and by the unit id they answer at."""

from dataclasses import replace

import pytest

from agent.model.errors import ConfigError, UnknownDevice
from agent.poll.identify import identify
from agent.profile.points import Profile
from agent.transport.memory import MemoryTransport
from tests.agent.making import modbus_profile

SPEED = "{metric: rack_pump_speed_rpm, unit: rpm, address: 5}"


def modbus(name: str, rule: str, units: str = "") -> Profile:
    serial = f"serial: {{units: {units}}}\n" if units else ""
    return replace(modbus_profile(SPEED, head=f"identify: {rule}\n{serial}"), name=name)


def device(**words: int) -> MemoryTransport:
    """Holding registers by number (``r8=...``); every other one is refused."""
    return MemoryTransport(registers={"holding": {int(n[1:]): w for n, w in words.items()}})


async def names(
    transport: MemoryTransport, profiles: list[Profile], unit: int | None = None
) -> list[str]:
    found = await identify(transport, "modbus", profiles, unit)
    return [candidate.profile.name for candidate in found.candidates]


async def test_registers_that_only_answer_fit_a_profile_at_its_own_unit_ids_alone() -> None:
    profiles = [modbus("psu", "{address: 8}", "[[144, 149]]"), modbus("any", "{address: 8}")]

    assert await names(device(r8=0), profiles, 146) == ["psu", "any"]
    assert await names(device(r8=0), profiles, 12) == ["any"]
    assert await names(device(r8=0), profiles) == ["psu", "any"], "equals as the library has them"


async def test_a_text_counts_at_any_unit_id_and_the_unit_id_breaks_ties() -> None:
    rule = "{address: 8, matches: '^De'}"
    profiles = [modbus("old", rule, "[[64, 69]]"), modbus("new", rule, "[[48, 53], [58, 63]]")]

    assert await names(device(r8=0x4465), profiles, 60) == ["new", "old"]
    assert await names(device(r8=0x4465), profiles, 64) == ["old", "new"]
    assert await names(device(r8=0x4465), profiles, 1) == ["old", "new"]


async def test_the_longer_text_wins_over_the_unit_id_and_costs_no_further_probe() -> None:
    battery = "[{address: 8, count: 3, matches: BBU}, {address: 0, matches: De}]"
    profiles = [
        modbus("bank", "{address: 8, count: 3, matches: '^ECD270'}"),
        modbus("elsewhere", "{address: 99}"),
        modbus("battery", battery, "[[48, 53]]"),
    ]
    transport = device(r0=0x4465, r8=0x4543, r9=0x4432, r10=0x3730, r99=0)

    assert await names(transport, profiles, 48) == ["bank", "battery"]
    assert len(transport.requests) == 2


async def test_a_number_is_matched_by_its_digits() -> None:
    valve = modbus("valve", "{address: 3, data_type: uint16, matches: '^4$'}")
    meter = modbus("meter", "{address: 50, data_type: float32, matches: '^(4[5-9]|5\\d)\\.'}")

    assert await names(device(r3=4), [valve]) == ["valve"]
    with pytest.raises(UnknownDevice):
        await names(device(r3=14), [valve])
    assert await names(device(r50=0x4247, r51=0xEB85), [meter]) == ["meter"]  # 49.98
    with pytest.raises(UnknownDevice):
        await names(device(r50=0, r51=0), [meter])


async def test_the_reason_names_the_unit_id() -> None:
    found = await identify(
        device(r8=0), "modbus", [modbus("psu", "{address: 8}", "[[144, 149]]")], 146
    )

    assert found.candidates[0].why == "holding register 8 answers at a unit id of its own, 146"


def test_a_data_type_without_anything_to_match_is_a_mistake() -> None:
    with pytest.raises(ConfigError, match="'data_type' is only used with 'matches'"):
        modbus("valve", "{address: 3, data_type: uint16}")


async def test_a_profile_that_fits_twice_stands_where_its_better_rule_puts_it() -> None:
    profiles = [
        modbus("middle", "{address: 8, matches: De}"),
        modbus("twice", "[{address: 8, matches: De}, {address: 8}]", "[[48, 53]]"),
    ]

    assert await names(device(r8=0x4465), profiles, 48) == ["twice", "middle"]


FIRMWARE = "{address: 50, count: 2, matches: '^2[.][6-9]'}"


async def test_a_model_with_a_firmware_wins_over_the_longer_text_of_the_model() -> None:
    profiles = [
        modbus("old", "{address: 8, count: 4, matches: '^ECD27090$'}"),
        modbus("new", f"{{address: 8, count: 4, matches: '^ECD', also: [{FIRMWARE}]}}"),
        modbus("elsewhere", "{address: 50, count: 2, matches: '^2[.]6.0'}"),
    ]
    model = {"r8": 0x4543, "r9": 0x4432, "r10": 0x3730, "r11": 0x3930}

    new = device(**model, r50=0x322E, r51=0x3630)
    assert await names(new, profiles) == ["new", "old"]
    old = device(**model, r50=0x322E, r51=0x3530)
    assert await names(old, profiles) == ["old"]
    assert await names(device(**model), profiles) == ["old"], "the firmware is refused"
    found = await identify(new, "modbus", profiles)
    assert found.candidates[0].why == (
        "holding register 8 says 'ECD27090' and holding register 50 says '2.60'"
    )


@pytest.mark.parametrize(
    "rule", [f"{{address: 8, also: [{FIRMWARE}]}}", f"{{matches: x, also: [{FIRMWARE}]}}"]
)
def test_further_registers_without_a_first_one_are_a_mistake(rule: str) -> None:
    with pytest.raises(ConfigError, match="'also' is only used with 'address' and 'matches'"):
        modbus("meter", rule)
