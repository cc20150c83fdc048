"""Eaton ePDU G3: values typed by hand from the definitions of EATON-EPDU-MIB."""

from tests.drivers.harness import read_varbinds

BASE = "1.3.6.1.4.1.534.6.6.7"


async def test_a_three_phase_input() -> None:
    outcome = await read_varbinds(
        "eaton-epdu",
        {
            f"{BASE}.3.1.1.3.0.1": 499,
            f"{BASE}.3.1.1.4.0.1": 1,
            f"{BASE}.3.2.1.2.0.1.2": 3,
            f"{BASE}.3.2.1.3.0.1.2": 231_250,
            f"{BASE}.3.2.1.4.0.1.2": 3,
            f"{BASE}.3.2.1.2.0.1.3": 7,
            f"{BASE}.3.2.1.3.0.1.3": 400_100,
            f"{BASE}.3.3.1.2.0.1.4": 2,
            f"{BASE}.3.3.1.4.0.1.4": 1_500,
            f"{BASE}.3.3.1.2.0.1.1": 3,
            f"{BASE}.3.3.1.3.0.1.1": 32_000,
            f"{BASE}.3.3.1.4.0.1.1": 12_345,
            f"{BASE}.3.3.1.10.0.1.1": 1_414,
            f"{BASE}.3.3.1.11.0.1.1": 39,
            f"{BASE}.3.4.1.2.0.1.1": 1,
            f"{BASE}.3.4.1.4.0.1.1": 2_700,
            f"{BASE}.3.4.1.7.0.1.1": -946,
            f"{BASE}.3.4.1.2.0.1.4": 4,
            f"{BASE}.3.4.1.4.0.1.4": 8_001,
            f"{BASE}.3.5.1.4.0.1": 8_000,
            f"{BASE}.3.5.1.5.0.1": 123_456,
            f"{BASE}.3.5.1.7.0.1": 958,
        },
    )

    inlet = {"inlet": "1"}
    assert outcome.value("rack_inlet_frequency_hertz", **inlet) == 49.9
    assert outcome.value("rack_inlet_state", **inlet, quantity="frequency") == "out_of_range"
    assert outcome.value("rack_phase_voltage_volts", **inlet, phase="2") == 231.25
    state = outcome.value("rack_phase_state", **inlet, phase="2", quantity="voltage")
    assert state == "above_upper_warning"
    assert outcome.value("rack_phase_voltage_volts", **inlet, line="L3-L1") == 400.1
    assert outcome.value("rack_phase_current_amperes", **inlet, phase="N") == 1.5
    assert outcome.value("rack_phase_current_amperes", **inlet, phase="1") == 12.345
    assert outcome.value("rack_phase_current_limit_amperes", **inlet, phase="1") == 32
    assert outcome.value("rack_phase_crest_factor_ratio", **inlet, phase="1") == 1.414
    assert outcome.value("rack_phase_utilization_ratio", **inlet, phase="1") == 0.39
    assert outcome.value("rack_phase_power_watts", **inlet, phase="1") == 2700
    assert outcome.value("rack_phase_power_factor_ratio", **inlet, phase="1") == -0.946
    assert outcome.value("rack_inlet_power_watts", **inlet) == 8000
    assert outcome.value("rack_inlet_energy_joules_total", **inlet) == 123_456 * 3600
    assert outcome.value("rack_inlet_power_factor_ratio", **inlet) == 0.958
    assert outcome.failures == ()


async def test_outlets_and_groups_of_the_second_unit() -> None:
    outcome = await read_varbinds(
        "eaton-epdu",
        {
            f"{BASE}.6.1.1.3.1.2": "node 2",
            f"{BASE}.6.1.1.5.1.2": 2,
            f"{BASE}.6.1.1.6.1.2": "A2",
            f"{BASE}.6.4.1.3.1.2": 1_905,
            f"{BASE}.6.4.1.4.1.2": 0,
            f"{BASE}.6.4.1.10.1.2": -1,
            f"{BASE}.6.5.1.3.1.2": 437,
            f"{BASE}.6.5.1.4.1.2": 10,
            f"{BASE}.6.6.1.2.1.2": 3,
            f"{BASE}.5.1.1.2.1.1": "A",
            f"{BASE}.5.1.1.4.1.1": 1,
            f"{BASE}.5.1.1.5.1.1": 2,
            f"{BASE}.5.1.1.4.1.9": 5,
            f"{BASE}.5.4.1.3.1.1": 7_250,
            f"{BASE}.5.4.1.3.1.9": 7_250,
        },
    )

    outlet = {"unit": "1", "outlet": "A2"}
    assert outcome.value("rack_outlet_current_amperes", **outlet) == 1.905
    assert outcome.value("rack_outlet_utilization_ratio", **outlet) is None
    assert outcome.value("rack_outlet_power_watts", **outlet) == 437
    assert outcome.value("rack_outlet_energy_joules_total", **outlet) == 36_000
    assert outcome.value("rack_outlet_state", **outlet) == "on_pending"
    assert outcome.value("rack_outlet_status", **outlet, quantity="current") == "normal"
    assert outcome.value("rack_outlet_info", **outlet, name="node 2", type="C19") == 1
    assert outcome.value("rack_branch_current_amperes", unit="1", branch="A") == 7.25
    state = outcome.value("rack_branch_state", unit="1", branch="A", quantity="breaker")
    assert state == "off"
    # a group that a person defined counts the same outlets again
    branches = [r for r in outcome.readings if r.metric == "rack_branch_current_amperes"]
    assert len(branches) == 1


async def test_probes_follow_the_scale_of_their_unit() -> None:
    outcome = await read_varbinds(
        "eaton-epdu",
        {
            f"{BASE}.1.2.1.9.0": 1,
            f"{BASE}.7.1.1.2.0.1": "inlet",
            f"{BASE}.7.1.1.3.0.1": 1,
            f"{BASE}.7.1.1.4.0.1": 770,
            f"{BASE}.7.1.1.3.0.2": 0,
            f"{BASE}.7.1.1.4.0.2": 0,
            f"{BASE}.7.2.1.3.0.1": -1,
            f"{BASE}.7.2.1.4.0.1": 0,
            f"{BASE}.7.3.1.4.0.2": 1,
        },
    )

    assert outcome.value("rack_air_temperature_celsius", sensor="1", name="inlet") == 25.0
    assert outcome.value("rack_relative_humidity_ratio", sensor="1") is None
    assert outcome.value("rack_sensor_state", sensor="2", quantity="contact") == "closed"
    temperatures = [r for r in outcome.readings if r.metric == "rack_air_temperature_celsius"]
    assert len(temperatures) == 1
