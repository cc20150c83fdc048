"""Gude sensor boxes: values typed by hand from GUDEADS-ESB7213-MIB and GUDEADS-ESB7214-MIB."""

import pytest

from tests.drivers.harness import read_varbinds


@pytest.mark.parametrize("model", [66, 67])
async def test_tenths_of_degrees_and_whole_hectopascals(model: int) -> None:
    box = f"1.3.6.1.4.1.28507.{model}.1"
    outcome = await read_varbinds(
        "gude-esb",
        {
            f"{box}.6.1.1.2.1": -35,
            f"{box}.6.1.1.3.1": 532,
            f"{box}.6.1.1.5.1": 1011,
            f"{box}.6.1.1.6.1": 162,
            f"{box}.6.1.1.7.1": 103,
            f"{box}.6.1.1.32.1": "Rack 4",
            f"{box}.5.6.2.1.2.1": 1,
            f"{box}.5.10.0": 0,
            f"{box}.5.13.1.2.2": 1,
            f"{box}.3.1.2.1.3.1": 1,
        },
    )

    assert outcome.value("rack_air_temperature_celsius", sensor="1", name="Rack 4") == -3.5
    assert outcome.value("rack_relative_humidity_ratio", sensor="1", name="Rack 4") == 0.532
    assert outcome.value("rack_air_pressure_pascals", sensor="1", name="Rack 4") == 101_100
    assert outcome.value("rack_dew_point_celsius", sensor="1", name="Rack 4") == 16.2
    assert outcome.value("rack_dew_point_margin_kelvin", sensor="1", name="Rack 4") == 10.3
    assert outcome.value("rack_sensor_state", port="1", quantity="input") == "high"
    assert outcome.value("rack_device_state", part="power_over_ethernet") == "absent"
    assert outcome.value("rack_psu_state", psu="2") == "up"
    assert outcome.value("rack_outlet_state", outlet="1") == "on"
    assert outcome.failures == ()
