"""Eaton SC200: values typed by hand from RPS-SC200-MIB."""

import pytest

from tests.drivers.harness import read_varbinds

BASE = "1.3.6.1.4.1.1918.2.13.10"
RECTIFIER = f"{BASE}.60.30.1"
INPUT = f"{BASE}.90.40.1"
ANALOG = f"{BASE}.90.10.30.1"


async def test_decimals_are_where_the_units_clause_says() -> None:
    outcome = await read_varbinds(
        "eaton-sc200",
        {
            f"{BASE}.70.10.20.0": 5404,
            f"{BASE}.50.10.0": 37,
            f"{BASE}.50.30.0": 201,
            f"{BASE}.50.20.0": 42,
            f"{BASE}.100.10.0": 200,
            f"{BASE}.100.40.0": -3,
            f"{BASE}.100.44.0": 255,
        },
    )

    assert outcome.value("rack_busbar_voltage_volts") == 54.04
    assert outcome.value("rack_output_current_amperes") == 37
    assert outcome.value("rack_output_power_watts") == 2010
    assert outcome.value("rack_output_utilization_ratio") == 0.42
    assert outcome.value("rack_battery_capacity_coulombs") == 720000
    assert outcome.value("rack_battery_current_amperes") == -3
    assert outcome.value("rack_battery_health_ratio") is None
    assert outcome.failures == ()


async def test_a_rectifier_counts_where_it_is_registered_and_is_bad_where_it_is_lost() -> None:
    rows: dict[str, int | str] = {}
    for row, registered in ((1, 2), (2, 3), (3, 1)):
        rows |= {
            f"{RECTIFIER}.120.{row}": registered,
            f"{RECTIFIER}.95.{row}": 5411,
            f"{RECTIFIER}.100.{row}": 12,
            f"{RECTIFIER}.105.{row}": 405,
        }
    outcome = await read_varbinds("eaton-sc200", rows)

    assert outcome.value("rack_psu_output_voltage_volts", psu="1") == 54.11
    assert outcome.value("rack_psu_output_current_amperes", psu="1") == 12
    assert outcome.value("rack_psu_output_utilization_ratio", psu="1") == pytest.approx(0.405)
    assert outcome.value("rack_psu_output_voltage_volts", psu="2") is None
    assert outcome.value("rack_psu_state", psu="2") == "communication_lost"
    assert "3" not in {r.labels.get("psu") for r in outcome.readings}


async def test_inputs_count_where_they_are_enabled() -> None:
    outcome = await read_varbinds(
        "eaton-sc200",
        {
            f"{INPUT}.20.1": 2,
            f"{INPUT}.30.1": 3,
            f"{INPUT}.40.1": 1,
            f"{INPUT}.50.1": "Door",
            f"{INPUT}.20.2": 0,
            f"{INPUT}.30.2": 2,
            f"{INPUT}.40.2": 0,
            f"{INPUT}.50.2": "IP-IN2",
            f"{ANALOG}.40.1": 2350,
            f"{ANALOG}.50.1": 1,
            f"{ANALOG}.60.1": "Shelter",
            f"{ANALOG}.70.1": 35,
        },
    )

    door = {"sensor": "Door", "index": "1"}
    assert outcome.value("rack_sensor_state", quantity="alarm", **door) == "active_major"
    assert outcome.value("rack_sensor_state", quantity="contact", **door) == "open"
    air = outcome.value("rack_sensor_temperature_celsius", sensor="Shelter", index="1")
    assert air == 23.5
    assert len(outcome.readings) == 3
