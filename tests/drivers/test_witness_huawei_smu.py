"""Huawei SMU: values typed by hand from HUAWEI-SITE-MONITOR-MIB."""

import pytest

from tests.drivers.harness import read_varbinds

BASE = "1.3.6.1.4.1.2011.6.164.1"
RECTIFIER = f"{BASE}.3.2"
BATTERY = f"{BASE}.4.4"


async def test_volts_and_amperes_are_tenths_and_watts_are_not() -> None:
    # 53.5 V, 3.4 A: 182 W.
    outcome = await read_varbinds(
        "huawei-smu",
        {
            f"{BASE}.6.1.3.0": 535,
            f"{BASE}.6.1.4.0": 34,
            f"{BASE}.6.1.5.0": 182,
            f"{BASE}.3.1.3.0": 34,
            f"{BASE}.6.2.1.1.4.1": 535,
            f"{BASE}.6.2.1.1.5.1": 34,
            f"{BASE}.6.2.1.1.99.1": 1,
            f"{BASE}.5.2.1.1.4.1": 2305,
        },
    )

    assert outcome.value("rack_busbar_voltage_volts") == 53.5
    assert outcome.value("rack_busbar_current_amperes", sensor="load") == 3.4
    assert outcome.value("rack_busbar_power_watts", sensor="load") == 182
    assert outcome.value("rack_busbar_current_amperes", sensor="rectifiers") == 3.4
    assert outcome.value("rack_output_voltage_volts", output="1") == 53.5
    assert outcome.value("rack_output_current_amperes", output="1") == 3.4
    assert outcome.value("rack_output_state", output="1") == "normal"
    assert outcome.value("rack_phase_voltage_volts", inlet="1", phase="1") == 230.5
    assert outcome.failures == ()


async def test_a_module_is_told_by_the_number_in_its_name() -> None:
    outcome = await read_varbinds(
        "huawei-smu",
        {
            f"{RECTIFIER}.1.1.3.28676": "Rectifier2",
            f"{RECTIFIER}.2.1.2.28676": 17,
            f"{RECTIFIER}.2.1.3.28676": 534,
            f"{RECTIFIER}.2.1.99.28676": 8,
            f"{RECTIFIER}.2.1.2.28677": 18,
        },
    )

    assert outcome.value("rack_psu_output_current_amperes", psu="2") == 1.7
    assert outcome.value("rack_psu_output_voltage_volts", psu="2") == 53.4
    assert outcome.value("rack_psu_state", psu="2") == "ac_off"
    # one without a name keeps its row
    assert outcome.value("rack_psu_output_current_amperes", psu="28677") == 1.8


async def test_invalid_is_not_a_number() -> None:
    outcome = await read_varbinds(
        "huawei-smu", {f"{BASE}.4.2.1.0": 2147483647, f"{BASE}.4.2.2.0": 2147483647}
    )

    assert outcome.value("rack_battery_current_amperes") is None
    assert outcome.value("rack_battery_runtime_seconds") is None


async def test_a_battery_string() -> None:
    outcome = await read_varbinds(
        "huawei-smu",
        {
            f"{BATTERY}.1.1.3.57345": "Battery String1",
            f"{BATTERY}.1.1.8.57345": 100,
            f"{BATTERY}.2.1.2.57345": -21,
            f"{BATTERY}.2.1.4.57345": 90,
            f"{BATTERY}.2.1.99.57345": 7,
            f"{BASE}.4.2.3.0": 3,
        },
    )

    assert outcome.value("rack_battery_current_amperes", battery="string 1") == -2.1
    assert outcome.value("rack_battery_remaining_coulombs", battery="string 1") == 324000
    assert outcome.value("rack_battery_capacity_coulombs", battery="string 1") == 360000
    assert outcome.value("rack_battery_state", battery="string 1") == "discharging"
    assert outcome.value("rack_battery_state") == "discharge"


async def test_an_alarm_input_and_a_humidity() -> None:
    outcome = await read_varbinds(
        "huawei-smu",
        {
            f"{BASE}.8.2.2.1.3.1": "Ambient",
            f"{BASE}.8.2.2.1.4.1": 45,
            f"{BASE}.8.2.3.1.3.1": "Door",
            f"{BASE}.8.2.3.1.99.1": 2,
        },
    )

    humidity = outcome.value("rack_relative_humidity_ratio", sensor="Ambient", index="1")
    assert humidity == pytest.approx(0.45)
    assert outcome.value("rack_sensor_state", sensor="Door", index="1") == "alarm"
