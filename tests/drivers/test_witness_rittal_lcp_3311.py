"""Rittal LCP DX 3311: values typed by hand from CAREL-RITTAL-LCP-3311-MIB."""

import pytest

from tests.drivers.harness import read_varbinds

DIGITAL = "1.3.6.1.4.1.9839.2606.2.1.1"
ANALOG = "1.3.6.1.4.1.9839.2606.2.1.2"
WHOLE = "1.3.6.1.4.1.9839.2606.2.1.3"


async def test_analog_variables_are_tenths_and_whole_ones_are_not() -> None:
    outcome = await read_varbinds(
        "rittal-lcp-3311",
        {
            f"{ANALOG}.6.0": 315,
            f"{ANALOG}.22.0": 221,
            f"{ANALOG}.48.0": 220,
            f"{ANALOG}.11.0": 254,
            f"{ANALOG}.10.0": 123,
            f"{ANALOG}.45.0": 500,
            f"{WHOLE}.28.0": 45,
            f"{WHOLE}.29.0": 1500,
            f"{WHOLE}.7.0": 355,
            f"{WHOLE}.30.0": 62,
        },
    )

    air = "rack_air_temperature_celsius"
    assert outcome.value(air, side="return", position="top") == 31.5
    assert outcome.value(air, side="supply", position="average") == 22.1
    assert outcome.value("rack_air_temperature_setpoint_celsius") == 22
    refrigerant = "rack_coolant_temperature_celsius"
    assert outcome.value(refrigerant, loop="refrigerant", side="suction") == 12.3
    discharge = outcome.value("rack_coolant_pressure_pascals", loop="refrigerant", side="discharge")
    assert discharge == pytest.approx(2540000)
    # 50 turns a second
    assert outcome.value("rack_compressor_speed_rpm") == 3000
    assert outcome.value("rack_compressor_duty_ratio") == pytest.approx(0.355)
    assert outcome.value("rack_fan_duty_ratio") == 0.45
    assert outcome.value("rack_fan_speed_rpm") == 1500
    valve = outcome.value("rack_valve_position_ratio", valve="expansion", loop="refrigerant")
    assert valve == 0.62
    assert outcome.failures == ()


async def test_the_general_alarm_is_the_other_way_round() -> None:
    outcome = await read_varbinds("rittal-lcp-3311", {f"{DIGITAL}.23.0": 1, f"{DIGITAL}.3.0": 1})
    wrong = await read_varbinds("rittal-lcp-3311", {f"{DIGITAL}.23.0": 0, f"{DIGITAL}.3.0": 0})

    assert outcome.value("rack_alarm_active", alarm="general") == 0
    assert outcome.value("rack_alarm_active", alarm="high pressure") == 1
    assert wrong.value("rack_alarm_active", alarm="general") == 1
    assert wrong.value("rack_alarm_active", alarm="high pressure") == 0


async def test_memory_that_was_never_written_is_no_temperature() -> None:
    outcome = await read_varbinds("rittal-lcp-3311", {f"{ANALOG}.2.0": -858993460})

    assert outcome.value("rack_air_temperature_celsius", side="supply", position="top") is None


async def test_states() -> None:
    outcome = await read_varbinds(
        "rittal-lcp-3311",
        {f"{DIGITAL}.17.0": 1, f"{WHOLE}.2.0": 2, f"{WHOLE}.3.0": 13, f"{WHOLE}.13.0": 3},
    )

    assert outcome.value("rack_compressor_state") == "on"
    assert outcome.value("rack_compressor_state", quantity="drive") == "run"
    assert outcome.value("rack_device_state", part="error") == "alb01"
    assert outcome.value("rack_cooling_state", part="unit") == "auto"
