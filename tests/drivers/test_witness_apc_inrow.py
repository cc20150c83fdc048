"""APC InRow RC: values typed by hand from the PowerNet MIB's definitions (airIRRC)."""

import pytest

from tests.drivers.harness import read_varbinds

UNIT = "1.3.6.1.4.1.318.1.1.13.3.2.2.2"
GROUP = "1.3.6.1.4.1.318.1.1.13.3.2.1"
RUN = "1.3.6.1.4.1.318.1.1.13.3.2.2.3"


async def test_metric_columns_are_taken_and_not_their_us_doubles() -> None:
    # 77.9 degrees Fahrenheit stands beside 25.5 degrees Celsius.
    outcome = await read_varbinds(
        "apc-inrow",
        {
            f"{UNIT}.2.0": 87,
            f"{UNIT}.3.0": 91,
            f"{UNIT}.6.0": 779,
            f"{UNIT}.7.0": 255,
            f"{UNIT}.8.0": 644,
            f"{UNIT}.9.0": 180,
            f"{UNIT}.16.0": 605,
            f"{UNIT}.20.0": 43,
            f"{UNIT}.21.0": 63,
            f"{UNIT}.22.0": 40,
            f"{UNIT}.24.0": 71,
        },
    )

    assert outcome.value("rack_heat_removed_watts") == 8700
    assert outcome.value("rack_cooling_demand_watts") == 9100
    assert outcome.value("rack_air_temperature_celsius", side="rack_inlet") == 25.5
    assert outcome.value("rack_air_temperature_celsius", side="supply") == 18
    assert outcome.value("rack_fan_duty_ratio") == 0.605
    assert outcome.value("rack_valve_position_ratio", loop="facility") == 0.43
    assert outcome.value("rack_coolant_flow_liters_per_second", loop="facility") == 0.4
    water = outcome.value("rack_coolant_temperature_celsius", loop="facility", side="supply")
    assert water == 7.1
    assert outcome.failures == ()


async def test_air_flow_is_taken_from_cubic_feet_and_from_litres_where_those_are_missing() -> None:
    both = await read_varbinds("apc-inrow", {f"{UNIT}.4.0": 1000, f"{UNIT}.5.0": 471})
    litres = await read_varbinds("apc-inrow", {f"{UNIT}.4.0": -1, f"{UNIT}.5.0": 471})

    assert both.value("rack_airflow_liters_per_second") == pytest.approx(471.947, abs=0.001)
    assert both.duplicates() == []
    assert litres.value("rack_airflow_liters_per_second") == 471


async def test_not_fitted_is_not_a_number() -> None:
    outcome = await read_varbinds("apc-inrow", {f"{UNIT}.13.0": -1, f"{UNIT}.2.0": -1})

    assert outcome.value("rack_air_pressure_pascals", sensor="containment") is None
    assert outcome.value("rack_heat_removed_watts") is None


async def test_states_and_hours() -> None:
    outcome = await read_varbinds(
        "apc-inrow",
        {
            f"{UNIT}.1.0": 2,
            f"{UNIT}.17.0": 1,
            f"{UNIT}.19.0": 2,
            f"{UNIT}.27.0": 2,
            f"{GROUP}.1.9.0": 3,
            f"{RUN}.1.0": 2,
        },
    )

    assert outcome.value("rack_cooling_state", part="unit") == "on"
    assert outcome.value("rack_sensor_state", sensor="input") == "open"
    assert outcome.value("rack_device_state", part="power_source") == "source_b"
    assert outcome.value("rack_leak_detected") == 1
    assert outcome.value("rack_device_state", part="active_flow_control") == "over"
    run = outcome.value("rack_component_runtime_seconds_total", component="air filter")
    assert run == 7200
