"""Open Rack v3 shelf of batteries or capacitors: words typed by hand from the published maps."""

import pytest

from tests.drivers.harness import read_registers


async def test_six_units_sixteen_registers_apart() -> None:
    # unit 1: 298.2 K, 83 %, 44.1 V, -125.5 A; unit 6 the same quantities from 337 on
    outcome = await read_registers(
        "orv3-battery-shelf",
        {257: 2982, 260: 2992, 261: 83, 263: 44_100, 264: 0xCEFA, 265: 0xFF9C,
         337: 3002, 341: 79, 343: 43_900, 344: 250},
    )  # fmt: skip

    temperature = "rack_battery_temperature_celsius"
    assert outcome.value(temperature, battery="1", sensor="1") == pytest.approx(25.05)
    assert outcome.value(temperature, battery="1", sensor="4") == pytest.approx(26.05)
    assert outcome.value(temperature, battery="6", sensor="1") == pytest.approx(27.05)
    assert outcome.value("rack_battery_charge_ratio", battery="1") == 0.83
    assert outcome.value("rack_battery_charge_ratio", battery="6") == 0.79
    assert outcome.value("rack_battery_voltage_volts", battery="1") == 44.1
    assert outcome.value("rack_battery_voltage_volts", battery="6") == 43.9
    assert outcome.value("rack_battery_current_amperes", battery="1") == -125.5
    assert outcome.value("rack_battery_current_amperes", battery="6") == 2.5
    average = outcome.value("rack_sensor_current_amperes", module="average", sensor="1")
    assert average == -1


async def test_an_empty_place_has_neither_temperature_nor_voltage() -> None:
    outcome = await read_registers("orv3-battery-shelf", {})

    assert outcome.value("rack_battery_voltage_volts", battery="2") is None
    labels = {"battery": "2", "sensor": "1"}
    assert outcome.value("rack_battery_temperature_celsius", **labels) is None
    assert outcome.duplicates() == []
    assert outcome.failures == ()
