"""Panduit Eagle-i: values typed by hand from HAWK-I2-MIB."""

import pytest

from tests.drivers.harness import read_varbinds

INPUTS = "1.3.6.1.4.1.3711.24.1.1.1"


@pytest.mark.parametrize(("setting", "raw"), [(1, 200), (2, 680)])
async def test_the_type_of_an_input_and_the_scale_of_all(setting: int, raw: int) -> None:
    outcome = await read_varbinds(
        "panduit-eagle",
        {
            f"{INPUTS}.2.1.0": setting,
            f"{INPUTS}.2.2.1.3.1": "Top",
            f"{INPUTS}.2.2.1.6.1": 2,
            f"{INPUTS}.2.2.1.7.1": raw,
            f"{INPUTS}.2.2.1.6.2": 3,
            f"{INPUTS}.2.2.1.7.2": 353,
            f"{INPUTS}.2.2.1.6.3": 4,
            f"{INPUTS}.2.2.1.7.3": 999,
            f"{INPUTS}.3.1.1.7.4": 4,
            "1.3.6.1.4.1.3711.24.1.1.2.2.1.6.1": 1,
        },
    )

    assert outcome.value("rack_air_temperature_celsius", sensor="1", name="Top") == 20
    assert outcome.value("rack_relative_humidity_ratio", sensor="2") == 0.353
    assert not [r for r in outcome.readings if r.labels.get("sensor") == "3"]
    assert outcome.value("rack_sensor_state", port="4", quantity="contact") == "triggered"
    assert outcome.value("rack_sensor_state", port="1", quantity="output") == "on"
    assert outcome.failures == ()
