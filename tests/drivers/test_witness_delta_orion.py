"""Delta Orion: rows with name, value, power of ten and unit, typed by hand from the MIB."""

import pytest

from tests.drivers.harness import read_varbinds

BASE = "1.3.6.1.4.1.20246.2.3.1.1.1.2"
ROW = f"{BASE}.9.1.1"
VOLT, AMPERE, AMPERE_HOUR, DEGREE, WATT, WATT_HOUR = 3, 5, 6, 7, 9, 10


def analog(*rows: tuple[str, int, int, int]) -> dict[str, int | str]:
    """Name, value, power of ten and unit of each row."""
    cells: dict[str, int | str] = {}
    for number, (name, value, power, kind) in enumerate(rows, 1):
        cells |= {
            f"{ROW}.2.{number}": name,
            f"{ROW}.3.{number}": value,
            f"{ROW}.4.{number}": power,
            f"{ROW}.5.{number}": kind,
        }
    return cells


async def test_a_row_is_multiplied_by_its_power_of_ten() -> None:
    outcome = await read_varbinds(
        "delta-orion",
        analog(
            ("Vsys", 5412, -2, VOLT),
            ("Psys", 12, 2, WATT),
            ("Ibatt", -35, -1, AMPERE),
            ("Tbatt", 24, 0, DEGREE),
            ("Eload", 5, 3, WATT_HOUR),
            ("Room", 215, -1, DEGREE),
            ("Qbatt", 400, 0, AMPERE_HOUR),
        ),
    )

    assert outcome.value("rack_busbar_voltage_volts") == 54.12
    assert outcome.value("rack_busbar_power_watts") == 1200
    assert outcome.value("rack_battery_current_amperes") == -3.5
    assert outcome.value("rack_battery_temperature_celsius") == 24
    assert outcome.value("rack_output_energy_joules_total") == pytest.approx(5000 * 3600)
    assert outcome.value("rack_sensor_temperature_celsius", sensor="Room") == 21.5
    assert len(outcome.readings) == 6
    assert outcome.failures == ()


async def test_the_largest_integer_is_invalid() -> None:
    outcome = await read_varbinds("delta-orion", analog(("Tbatt", 2147483647, 0, DEGREE)))

    assert outcome.value("rack_battery_temperature_celsius") is None


async def test_the_monitor_counts_only_where_the_table_has_no_such_row() -> None:
    scalars: dict[str, int | str] = {
        f"{BASE}.3.1.0": 5400,
        f"{BASE}.3.2.0": 123,
        f"{BASE}.3.5.0": 2,
    }
    both = await read_varbinds("delta-orion", analog(("Vsys", 5412, -2, VOLT)) | scalars)
    alone = await read_varbinds("delta-orion", scalars)

    assert both.value("rack_busbar_voltage_volts") == 54.12
    assert both.duplicates() == []
    assert alone.value("rack_busbar_voltage_volts") == 54
    assert alone.value("rack_output_current_amperes") == 12.3
    assert alone.value("rack_battery_state") == "discharge"


async def test_rectifiers_and_events() -> None:
    outcome = await read_varbinds(
        "delta-orion",
        {
            f"{BASE}.4.4.1.2.7": 3,
            f"{BASE}.4.4.1.3.7": 3,
            f"{BASE}.10.1.1.2.1": "Mains Failure",
            f"{BASE}.10.1.1.3.1": 1,
        },
    )

    assert outcome.value("rack_psu_state", psu="3") == "on"
    assert outcome.value("rack_sensor_state", sensor="Mains Failure") == "inactive"
