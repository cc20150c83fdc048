"""APC InRow SC: values typed by hand from the PowerNet MIB's definitions (airIRSC)."""

import pytest

from tests.drivers.harness import read_varbinds

UNIT = "1.3.6.1.4.1.318.1.1.13.3.4.1.2"
SETPOINT = "1.3.6.1.4.1.318.1.1.13.3.4.1.6"


async def test_two_streams_of_air_and_a_refrigerant() -> None:
    outcome = await read_varbinds(
        "apc-inrow-sc",
        {
            f"{UNIT}.2.0": 65,
            f"{UNIT}.4.0": 1000,
            f"{UNIT}.9.0": 165,
            f"{UNIT}.13.0": 82,
            f"{UNIT}.15.0": 51,
            f"{UNIT}.21.0": 480,
            f"{UNIT}.24.0": 600,
            f"{UNIT}.25.0": 455,
            f"{UNIT}.29.0": 388,
            f"{UNIT}.32.0": 2,
            f"{SETPOINT}.2.0": 222,
        },
    )

    assert outcome.value("rack_heat_removed_watts") == 6500
    flow = outcome.value("rack_airflow_liters_per_second")
    assert flow == pytest.approx(471.947, abs=0.001)
    air = "rack_air_temperature_celsius"
    assert outcome.value(air, side="supply") == 16.5
    assert outcome.value(air, side="condenser_outlet") == 38.8
    water = "rack_coolant_temperature_celsius"
    assert outcome.value(water, loop="refrigerant", side="suction") == 8.2
    suction = outcome.value("rack_coolant_pressure_pascals", loop="refrigerant", side="suction")
    assert suction == 480000
    assert outcome.value("rack_fan_duty_ratio", fan="evaporator") == 0.6
    assert outcome.value("rack_fan_duty_ratio", fan="condenser") == pytest.approx(0.455)
    assert outcome.value("rack_compressor_state") == "on"
    assert outcome.value("rack_air_temperature_setpoint_celsius") == 22.2
    # superheat is a difference and not among them
    assert len(outcome.readings) == 10
    assert outcome.failures == ()


async def test_not_fitted_is_not_a_number() -> None:
    outcome = await read_varbinds("apc-inrow-sc", {f"{UNIT}.17.0": -1})

    assert outcome.value("rack_air_pressure_pascals", sensor="containment") is None
