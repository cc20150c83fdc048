"""Danfoss valve actuator: IEEE 754 words typed by hand at the published map's registers."""

import pytest

from tests.drivers.harness import read_registers

NAN = {"high": 0x7FC0, "low": 0}


async def test_floats_high_word_first() -> None:
    # 422A0000 is 42.5, 41440000 is 12.25, 41F00000 is 30, 42C80000 is 100
    outcome = await read_registers(
        "danfoss-novocon",
        {34318: 0x422A, 34319: 0, 33218: 0x4144, 33219: 0, 32798: 0x41F0, 32799: 0,
         33028: 0x42C8, 33029: 0, 34312: 0x422A, 34313: 0},
    )  # fmt: skip

    assert outcome.value("rack_valve_position_ratio") == 0.425
    assert outcome.value("rack_coolant_temperature_celsius", side="supply") == 12.25
    flow = outcome.value("rack_coolant_flow_setpoint_liters_per_second", loop="cooling")
    assert flow == pytest.approx(0.5)  # 30 L/min
    assert outcome.value("rack_sensor_utilization_ratio", sensor="flow_design_maximum") == 1
    assert outcome.value("rack_sensor_utilization_ratio", sensor="flow_estimate") == 0.425


async def test_nan_is_no_value() -> None:
    outcome = await read_registers("danfoss-novocon", {33218: NAN["high"], 33219: NAN["low"]})

    assert outcome.value("rack_coolant_temperature_celsius", side="supply") is None


async def test_minutes_at_the_ends_and_alarms() -> None:
    outcome = await read_registers(
        "danfoss-novocon", {33812: 1, 33813: 4464, 33536: 1 << 3 | 1 << 6, 33537: 1 << 1}
    )

    closed = {"component": "valve", "class": "fully_closed"}
    runtime = outcome.value("rack_component_runtime_seconds_total", **closed)
    assert runtime == 4_200_000  # 70,000 minutes
    active = {
        (r.labels["alarm"], r.labels.get("severity"))
        for r in outcome.good
        if r.metric == "rack_alarm_active" and r.value == 1
    }
    assert active == {("supply_undervoltage", "critical"), ("unit_id", None), ("movement", None)}
    assert outcome.duplicates() == []
    assert outcome.failures == ()
