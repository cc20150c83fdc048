"""No register of the published maps is forgotten: it is read, or left out by name."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.profile.points import ModbusPoint, Profile
from tests.drivers.harness import corpus, library

RACKMON = {
    "orv2_psu": "orv2-psu",
    "orv3_psu": "orv3-psu",
    "orv3_bbu": "orv3-bbu",
    "orv3_rpu": "orv3-rpu",
    "orv3_power_recv": "orv3-power-receiver",
    "orv3_hpr_psu": "orv3-hpr-psu",
    "orv3_hpr_bbu": "orv3-hpr-bbu",
    "orv3_hpr_pmm_psu": "orv3-hpr-pmm-psu",
    "orv3_hpr_pmm_bbu": "orv3-hpr-pmm-bbu",
}
PHOSPHOR = {
    "Artesyn7000552480000PowerSupplyUnit": "orv3-hpr-psu",
    "Artesyn7000552531000PowerShelf": "orv3-power-shelf",
    "Artesyn7000555240000PowerMonitorModule": "orv3-hpr-pmm-psu",
    "BelimoEV200ARXEValve": "belimo-ev200",
    "Danfoss003Z8540Valve": "danfoss-novocon",
    "DeltaBBUBC100AE000PowerMonitorModule": "orv3-hpr-pmm-bbu",
    "DeltaBBUBS723AE000PowerShelf": "orv3-battery-shelf",
    "DeltaBBUBU123AE000BatteryBackupUnit": "orv3-hpr-bbu",
    "DeltaECD17020037PowerSupplyUnit": "orv3-hpr-psu",
    "DeltaECD27010006CapacitorBankUnit": "orv3-capacitor-unit",
    "DeltaECD68000047PowerShelf": "orv3-battery-shelf",
    "DeltaECD68000049PowerShelf": "orv3-power-shelf",
    "DeltaECD70000017PowerMonitorModule": "orv3-hpr-pmm-psu",
    "DeltaECD70000020PowerMonitorModule": "orv3-hpr-pmm-psu",
    "DeltaRDF040DSS5193E0ReservoirPumpUnit": "orv3-rpu",
    "PanasonicBJA3C0002ABatteryBackupUnit": "orv3-hpr-bbu",
    "PanasonicBJBPM103APowerMonitorModule": "orv3-hpr-pmm-bbu",
    "PanasonicBJBSB103APowerShelf": "orv3-battery-shelf",
}

pytestmark = pytest.mark.corpus


def maps(folder: str) -> dict[str, dict[str, Any]]:
    """The register maps of one project by the names of their files."""
    files = sorted((corpus() / "modbus" / folder).glob("*.json"))
    found = {path.stem: json.loads(Path(path).read_text(encoding="utf-8")) for path in files}
    return {name: data for name, data in found.items() if name != "schema"}


def read_by(profile: Profile) -> set[int]:
    """Every register that a point, the identity or the identification reads."""
    found: set[int] = set()
    for point in profile.points:
        if isinstance(point, ModbusPoint) and point.derived is None:
            found.update(range(point.address, point.address + point.count))
    for fields in profile.info.values():
        for field in fields:
            if field.address is not None:
                found.update(range(field.address, field.address + field.count))
    for rule in profile.identify:
        if rule.address is not None:
            found.update(range(rule.address, rule.address + rule.count))
    return found


def left_out(profile: Profile) -> set[int]:
    """The registers that the notes name in a sentence which begins with 'Left out'."""
    found: set[int] = set()
    for sentence in re.findall(r"Left out[^.]*\.", profile.notes):
        for low, high in re.findall(r"(\d+) to (\d+)", sentence):
            found.update(range(int(low), int(high) + 1))
        found.update(map(int, re.findall(r"\d+", sentence)))
    return found


def registers(data: dict[str, Any]) -> Iterator[tuple[str, int, int]]:
    """Name, first register and count of each entry of a map of either project."""
    for entry in data.get("registers", []):
        yield entry["name"], int(entry["begin"]), int(entry["length"])
    for section, entries in data.items():
        if isinstance(entries, list) and section.endswith("Registers"):
            for entry in entries:
                name = str(entry.get("Name") or entry.get("Type") or section)
                yield name, int(entry["Offset"], 16), int(entry.get("Size", 1))


def forgotten(profile: Profile, data: dict[str, Any]) -> list[str]:
    """The entries of a map that the profile neither reads nor names as left out."""
    known, named = read_by(profile), left_out(profile)
    return [
        f"{first} {name}"
        for name, first, count in registers(data)
        if not known.issuperset(range(first, first + count)) and first not in named
    ]


@pytest.mark.parametrize(("name", "profile"), RACKMON.items())
def test_every_register_of_a_rackmon_map_is_read_or_left_out_by_name(
    name: str, profile: str
) -> None:
    assert forgotten(library().get(profile), maps("rackmon")[name]) == []


@pytest.mark.parametrize(("name", "profile"), PHOSPHOR.items())
def test_every_register_of_a_phosphor_map_is_read_or_left_out_by_name(
    name: str, profile: str
) -> None:
    assert forgotten(library().get(profile), maps("phosphor-modbus")[name]) == []


def flags(data: dict[str, Any]) -> dict[int, set[int]]:
    """The bits that a map of either project names, by register; those of the last one are 0 on."""
    found = {
        int(entry["begin"]): {int(bit) for bit, _ in entry["flags"]}
        for entry in data.get("registers", [])
        if entry["format"] == "FLAGS"
    }
    for entry in data.get("StatusRegisters", []):
        found[int(entry["Offset"], 16)] = {int(bit["BitPosition"]) for bit in entry["Bits"]}
    return found


@pytest.mark.parametrize("profile", sorted({*RACKMON.values(), *PHOSPHOR.values()}))
def test_a_profile_reads_no_bit_that_no_map_names(profile: str) -> None:
    known: dict[int, set[int]] = {}
    for folder, files in (("rackmon", RACKMON), ("phosphor-modbus", PHOSPHOR)):
        for name in (name for name, wanted in files.items() if wanted == profile):
            for address, bits in flags(maps(folder)[name]).items():
                known.setdefault(address, set()).update(bits)
    unnamed = [
        f"{point.address} bit {point.bit}"
        for point in library().get(profile).points
        if isinstance(point, ModbusPoint) and point.bit is not None
        if not known.get(point.address, set()).issuperset(range(point.bit, point.bit + point.bits))
    ]
    assert unnamed == []


def test_every_published_map_has_its_profile() -> None:
    assert set(maps("rackmon")) == set(RACKMON)
    assert set(maps("phosphor-modbus")) == set(PHOSPHOR)


@pytest.mark.parametrize(("name", "profile"), RACKMON.items())
def test_the_line_is_set_as_the_map_says(name: str, profile: str) -> None:
    data, serial = maps("rackmon")[name], library().get(profile).serial

    assert serial.baudrate == data["baudrate"]
    assert serial.parity == data.get("parity", "EVEN")[0]
    wanted = {unit for low, high in data["address_range"] for unit in range(low, high + 1)}
    assert {unit for low, high in serial.units for unit in range(low, high + 1)} == wanted


@pytest.mark.parametrize(("name", "profile"), PHOSPHOR.items())
def test_the_line_is_set_as_the_phosphor_map_says(name: str, profile: str) -> None:
    data, serial = maps("phosphor-modbus")[name], library().get(profile).serial

    assert (serial.baudrate, serial.parity) == (data["BaudRate"], data["Parity"][0])


@pytest.mark.parametrize(("name", "profile"), RACKMON.items())
def test_numbers_are_scaled_as_the_map_says(name: str, profile: str) -> None:
    """Fixed point and factors of the map against the profile's own, apart from the unit."""
    points = {p.address: p for p in library().get(profile).points if isinstance(p, ModbusPoint)}
    wrong = []
    for entry in maps("rackmon")[name]["registers"]:
        point = points.get(entry["begin"])
        if point is None or entry["format"] != "FLOAT" or point.conversion.unit == "K":
            continue
        factor = float(entry.get("scale", 1)) / 2 ** entry["precision"]
        ratio = float(point.conversion.scale) / factor
        # Milliamperes become amperes, a float's tenth is a tenth; nothing else may differ.
        if not any(abs(ratio - allowed) < 1e-6 for allowed in (1, 0.001)):
            wrong.append(f"{entry['begin']} {entry['name']}: {ratio}")
    assert wrong == []
