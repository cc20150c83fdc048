"""HW group STE and STE2: values typed by hand from STE-MIB and STE2-MIB."""

import pytest

from tests.drivers.harness import read_varbinds


@pytest.mark.parametrize("tree", ["1.3.6.1.4.1.21796.4.9", "1.3.6.1.4.1.21796.4.1"])
async def test_both_generations_read_alike(tree: str) -> None:
    rows: dict[str, int | str] = {}
    values = ((1, 1, 203), (1, 2, 680), (1, 4, 455), (0, 1, -9999), (4, 3, 2931))
    for row, (state, unit, value) in enumerate(values, 1):
        rows |= {f"{tree}.3.1.2.{row}": "", f"{tree}.3.1.3.{row}": state}
        rows |= {f"{tree}.3.1.5.{row}": value, f"{tree}.3.1.7.{row}": unit}
    rows |= {f"{tree}.1.1.2.1": 1, f"{tree}.1.1.4.1": 0}
    outcome = await read_varbinds("hwg-ste", rows)

    assert outcome.value("rack_air_temperature_celsius", sensor="1") == 20.3
    assert outcome.value("rack_air_temperature_celsius", sensor="2") == 20
    assert outcome.value("rack_relative_humidity_ratio", sensor="3") == 0.455
    assert outcome.value("rack_air_temperature_celsius", sensor="4") is None
    assert outcome.value("rack_air_temperature_celsius", sensor="5") == pytest.approx(19.95)
    assert outcome.value("rack_sensor_state", sensor="5", quantity="alarm") == "alarm_low"
    assert outcome.value("rack_sensor_state", port="1", quantity="contact") == "closed"
    assert outcome.value("rack_sensor_state", port="1", quantity="alarm") == "normal"
    assert outcome.failures == ()
