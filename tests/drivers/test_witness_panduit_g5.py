"""Panduit G5: values typed by hand from the definitions of PANDUIT-MIB (pdug5)."""

from tests.drivers.harness import read_varbinds

BASE = "1.3.6.1.4.1.19536.10.1"


async def test_units_phases_groups_and_outlets() -> None:
    outcome = await read_varbinds(
        "panduit-g5",
        {
            f"{BASE}.2.1.1.2.2": 499,
            f"{BASE}.2.1.1.5.2": 5_400,
            f"{BASE}.2.1.1.6.2": 7_405,
            f"{BASE}.2.1.1.9.2": 93,
            f"{BASE}.2.1.1.11.2": 2_448,
            f"{BASE}.2.3.1.8.2": 4,
            f"{BASE}.2.3.1.9.2": 12,
            f"{BASE}.2.2.1.1.2.3": 3,
            f"{BASE}.2.2.1.2.2.3": 4,
            f"{BASE}.2.2.1.3.2.3": 2_301,
            f"{BASE}.2.2.1.9.2.3": 5,
            f"{BASE}.2.2.1.11.2.3": 816,
            f"{BASE}.2.2.1.17.2.3": 26,
            f"{BASE}.2.2.1.21.2.3": 1_000,
            f"{BASE}.3.1.1.2.2.1": "B1",
            f"{BASE}.3.1.1.3.2.1": 2,
            f"{BASE}.3.1.1.5.2.1": 2_297,
            f"{BASE}.3.1.1.12.2.1": 193,
            f"{BASE}.3.1.1.13.2.1": 6,
            f"{BASE}.3.1.1.18.2.1": 12,
            f"{BASE}.3.1.1.21.2.1": 77_384,
            f"{BASE}.5.1.1.2.2.4": "OUTLET 4",
            f"{BASE}.5.1.1.5.2.4": 105,
            f"{BASE}.5.1.1.11.2.4": 6,
            f"{BASE}.5.1.1.14.2.4": 250,
            f"{BASE}.5.1.1.2.2.40": "\0",
            f"{BASE}.5.1.1.5.2.40": 0,
        },
    )

    unit = {"unit": "2"}
    assert outcome.value("rack_inlet_frequency_hertz", **unit) == 49.9
    assert outcome.value("rack_inlet_power_watts", **unit) == 5400
    assert outcome.value("rack_inlet_energy_joules_total", **unit) == 7405 * 3.6e6
    assert outcome.value("rack_inlet_power_factor_ratio", **unit) == 0.93
    assert outcome.value("rack_inlet_current_amperes", **unit) == 24.48
    assert outcome.value("rack_inlet_residual_current_amperes", **unit) == 0.012
    state = outcome.value("rack_inlet_state", **unit, quantity="residual_current")
    assert state == "above_upper_warning"
    assert outcome.value("rack_phase_voltage_volts", **unit, phase="3") == 230.1
    assert outcome.value("rack_phase_current_amperes", **unit, phase="3") == 8.16
    assert outcome.value("rack_phase_utilization_ratio", **unit, phase="3") == 0.26
    assert outcome.value("rack_phase_energy_joules_total", **unit, phase="3") == 3.6e6
    branch = {"unit": "2", "branch": "B1"}
    assert outcome.value("rack_branch_voltage_volts", **branch) == 229.7
    assert outcome.value("rack_branch_current_amperes", **branch) == 1.93
    assert outcome.value("rack_branch_utilization_ratio", **branch) == 0.12
    assert outcome.value("rack_branch_energy_joules_total", **branch) == 77_384 * 3600
    assert outcome.value("rack_branch_state", **branch, quantity="current") == "breaker_off"
    outlet = {"unit": "2", "outlet": "4"}
    assert outcome.value("rack_outlet_current_amperes", **outlet) == 1.05
    assert outcome.value("rack_outlet_utilization_ratio", **outlet) == 0.06
    assert outcome.value("rack_outlet_energy_joules_total", **outlet) == 900_000
    assert not [r for r in outcome.readings if r.labels.get("outlet") == "40"]
    assert outcome.failures == ()


async def test_probes() -> None:
    outcome = await read_varbinds(
        "panduit-g5",
        {
            f"{BASE}.4.1.1.1.1": 2,
            f"{BASE}.4.2.1.3.1.1": 2,
            f"{BASE}.4.2.1.4.1.1": 77,
            f"{BASE}.4.3.1.3.1.1": 3,
            f"{BASE}.4.3.1.4.1.1": 40,
            f"{BASE}.4.4.1.3.1.1": 2,
            f"{BASE}.4.4.1.4.1.1": 1,
            f"{BASE}.4.6.1.3.1.1": 2,
            f"{BASE}.4.6.1.4.1.1": 1,
            f"{BASE}.4.7.1.3.1.1": 2,
            f"{BASE}.4.7.1.4.1.1": 2,
        },
    )

    assert outcome.value("rack_air_temperature_celsius", sensor="1") == 25.0
    assert outcome.value("rack_relative_humidity_ratio", sensor="1") is None
    assert outcome.value("rack_sensor_state", sensor="1", quantity="door") == "open"
    assert outcome.value("rack_leak_detected", sensor="1", zone="spot") == 0
    assert outcome.value("rack_leak_detected", sensor="1", zone="rope") == 1
