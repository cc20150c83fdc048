"""Sensatronics EM1: values typed by hand from SENSATRONICS-EM1."""

import pytest

from tests.drivers.harness import read_varbinds

EM1 = "1.3.6.1.4.1.16174.1.1.3"


@pytest.mark.parametrize(("scale", "text"), [("C", "20.0"), ("F", "68.0"), ("K", "293.15")])
async def test_the_scale_is_a_setting(scale: str, text: str) -> None:
    outcome = await read_varbinds(
        "sensatronics-em1",
        {
            f"{EM1}.2.3.1.0": scale,
            f"{EM1}.3.1.1.0": "Rack",
            f"{EM1}.3.1.3.0": text,
            f"{EM1}.3.1.6.0": "41.5",
            f"{EM1}.3.1.9.0": "-999.9",
            f"{EM1}.3.2.3.0": "-999.9",
            f"{EM1}.3.5.2.1.0": "Fan",
            f"{EM1}.3.5.2.2.0": 1,
            f"{EM1}.3.5.2.3.0": 1,
            f"{EM1}.3.5.3.2.0": 1,
            f"{EM1}.3.5.3.3.0": 0,
        },
    )

    metric = "rack_air_temperature_celsius"
    assert outcome.value(metric, sensor="1", name="Rack") == pytest.approx(20)
    assert outcome.value(metric, sensor="2") is None
    assert outcome.value("rack_relative_humidity_ratio", sensor="1", name="Rack") == 0.415
    assert outcome.value("rack_sensor_count_value", sensor="wetness 1", name="Rack") is None
    assert outcome.value("rack_outlet_state", outlet="2", name="Fan") == "on"
    assert not [r for r in outcome.readings if r.labels.get("outlet") == "3"]
    assert outcome.failures == ()
