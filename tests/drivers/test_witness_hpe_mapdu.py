"""HPE G2 PDU: values typed by hand from CPQPOWER-MIB's pdu3 and what the device makes of it."""

from tests.drivers.harness import read_varbinds

BASE = "1.3.6.1.4.1.232.165.11"


async def test_units_phases_and_groups() -> None:
    outcome = await read_varbinds(
        "hpe-mapdu",
        {
            f"{BASE}.1.2.1.9.1": 3,
            f"{BASE}.2.1.1.2.1": 500,
            f"{BASE}.2.1.1.4.1": 922,
            f"{BASE}.2.1.1.5.1": 900,
            f"{BASE}.2.1.1.9.1": 97,
            f"{BASE}.2.2.1.1.1.1": 1,
            f"{BASE}.2.2.1.2.1.1": 1,
            f"{BASE}.2.2.1.3.1.1": 2286,
            f"{BASE}.2.2.1.9.1.1": 1,
            f"{BASE}.2.2.1.10.1.1": 3200,
            f"{BASE}.2.2.1.11.1.1": 398,
            f"{BASE}.2.2.1.12.1.1": 4,
            f"{BASE}.2.2.1.17.1.1": 124,
            f"{BASE}.2.2.1.1.1.2": 0,
            f"{BASE}.2.2.1.11.1.2": 0,
            f"{BASE}.3.1.1.2.1.1": "B01",
            f"{BASE}.3.1.1.3.1.1": 2,
            f"{BASE}.3.1.1.11.1.1": 1600,
            f"{BASE}.3.1.1.12.1.1": 187,
            f"{BASE}.3.1.1.18.1.1": 11,
            f"{BASE}.3.1.1.20.1.1": 422,
            f"{BASE}.3.1.1.26.1.1": 3,
            f"{BASE}.3.1.1.3.1.3": 0,
            f"{BASE}.3.1.1.12.1.3": 0,
        },
    )

    assert outcome.value("rack_device_state") == "degraded"
    assert outcome.value("rack_inlet_frequency_hertz") == 50
    assert outcome.value("rack_inlet_apparent_power_voltamperes") == 922
    assert outcome.value("rack_inlet_power_watts") == 900
    assert outcome.value("rack_inlet_power_factor_ratio") == 0.97
    assert outcome.value("rack_phase_voltage_volts", phase="1") == 228.6
    assert outcome.value("rack_phase_current_amperes", phase="1") == 3.98
    assert outcome.value("rack_phase_current_limit_amperes", phase="1") == 32
    assert outcome.value("rack_phase_utilization_ratio", phase="1") == 0.124
    state = outcome.value("rack_phase_state", phase="1", quantity="current")
    assert state == "above_upper_warning"
    assert outcome.value("rack_branch_current_amperes", branch="B01") == 1.87
    assert outcome.value("rack_branch_utilization_ratio", branch="B01") == 0.11
    assert outcome.value("rack_branch_power_watts", branch="B01") == 422
    assert outcome.value("rack_branch_state", branch="B01", quantity="breaker") == "off"
    # rows that the model has not are zero, their index and type too
    currents = ("rack_phase_current_amperes", "rack_branch_current_amperes")
    assert len([r for r in outcome.readings if r.metric in currents]) == 2
    assert outcome.failures == ()


async def test_outlets_and_probes() -> None:
    outcome = await read_varbinds(
        "hpe-mapdu",
        {
            f"{BASE}.5.1.1.2.1.24": "OUTLET24",
            f"{BASE}.5.1.1.3.1.24": 2,
            f"{BASE}.5.1.1.4.1.24": 2000,
            f"{BASE}.5.1.1.5.1.24": 36,
            f"{BASE}.5.1.1.11.1.24": 18,
            f"{BASE}.5.1.1.13.1.24": 84,
            f"{BASE}.5.1.1.16.1.24": 100,
            f"{BASE}.5.2.1.1.1.24": 4,
            f"{BASE}.5.1.1.2.1.25": "\0\0\0\0\0\0\0\0",
            f"{BASE}.5.1.1.5.1.25": 0,
            f"{BASE}.5.2.1.1.1.25": 0,
            f"{BASE}.4.1.1.1.1": 2,
            f"{BASE}.4.2.1.3.1.1": 2,
            f"{BASE}.4.2.1.4.1.1": 680,
            f"{BASE}.4.2.1.3.1.2": 1,
            f"{BASE}.4.2.1.4.1.2": 0,
            f"{BASE}.4.3.1.3.1.1": 2,
            f"{BASE}.4.3.1.4.1.1": 402,
        },
    )

    assert outcome.value("rack_outlet_current_amperes", outlet="24") == 0.36
    assert outcome.value("rack_outlet_current_limit_amperes", outlet="24") == 20
    assert outcome.value("rack_outlet_utilization_ratio", outlet="24") == 0.018
    assert outcome.value("rack_outlet_power_watts", outlet="24") == 84
    assert outcome.value("rack_outlet_power_factor_ratio", outlet="24") == 1
    assert outcome.value("rack_outlet_state", outlet="24") == "on_pending"
    assert outcome.value("rack_outlet_info", outlet="24", name="OUTLET24", type="C19") == 1
    assert outcome.value("rack_air_temperature_celsius", sensor="1") == 20.0
    assert outcome.value("rack_relative_humidity_ratio", sensor="1") == 0.402
    assert not [r for r in outcome.readings if r.labels.get("outlet") == "25"]
    assert not [r for r in outcome.readings if r.labels.get("sensor") == "2"]
