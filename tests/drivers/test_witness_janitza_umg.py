"""Janitza UMG with four inputs: values typed by hand from JANITZA-MIB."""

import pytest

from tests.drivers.harness import read_varbinds

BASE = "1.3.6.1.4.1.34278"


async def test_steps_of_the_mib() -> None:
    # 230.1 V, 5 A, factor 0.95
    outcome = await read_varbinds(
        "janitza-umg",
        {
            f"{BASE}.1.1.0": 2301,
            f"{BASE}.1.5.0": 3985,
            f"{BASE}.1.8.0": 5000,
            f"{BASE}.1.11.0": 120,
            f"{BASE}.1.12.0": 1093,
            f"{BASE}.1.16.0": -359,
            f"{BASE}.1.20.0": 1151,
            f"{BASE}.1.24.0": 950,
            f"{BASE}.2.1.0": 3279,
            f"{BASE}.4.1.0": 12345,
            f"{BASE}.5.1.0": 37035,
            f"{BASE}.7.1.0": 21,
            f"{BASE}.8.1.0": 4998,
        },
    )

    assert outcome.value("rack_phase_voltage_volts", phase="1") == 230.1
    assert outcome.value("rack_phase_voltage_volts", line="L1-L2") == 398.5
    assert outcome.value("rack_phase_current_amperes", phase="1") == 5
    assert outcome.value("rack_phase_current_amperes", phase="4") == 0.12
    assert outcome.value("rack_phase_power_watts", phase="1") == 1093
    reactive = "rack_phase_reactive_power_voltamperes_reactive"
    assert outcome.value(reactive, phase="1") == -359
    assert outcome.value("rack_phase_apparent_power_voltamperes", phase="1") == 1151
    assert outcome.value("rack_phase_power_factor_ratio", phase="1") == 0.95
    assert outcome.value("rack_inlet_power_watts") == 3279
    energy = outcome.value("rack_phase_energy_joules_total", phase="1")
    assert energy == pytest.approx(1234.5 * 3.6e6)
    assert outcome.value("rack_inlet_energy_joules_total") == pytest.approx(3703.5 * 3.6e6)
    assert outcome.value("rack_phase_voltage_thd_ratio", phase="1") == pytest.approx(0.021)
    assert outcome.value("rack_inlet_frequency_hertz") == 49.98
    assert outcome.failures == ()


async def test_reactive_energy_is_not_taken_for_energy() -> None:
    outcome = await read_varbinds("janitza-umg", {f"{BASE}.5.2.0": -53535645})

    assert outcome.readings == ()
