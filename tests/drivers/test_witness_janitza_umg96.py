"""Janitza UMG 96: values typed by hand from JANITZA-MIB-UMG96."""

import pytest

from tests.drivers.harness import read_varbinds

BASE = "1.3.6.1.4.1.34278"


async def test_the_same_numbers_are_other_quantities_than_on_the_larger_meters() -> None:
    # 1.4 is a line voltage here and the fourth input's voltage there.
    outcome = await read_varbinds(
        "janitza-umg96",
        {
            f"{BASE}.1.4.0": 3985,
            f"{BASE}.1.7.0": 5000,
            f"{BASE}.1.10.0": 41,
            f"{BASE}.1.11.0": 3,
            f"{BASE}.1.13.0": 1093,
            f"{BASE}.1.22.0": 950,
            f"{BASE}.2.1.0": 3279,
            f"{BASE}.3.1.0": 12345,
            f"{BASE}.4.1.0": 37035,
            f"{BASE}.6.1.0": 4998,
            f"{BASE}.6.2.0": 235,
        },
    )

    assert outcome.value("rack_phase_voltage_volts", line="L1-L2") == 398.5
    assert outcome.value("rack_phase_current_amperes", phase="1") == 5
    assert outcome.value("rack_sensor_current_amperes", sensor="L4") == 0.041
    residual = outcome.value("rack_sensor_residual_current_amperes", sensor="L5")
    assert residual == 0.003
    assert outcome.value("rack_phase_power_watts", phase="1") == 1093
    assert outcome.value("rack_phase_power_factor_ratio", phase="1") == 0.95
    assert outcome.value("rack_inlet_power_watts") == 3279
    energy = outcome.value("rack_phase_energy_joules_total", phase="1")
    assert energy == pytest.approx(1234.5 * 3.6e6)
    assert outcome.value("rack_inlet_energy_joules_total") == pytest.approx(3703.5 * 3.6e6)
    assert outcome.value("rack_inlet_frequency_hertz") == 49.98
    assert outcome.value("rack_sensor_temperature_celsius", sensor="1") == 23.5
    assert outcome.failures == ()


async def test_an_input_with_nothing_on_it_is_no_temperature() -> None:
    outcome = await read_varbinds("janitza-umg96", {f"{BASE}.6.3.0": -1000})

    assert outcome.value("rack_sensor_temperature_celsius", sensor="2") is None
