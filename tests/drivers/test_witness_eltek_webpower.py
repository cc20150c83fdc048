"""Eltek WebPower: values typed by hand from ELTEK-DISTRIBUTED-MIB."""

import pytest

from tests.drivers.harness import read_varbinds

BASE = "1.3.6.1.4.1.12148.9"
RECTIFIER = f"{BASE}.5.5.2.1"


async def test_battery_voltage_is_hundredths_and_currents_are_amperes() -> None:
    outcome = await read_varbinds(
        "eltek-webpower",
        {
            f"{BASE}.3.2.0": 5455,
            f"{BASE}.3.3.0": -4,
            f"{BASE}.3.4.0": 26,
            f"{BASE}.4.1.0": 31,
            f"{BASE}.5.3.0": 35,
            f"{BASE}.5.4.0": 22,
            f"{BASE}.6.1.0": 233,
            f"{BASE}.2.2.0": 1,
        },
    )

    assert outcome.value("rack_battery_voltage_volts") == 54.55
    assert outcome.value("rack_battery_current_amperes") == -4
    assert outcome.value("rack_battery_temperature_celsius", sensor="maximum") == 26
    assert outcome.value("rack_output_current_amperes") == 31
    assert outcome.value("rack_busbar_current_amperes", sensor="rectifiers") == 35
    assert outcome.value("rack_output_utilization_ratio") == 0.22
    assert outcome.value("rack_phase_voltage_volts", phase="1") == 233
    assert outcome.value("rack_device_state", part="mode") == "float_temperature_compensated"
    assert outcome.failures == ()


async def test_a_rectifier_has_a_number_of_its_own_and_empty_rows_are_none() -> None:
    outcome = await read_varbinds(
        "eltek-webpower",
        {
            f"{RECTIFIER}.1.0": 1,
            f"{RECTIFIER}.2.0": 1,
            f"{RECTIFIER}.3.0": 117,
            f"{RECTIFIER}.4.0": 5449,
            f"{RECTIFIER}.5.0": 27,
            f"{RECTIFIER}.1.1": 2,
            f"{RECTIFIER}.2.1": 0,
            f"{RECTIFIER}.3.1": 0,
            f"{RECTIFIER}.4.1": 0,
        },
    )

    assert outcome.value("rack_psu_output_current_amperes", psu="1") == pytest.approx(11.7)
    assert outcome.value("rack_psu_output_voltage_volts", psu="1") == 54.49
    assert outcome.value("rack_psu_temperature_celsius", psu="1", sensor="inlet") == 27
    assert outcome.value("rack_psu_state", psu="1") == "normal"
    assert "2" not in {r.labels.get("psu") for r in outcome.readings}


async def test_quality_is_0_until_a_test_was_made() -> None:
    outcome = await read_varbinds("eltek-webpower", {f"{BASE}.3.20.5.0": 0, f"{BASE}.7.1.11.0": 1})

    assert outcome.value("rack_battery_health_ratio") is None
    assert outcome.value("rack_alarm_active", alarm="mains") == 1
