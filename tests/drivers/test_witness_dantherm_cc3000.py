"""Dantherm CC3000: values typed by hand from DANTHERM-COOLING-MIB."""

from tests.drivers.harness import read_varbinds

BASE = "1.3.6.1.4.1.46651.1.1"


async def test_degrees_are_whole_and_atmosphere_is_kilopascal() -> None:
    outcome = await read_varbinds(
        "dantherm-cc3000",
        {
            f"{BASE}.2.0": 24,
            f"{BASE}.4.0": -5,
            f"{BASE}.8.0": 1450,
            f"{BASE}.10.0": 37,
            f"{BASE}.12.0": 80,
            f"{BASE}.14.0": 41,
            f"{BASE}.16.0": 101,
            f"{BASE}.17.0": 55,
            f"{BASE}.29.0": 28,
            f"{BASE}.33.0": 53,
            f"{BASE}.36.0": 10,
        },
    )

    assert outcome.value("rack_air_temperature_celsius", side="room") == 24
    assert outcome.value("rack_air_temperature_celsius", side="outdoor", sensor="1") == -5
    assert outcome.value("rack_fan_speed_rpm", fan="1") == 1450
    assert outcome.value("rack_fan_duty_ratio", fan="1") == 0.37
    assert outcome.value("rack_valve_position_ratio", valve="damper 1", loop="air") == 0.8
    assert outcome.value("rack_relative_humidity_ratio") == 0.41
    # 101 is a pressure here, not the mark of a missing temperature sensor
    assert outcome.value("rack_air_pressure_pascals", sensor="atmosphere") == 101000
    assert outcome.value("rack_air_pressure_pascals", sensor="filter") == 55
    assert outcome.value("rack_air_temperature_setpoint_celsius", zone="1") == 28
    assert outcome.value("rack_psu_input_voltage_volts") == 53
    run = outcome.value("rack_component_runtime_seconds_total", component="fan 1")
    assert run == 36000
    assert outcome.failures == ()


async def test_both_ends_of_the_range_are_a_sensor_that_is_not_there() -> None:
    outcome = await read_varbinds("dantherm-cc3000", {f"{BASE}.3.0": -41, f"{BASE}.5.0": 101})

    assert outcome.value("rack_air_temperature_celsius", side="hot_spot") is None
    assert outcome.value("rack_air_temperature_celsius", side="outdoor", sensor="2") is None


async def test_states_and_the_negative_one() -> None:
    outcome = await read_varbinds(
        "dantherm-cc3000",
        {f"{BASE}.18.0": 2, f"{BASE}.20.0": 0, f"{BASE}.22.0": -1, f"{BASE}.25.0": 3},
    )

    assert outcome.value("rack_fan_state", fan="1") == "emergency_boost"
    assert outcome.value("rack_valve_state", valve="damper 1", loop="air") == "closed"
    assert outcome.value("rack_cooling_state", part="air conditioner 1") == "disabled"
    assert outcome.value("rack_cooling_state", part="zone 1") == "free_cooling"
