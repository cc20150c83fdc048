"""Eltek Smartpack2: values typed by hand from SP2-MIB."""

import pytest

from tests.drivers.harness import read_varbinds

BASE = "1.3.6.1.4.1.12148.10"
AMPERES = f"{BASE}.2.15.0"
DEGREES = f"{BASE}.2.16.0"
CAPACITY = f"{BASE}.2.17.0"
LOAD = f"{BASE}.9.2.5.0"


async def test_settings_say_tenths_of_amperes_and_fahrenheit() -> None:
    battery = {f"{BASE}.10.7.1.0": 1}
    plain = await read_varbinds(
        "eltek-enexus", battery | {AMPERES: 0, DEGREES: 0, LOAD: 51, f"{BASE}.10.7.5.0": 25}
    )
    other = await read_varbinds(
        "eltek-enexus", battery | {AMPERES: 1, DEGREES: 1, LOAD: 510, f"{BASE}.10.7.5.0": 77}
    )

    for outcome in (plain, other):
        assert outcome.value("rack_output_current_amperes") == 51
        temperature = outcome.value("rack_battery_temperature_celsius", sensor="maximum")
        assert temperature == pytest.approx(25)
        assert outcome.failures == ()


async def test_capacity_is_ampere_hours_or_per_cent() -> None:
    hours = await read_varbinds("eltek-enexus", {CAPACITY: 0, f"{BASE}.10.9.5.0": 100})
    parts = await read_varbinds("eltek-enexus", {CAPACITY: 1, f"{BASE}.10.9.5.0": 100})

    assert hours.value("rack_battery_remaining_coulombs") == 360000
    assert parts.value("rack_battery_charge_ratio") == 1
    assert len(hours.readings) == len(parts.readings) == 1


async def test_per_unit_currents_are_tenths_whatever_the_setting() -> None:
    outcome = await read_varbinds(
        "eltek-enexus",
        {
            AMPERES: 0,
            f"{BASE}.5.6.1.2.1": 1,
            f"{BASE}.5.6.1.3.1": 63,
            f"{BASE}.5.6.1.4.1": 231,
            f"{BASE}.10.5.5.0": 5352,
            f"{BASE}.3.4.1.6.1": 232,
        },
    )

    assert outcome.value("rack_psu_output_current_amperes", psu="1") == 6.3
    assert outcome.value("rack_psu_input_voltage_volts", psu="1") == 231
    assert outcome.value("rack_psu_state", psu="1") == "normal"
    assert outcome.value("rack_battery_voltage_volts") == 53.52
    assert outcome.value("rack_phase_voltage_volts", phase="1") == 232


async def test_zero_of_a_monitor_that_is_off_is_no_temperature() -> None:
    off = await read_varbinds("eltek-enexus", {f"{BASE}.10.7.1.0": 4, f"{BASE}.10.7.5.0": 0})
    frost = await read_varbinds("eltek-enexus", {f"{BASE}.10.7.1.0": 1, f"{BASE}.10.7.5.0": 0})

    assert off.value("rack_battery_temperature_celsius", sensor="maximum") is None
    assert frost.value("rack_battery_temperature_celsius", sensor="maximum") == 0


async def test_a_shunt_or_cell_in_error_is_bad_and_one_that_is_not_there_is_none() -> None:
    rows: dict[str, int | str] = {}
    for number, status in ((1, 1), (2, 0), (3, 6)):
        rows |= {
            f"{BASE}.10.18.4.1.2.1.{number}": status,
            f"{BASE}.10.18.4.1.6.1.{number}": 45,
            f"{BASE}.10.19.6.1.2.1.{number}": status,
            f"{BASE}.10.19.6.1.6.1.{number}": 1338,
            f"{BASE}.10.19.6.1.7.1.{number}": 12,
        }
    outcome = await read_varbinds("eltek-enexus", rows)

    shunt = "rack_battery_current_amperes"
    assert outcome.value(shunt, battery="bank 1", sensor="1") == 4.5
    assert outcome.value(shunt, battery="bank 1", sensor="2") is None
    tap = "rack_battery_voltage_volts"
    assert outcome.value(tap, battery="monitor 1", cell="1") == 13.38
    assert outcome.value(tap, battery="monitor 1", cell="2") is None
    # the deviation beside the voltage is not a voltage
    assert len([r for r in outcome.readings if r.metric == tap]) == 2


async def test_statuses_and_quality() -> None:
    outcome = await read_varbinds(
        "eltek-enexus",
        {f"{BASE}.2.1.0": 3, f"{BASE}.3.1.0": 4, f"{BASE}.2.3.0": 3, f"{BASE}.10.12.5.0": 0},
    )

    assert outcome.value("rack_device_state", part="system") == "major_alarm"
    assert outcome.value("rack_device_state", part="mains") == "disabled"
    assert outcome.value("rack_device_state", part="mode") == "float"
    assert outcome.value("rack_battery_health_ratio") is None
