"""AVTECH Room Alert S: values typed by hand from ROOMALERT12S-MIB and ROOMALERT32S-MIB."""

from tests.drivers.harness import read_varbinds

R12 = "1.3.6.1.4.1.20916.1.12.1"
R32 = "1.3.6.1.4.1.20916.1.11.1"


async def test_the_same_place_is_another_thing_on_another_model() -> None:
    small = await read_varbinds(
        "avtech-roomalert",
        {f"{R12}.1.1.2.0": 2500, f"{R12}.1.2.1.0": 312, f"{R12}.1.3.1.0": 1, f"{R12}.3.2.0": 1},
    )
    large = await read_varbinds(
        "avtech-roomalert",
        {f"{R32}.1.1.2.0": 2080, f"{R32}.1.2.1.0": 2870, f"{R32}.1.3.1.0": 0, f"{R32}.1.6.2.0": 1},
    )

    assert small.value("rack_air_temperature_celsius", sensor="internal") == 25
    assert small.value("rack_sensor_voltage_volts", sensor="analogue 1") == 3.12
    assert small.value("rack_sensor_state", port="1", quantity="relay") == "on"
    assert small.value("rack_sensor_state", port="2", quantity="switch") == "closed"
    assert large.value("rack_relative_humidity_ratio", sensor="internal") == 0.287
    assert large.value("rack_device_state", part="power_source") == "battery"
    assert large.value("rack_sensor_state", port="2", quantity="relay") == "on"
    assert small.failures == large.failures == ()


async def test_the_third_value_is_a_humidity_only_of_a_hygrometer() -> None:
    rows: dict[str, int | str] = {
        f"{R32}.4.2.1.0": "Aisle",
        # a thermo-hygrometer with its heat index and dew point
        f"{R32}.2.1.1.0": 2250, f"{R32}.2.1.3.0": 3032, f"{R32}.2.1.4.0": 7100,
        f"{R32}.2.1.6.0": 410, f"{R32}.2.1.7.0": 3938,
        # a thermocouple, a power sensor, and an old hygrometer that gives three values
        f"{R32}.2.2.1.0": 2250, f"{R32}.2.2.3.0": 3500, f"{R32}.2.2.4.0": 9500,
        f"{R32}.2.3.3.0": 1,
        f"{R32}.2.4.1.0": -1513, f"{R32}.2.4.3.0": 2579,
    }  # fmt: skip
    outcome = await read_varbinds("avtech-roomalert", rows)

    humidity = "rack_relative_humidity_ratio"
    assert outcome.value(humidity, sensor="1", name="Aisle") == 0.3032
    assert outcome.value("rack_dew_point_celsius", sensor="1", name="Aisle") == 4.1
    assert outcome.value(humidity, sensor="3") is None
    assert outcome.value(humidity, sensor="4") == 0.2579
    assert len([r for r in outcome.readings if r.metric == humidity]) == 3
    assert outcome.value("rack_air_temperature_celsius", sensor="4") == -15.13
