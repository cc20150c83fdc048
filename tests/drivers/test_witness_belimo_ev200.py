"""Belimo energy valve: words typed by hand from the published map."""

import pytest

from tests.drivers.harness import read_registers


async def test_position_flow_and_temperatures() -> None:
    # 62.5 % open, 65 % wanted, 15.0 US gal/min of 80 % of nominal, 18.25 and -1.5 degC, 25 % glycol
    outcome = await read_registers(
        "belimo-ev200",
        {4: 6250, 0: 6500, 11: 1000, 8: 150, 16: 160, 6: 8000, 105: 500, 106: 10_000, 13: 1825,
         19: 0xFF6A, 21: 1850, 25: 2500},
    )  # fmt: skip

    assert outcome.value("rack_valve_position_ratio") == 0.625
    assert outcome.value("rack_valve_command_ratio") == 0.65
    assert outcome.value("rack_valve_command_ratio", valve="analog_input") == 0.1
    flow = outcome.value("rack_coolant_flow_liters_per_second")
    assert flow == pytest.approx(0.946352946, rel=1e-9)  # 15 x 3.785411784 / 60
    wanted = outcome.value("rack_coolant_flow_setpoint_liters_per_second")
    assert wanted == pytest.approx(1.0094431424, rel=1e-9)
    assert outcome.value("rack_sensor_utilization_ratio", sensor="flow") == 0.8
    assert outcome.value("rack_sensor_utilization_ratio", sensor="flow_minimum") == 0.05
    assert outcome.value("rack_sensor_utilization_ratio", sensor="flow_maximum") == 1
    temperature = "rack_coolant_temperature_celsius"
    assert outcome.value(temperature, sensor="external") == 18.25
    assert outcome.value(temperature, sensor="remote") == -1.5
    assert outcome.value(temperature, sensor="flow_body") == 18.5
    assert outcome.value("rack_sensor_count_value", sensor="glycol_percent") == 25


async def test_what_is_not_connected_has_no_value() -> None:
    outcome = await read_registers("belimo-ev200", {4: 0xFFFF, 8: 0xFFFF, 13: 0x7FFF, 19: 0x8000})

    assert outcome.value("rack_valve_position_ratio") is None
    assert outcome.value("rack_coolant_flow_liters_per_second") is None
    assert outcome.value("rack_coolant_temperature_celsius", sensor="external") is None
    assert outcome.value("rack_coolant_temperature_celsius", sensor="remote") is None


async def test_alarms_and_how_grave_they_are() -> None:
    outcome = await read_registers("belimo-ev200", {157: 1 << 2 | 1 << 11, 158: 1 << 2})

    active = {
        (r.labels["alarm"], r.labels.get("severity"))
        for r in outcome.good
        if r.metric == "rack_alarm_active" and r.value == 1
    }
    assert active == {
        ("actuator_blocked", None),
        ("freeze", "critical"),
        ("minimum_position", "warning"),
    }
    assert outcome.duplicates() == []
    assert outcome.failures == ()
