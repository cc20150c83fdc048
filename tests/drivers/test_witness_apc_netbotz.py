"""NetBotz 5: values typed by hand from NetBotz50-MIB."""

from tests.drivers.harness import read_varbinds

NUMBERS = "1.3.6.1.4.1.52674.500.4.1"
STATES = "1.3.6.1.4.1.52674.500.4.2"


async def test_whole_degrees_whatever_the_column_in_tenths_says() -> None:
    outcome = await read_varbinds(
        "apc-netbotz",
        {
            "1.3.6.1.4.1.52674.500.100.0": 4,
            f"{NUMBERS}.1.1.2.77": 231,
            f"{NUMBERS}.1.1.3.77": 2,
            f"{NUMBERS}.1.1.4.77": "Door side",
            f"{NUMBERS}.1.1.8.77": 23,
            f"{NUMBERS}.1.1.3.78": 5,
            f"{NUMBERS}.1.1.8.78": 0,
            f"{NUMBERS}.2.1.8.80": 44,
            f"{NUMBERS}.5.1.8.81": 90,
            f"{NUMBERS}.12.1.9.82": "MILLIAMPS",
            f"{NUMBERS}.12.1.10.82": 12500,
        },
    )

    assert outcome.value("rack_device_state") == "critical"
    assert outcome.value("rack_air_temperature_celsius", sensor="77", name="Door side") == 23
    assert outcome.value("rack_air_temperature_celsius", sensor="78") is None
    assert outcome.value("rack_relative_humidity_ratio", sensor="80") == 0.44
    assert outcome.value("rack_air_velocity_meters_per_second", sensor="81") == 1.5
    assert outcome.value("rack_sensor_current_amperes", sensor="82") == 0.0125
    assert outcome.failures == ()


async def test_an_undefined_leak_sensor_is_neither_wet_nor_dry() -> None:
    outcome = await read_varbinds(
        "apc-netbotz",
        {
            f"{STATES}.13.1.2.1": 0,
            f"{STATES}.13.1.2.2": 1,
            f"{STATES}.13.1.2.3": -1,
            f"{STATES}.2.1.2.9": 0,
            f"{STATES}.12.1.2.10": 1,
        },
    )

    assert [outcome.value("rack_leak_detected", sensor=n) for n in "123"] == [0, 1, None]
    assert outcome.value("rack_leak_state", sensor="3") == "undefined"
    assert outcome.value("rack_sensor_state", sensor="9", quantity="door") == "open"
    assert outcome.value("rack_sensor_state", sensor="10", quantity="smoke") == "smoke_detected"
